package sigma

import "slices"

// zeekServices are logs of Zeek that SigmaHQ has no rules for (those that it has are among the
// labelled): https://docs.zeek.org/en/current/script-reference/log-files.html
var zeekServices = [...]string{
	"analyzer", "bacnet", "capture_loss", "conn", "dhcp", "dnp3", "dpd", "files", "ftp", "intel", "irc", "known_certs", "known_hosts",
	"known_services", "ldap", "ldap_search", "modbus", "mysql", "notice", "ntlm", "ntp", "ocsp", "pe", "postgresql", "quic", "radius",
	"reporter", "rfb", "signatures", "sip", "smb_cmd", "smb_mapping", "smtp", "snmp", "socks", "software", "ssh", "ssl", "syslog",
	"traceroute", "tunnel", "weird", "websocket",
}

// networkRoutes gives the routes by which what was seen on the wire, and what servers of names log,
// serves log sources beside those that are labelled with it; none if it is not about networks.
func networkRoutes(ls Logsource) []Route {
	if ls.Product != "" && ls.Product != "zeek" {
		return nil
	}
	var (
		dns     = Route{Product: "zeek", Service: "dns", Fields: zeekDNS, Name: "Zeek dns"}
		conn    = Route{Product: "zeek", Service: "conn", Fields: zeekConn, Name: "Zeek conn"}
		http    = Route{Product: "zeek", Service: "http", Fields: zeekHTTP, Name: "Zeek http"}
		names   = Route{Category: "dns", Fields: dnsFields, Name: "log of a name server"}
		blocked = Route{Category: "firewall", Fields: firewallFields, Name: "log of a firewall"}
	)
	switch (Logsource{Category: ls.Category, Service: ls.Service}) {
	case Logsource{Category: "dns"}:
		return []Route{dns}
	case Logsource{Category: "firewall"}:
		return []Route{conn}
	case Logsource{Category: "proxy"}:
		return []Route{http}
	case Logsource{Category: "network_connection"}:
		// No process and no host names are seen on the wire.
		conn.Weak = true
		return []Route{conn}
	case Logsource{Category: "network", Service: "connection"}:
		return ofProduct(ls.Product, conn, blocked)
	case Logsource{Category: "network", Service: "dns"}:
		return ofProduct(ls.Product, dns, names)
	case Logsource{Category: "network"}:
		return ofProduct(ls.Product, conn, dns, http, names, blocked)
	}
	if ls.Product == "zeek" && ls.Category == "" && slices.Contains(zeekServices[:], ls.Service) {
		return []Route{{Product: "zeek", Service: ls.Service, Fields: zeekFields(ls.Service), Name: "Zeek " + ls.Service}}
	}
	return nil
}

// ofProduct leaves out the routes that any product may take if a rule names one.
func ofProduct(product string, routes ...Route) []Route {
	return slices.DeleteFunc(routes, func(r Route) bool { return product != "" && r.Product != product })
}
