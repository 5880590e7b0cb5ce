package sigma_test

import (
	"strconv"
	"strings"
)

// refNetworkRoutes gives the events that were seen on the wire, and the logs of name servers and
// firewalls, which serve a log source beside those labelled with it: docs/formats/zeek.md says the
// same in words.
func refNetworkRoutes(ls refLogsource) []refRoute {
	if ls.product != "" && ls.product != "zeek" {
		return nil
	}
	zeek := func(service string) refRoute {
		return refRoute{name: "zeek " + service, product: "zeek", service: service, fields: refZeekFields(service)}
	}
	labelled := func(category string) refRoute {
		return refRoute{name: category, category: category, fields: refNetworkFields(category)}
	}
	var routes []refRoute
	switch ls.category + "/" + ls.service {
	case "dns/", "network/dns":
		routes = append(routes, zeek("dns"))
	case "firewall/", "network_connection/", "network/connection":
		routes = append(routes, zeek("conn"))
	case "proxy/":
		routes = append(routes, zeek("http"))
	case "network/":
		routes = append(routes, zeek("conn"), zeek("dns"), zeek("http"))
	}
	if ls.product == "" && ls.category == "network" {
		if ls.service != "connection" {
			routes = append(routes, labelled("dns"))
		}
		if ls.service != "dns" {
			routes = append(routes, labelled("firewall"))
		}
	}
	return routes
}

// refRenamed are fields that go by other names: "rule's=event's".
func refRenamed(pairs string) map[string]refDerive {
	fields := map[string]refDerive{}
	for pair := range strings.FieldsSeq(pairs) {
		name, have, _ := strings.Cut(pair, "=")
		fields[name] = refFrom(name, have)
	}
	return fields
}

// refNetworkFields are those of events labelled with a category.
func refNetworkFields(category string) map[string]refDerive {
	if category == "firewall" {
		return refRenamed("source.ip=src_ip source.port=src_port destination.ip=dst_ip destination.port=dst_port network.transport=protocol")
	}
	fields := refRenamed("source.ip=src_ip source.port=src_port destination.ip=dst_ip destination.port=dst_port dns.id=transaction_id " +
		"dns.question.name=query dns_question_name=query dns.question.type=record_type dns.question.class=query_class " +
		"dns.answers.data=answer dns.header.flags=flags dns.response.code=response")
	refQueryFields(fields)
	return fields
}

// refQueryFields adds what is counted and cut out of a name.
func refQueryFields(fields map[string]refDerive) {
	fields["query_length"] = refOwnOr("query_length", func(e *refEvent) []string {
		if !e.has("query") {
			return nil
		}
		return []string{strconv.Itoa(len(e.text("query")))}
	})
	for _, name := range []string{"query_etld_plus_one", "parent_domain"} {
		fields[name] = refOwnOr(name, func(e *refEvent) []string {
			if !e.has("query") {
				return nil
			}
			labels := strings.Split(strings.TrimSuffix(e.text("query"), "."), ".")
			n := len(labels)
			keep := 2
			if n > 2 && len(labels[n-1]) == 2 && len(labels[n-2]) <= 3 {
				keep = 3
			}
			return []string{strings.Join(labels[max(0, n-keep):], ".")}
		})
	}
}

// refOwnOr is a field's own values, or else those texts.
func refOwnOr(name string, texts func(*refEvent) []string) refDerive {
	return func(e *refEvent) (elements []refElement, present bool) {
		if own, ok := e.own(name); ok {
			return own, true
		}
		for _, text := range texts(e) {
			elements, present = append(elements, refElement{text: text}), true
		}
		return elements, present
	}
}

