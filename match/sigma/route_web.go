package sigma

// labelFields are the names under which rules of a log source look for the fields of events that
// are labelled with it; nil if there are no others than the events' own.
func labelFields(ls Logsource) Mapping {
	if ls.Category == "webserver" || ls.Category == "proxy" {
		return webFields
	}
	if ls.Product == "zeek" {
		return zeekFields(ls.Service)
	}
	if ls.Category == "dns" {
		return dnsFields
	}
	if ls.Product == "linux" {
		return linuxFields(ls)
	}
	if isDatabase(ls) {
		return databaseFields
	}
	return cloudFields(ls)
}

// webRoutes gives the routes by which events of web servers serve a log source beside those that are
// labelled with it; none if it is not about web servers.
func webRoutes(ls Logsource) []Route {
	ls.Definition = ""
	switch ls {
	case Logsource{Category: "webserver"}:
		// A request that names a whole address is labelled as a proxy's by the readers of access logs.
		// It was sent to a web server all the same, and intruders may write any request so.
		return []Route{{Category: "proxy", Service: "access", Fields: webFields, Name: "webserver, asked as a proxy"}}
	case Logsource{Product: "windows", Category: "webserver", Service: "iis"}, Logsource{Product: "windows", Service: "iis"},
		Logsource{Product: "iis"}, Logsource{Product: "iis", Category: "webserver"}, Logsource{Service: "iis"}, Logsource{Category: "webserver", Service: "iis"}:
		return []Route{{Category: "webserver", Service: "iis", Fields: webFields, Name: "IIS"}}
	case Logsource{Product: "apache", Service: "access"}, Logsource{Product: "apache", Category: "webserver"},
		Logsource{Product: "nginx", Service: "access"}, Logsource{Product: "nginx", Category: "webserver"}:
		// An access log does not say which server wrote it.
		return []Route{{Category: "webserver", Service: "access", Fields: webFields, Name: "access log"}}
	case Logsource{Service: "apache"}, Logsource{Product: "apache"}:
		return []Route{{Product: "apache", Service: "error", Name: "Apache error log"}}
	case Logsource{Service: "nginx"}, Logsource{Product: "nginx"}, Logsource{Product: "nginx", Service: "error"}:
		return []Route{{Product: "nginx", Service: "error", Name: "nginx error log"}}
	}
	return nil
}