func refZeekFields(service string) map[string]refDerive {
	const endpoints = "src_ip=id.orig_h src_port=id.orig_p dst_ip=id.resp_h dst_port=id.resp_p " +
		"source.ip=id.orig_h source.port=id.orig_p destination.ip=id.resp_h destination.port=id.resp_p " +
		"SourceIp=id.orig_h SourcePort=id.orig_p DestinationIp=id.resp_h DestinationPort=id.resp_p " +
		"network.community_id=community_id source.mac=orig_l2_addr destination.mac=resp_l2_addr "
	switch service {
	case "dns":
		fields := refRenamed(endpoints + "record_type=qtype_name answer=answers response=rcode_name QueryName=query dns.id=trans_id dns.question.name=query " +
			"dns_question_name=query dns.question.type=qtype_name dns.question.class=qclass_name dns.answers.data=answers dns.answers.ttl=TTLs " +
			"dns.response.code=rcode_name network.protocol=proto network.transport=proto")
		refQueryFields(fields)
		fields["dns.header.flags"] = refOwnOr("dns.header.flags", func(e *refEvent) []string {
			var set []string
			for _, flag := range []string{"AA", "TC", "RD", "RA"} {
				if v := e.text(flag); strings.HasPrefix(v, "t") || strings.HasPrefix(v, "T") {
					set = append(set, flag)
				}
			}
			if len(set) == 0 {
				return nil
			}
			return []string{strings.Join(set, " ")}
		})
		return fields
	case "http":
		fields := refRenamed(endpoints + "c-useragent=user_agent cs-user-agent=user_agent cs-method=method http.method=method cs-host=host r-dns=host " +
			"cs-referer=referrer cs-referrer=referrer cs-version=version cs-username=username cs-bytes=request_body_len " +
			"sc-bytes=response_body_len sc-status=status_code network.transport=proto")
		refZeekRequest(fields)
		for name, have := range map[string][2]string{"cs-cookie": {"cookie", "cookie_vars"}, "http.bodyMagic": {"resp_mime_types", "orig_mime_types"}} {
			fields[name] = func(e *refEvent) ([]refElement, bool) {
				if own, ok := e.own(name); ok {
					return own, true
				}
				first, a := e.own(have[0])
				second, b := e.own(have[1])
				return append(first[:len(first):len(first)], second...), a || b
			}
		}
		return fields
	}
	fields := refRenamed(endpoints + "protocol=proto Protocol=proto event.duration=duration network.protocol=service network.state=conn_state " +
		"network.history=history source.packets=orig_pkts destination.packets=resp_pkts source.bytes=orig_bytes destination.bytes=resp_bytes network.transport=proto")
	for name, words := range map[string][2]string{"action": {"accept", "denied"}, "blocked": {"false", "true"}} {
		fields[name] = refOwnOr(name, func(e *refEvent) []string {
			switch e.text("conn_state") {
			case "SF", "S1", "S2", "S3", "RSTO", "RSTR":
				return words[:1]
			case "REJ":
				return words[1:]
			}
			return nil
		})
	}
	return fields
}

// refZeekRequest adds what is made of host and uri.
func refZeekRequest(fields map[string]refDerive) {
	decoded := func(texts []string) []string {
		all := texts
		for _, s := range texts {
			for i := range 2 {
				next := refDecodeURL(s, i == 0)
				if next == s {
					break
				}
				all = append(all, next)
				s = next
			}
		}
		return all
	}
	uri := func(e *refEvent) []string {
		if !e.has("uri") {
			return nil
		}
		return []string{e.text("uri")}
	}
	fields["c-uri"] = refOwnOr("c-uri", func(e *refEvent) []string {
		all := uri(e)
		if all == nil {
			return nil
		}
		whole := all[0]
		if i := strings.Index(whole, "://"); e.has("host") && (i < 0 || i > len("https")) {
			whole = "http://" + e.text("host") + whole
		}
		return append(decoded([]string{whole}), all...)
	})
	fields[""] = func(e *refEvent) (elements []refElement, present bool) { // keywords
		for _, text := range decoded(uri(e)) {
			elements = append(elements, refElement{text: text})
		}
		return elements, len(elements) > 0
	}
	for _, name := range []string{"cs-uri", "cs-uri-query"} {
		fields[name] = func(e *refEvent) ([]refElement, bool) {
			if own, ok := e.own(name); ok {
				return own, true
			}
			elements, present := e.own("uri")
			elements = elements[:len(elements):len(elements)]
			for _, text := range decoded(uri(e)) {
				elements = append(elements, refElement{text: text})
			}
			return elements, present
		}
	}
	cut := func(name string, f func(path, query string, has bool) (string, bool)) {
		fields[name] = refOwnOr(name, func(e *refEvent) []string {
			for _, u := range uri(e) {
				if s, ok := f(refCut(u)); ok {
					return []string{s}
				}
			}
			return nil
		})
	}
	stem := func(path, _ string, _ bool) (string, bool) { return path, true }
	cut("cs-uri-stem", stem)
	cut("c-uri-stem", stem)
	cut("c-uri-query", func(_, query string, has bool) (string, bool) { return query, has })
	cut("c-uri-extension", func(path, _ string, _ bool) (string, bool) {
		last := path[strings.LastIndex(path, "/")+1:]
		i := strings.LastIndex(last, ".")
		return last[i+1:], i >= 0
	})
}

func refCut(uri string) (path, query string, has bool) { return strings.Cut(uri, "?") }
