package sigma

import (
	"bytes"

	"aldebaran/event"
)

// Zeek calls things otherwise than the taxonomy's categories dns, firewall, proxy and network do, and
// SigmaHQ's rules for Zeek use both. The names of Zeek's JSON form, of its own form, and of rules:
// https://docs.zeek.org/en/current/script-reference/log-files.html

// zeekFields are the names under which rules for a log of Zeek look for its fields.
func zeekFields(service string) Mapping {
	switch service {
	case "dns":
		return zeekDNS
	case "http":
		return zeekHTTP
	}
	return zeekConn
}

// endpoints are the two sides of a connection, as nearly every log of Zeek has them.
var endpoints = ownFirst(Mapping{
	"src_ip":           {From: []string{"id.orig_h"}},
	"src_port":         {From: []string{"id.orig_p"}},
	"dst_ip":           {From: []string{"id.resp_h"}},
	"dst_port":         {From: []string{"id.resp_p"}},
	"source.ip":        {From: []string{"id.orig_h"}},
	"source.port":      {From: []string{"id.orig_p"}},
	"destination.ip":   {From: []string{"id.resp_h"}},
	"destination.port": {From: []string{"id.resp_p"}},
	"SourceIp":         {From: []string{"id.orig_h"}},
	"SourcePort":       {From: []string{"id.orig_p"}},
	"DestinationIp":    {From: []string{"id.resp_h"}},
	"DestinationPort":  {From: []string{"id.resp_p"}},

	"network.transport":    {From: []string{"proto"}},
	"network.community_id": {From: []string{"community_id"}},
	"source.mac":           {From: []string{"orig_l2_addr"}},
	"destination.mac":      {From: []string{"resp_l2_addr"}},
})

// ownFirst is a mapping for events that may have a field of the very name, of a package or a
// collector: then it is that.
func ownFirst(m Mapping) Mapping {
	for name, d := range m {
		d.OwnFirst = true
		m[name] = d
	}
	return m
}

// zeekConn are the fields of connections.
var zeekConn = endpoints.with(ownFirst(Mapping{
	"protocol":            {From: []string{"proto"}},
	"Protocol":            {From: []string{"proto"}},
	"action":              {From: []string{"conn_state"}, Make: zeekAction},
	"blocked":             {From: []string{"conn_state"}, Make: zeekBlocked},
	"event.duration":      {From: []string{"duration"}},
	"network.protocol":    {From: []string{"service"}},
	"network.state":       {From: []string{"conn_state"}},
	"network.history":     {From: []string{"history"}},
	"source.packets":      {From: []string{"orig_pkts"}},
	"destination.packets": {From: []string{"resp_pkts"}},
	"source.bytes":        {From: []string{"orig_bytes"}},
	"destination.bytes":   {From: []string{"resp_bytes"}},
}))

// zeekPassed tells whether both sides of a connection were seen to speak, so that no firewall stood
// between them, or that one refused; ok is false if neither is known. The states:
// https://docs.zeek.org/en/current/scripts/base/protocols/conn/main.zeek.html
func zeekPassed(e *event.Event) (passed, ok bool) {
	v, _ := e.Get("conn_state")
	switch string(v.Raw) {
	case "SF", "S1", "S2", "S3", "RSTO", "RSTR":
		return true, true
	case "REJ":
		return false, true
	}
	return false, false
}

// zeekAction is what a firewall's log would say.
func zeekAction(dst []byte, e *event.Event) ([]byte, bool) {
	passed, ok := zeekPassed(e)
	switch {
	case !ok:
		return dst, false
	case passed:
		return append(dst, "accept"...), true
	}
	return append(dst, "denied"...), true
}

func zeekBlocked(dst []byte, e *event.Event) ([]byte, bool) {
	passed, ok := zeekPassed(e)
	switch {
	case !ok:
		return dst, false
	case passed:
		return append(dst, "false"...), true
	}
	return append(dst, "true"...), true
}

// zeekDNS are the fields of queries for names.
var zeekDNS = endpoints.with(ownFirst(Mapping{
	"record_type":         {From: []string{"qtype_name"}},
	"answer":              {From: []string{"answers"}},
	"response":            {From: []string{"rcode_name"}},
	"QueryName":           {From: []string{"query"}},
	"dns.id":              {From: []string{"trans_id"}},
	"dns.question.name":   {From: []string{"query"}},
	"dns_question_name":   {From: []string{"query"}},
	"dns.question.type":   {From: []string{"qtype_name"}},
	"dns.question.class":  {From: []string{"qclass_name"}},
	"dns.answers.data":    {From: []string{"answers"}},
	"dns.answers.ttl":     {From: []string{"TTLs"}},
	"dns.response.code":   {From: []string{"rcode_name"}},
	"dns.header.flags":    {From: []string{"AA", "TC", "RD", "RA"}, Make: zeekFlags},
	"network.protocol":    {From: []string{"proto"}},
	"query_length":        {From: []string{"query"}, Make: textLength("query")},
	"query_etld_plus_one": {From: []string{"query"}, Make: lastLabels("query")},
	"parent_domain":       {From: []string{"query"}, Make: lastLabels("query")},
}))

// zeekFlags are the flags of a message as dig writes them.
func zeekFlags(dst []byte, e *event.Event) ([]byte, bool) {
	start := len(dst)
	for _, name := range [...]string{"AA", "TC", "RD", "RA"} {
		v, ok := e.Get(name)
		if !ok || len(v.Raw) == 0 || v.Raw[0] != 't' && v.Raw[0] != 'T' {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = append(dst, name...)
	}
	return dst, len(dst) > start
}

// textLength is the number of bytes of a field's text.
func textLength(name string) func([]byte, *event.Event) ([]byte, bool) {
	return func(dst []byte, e *event.Event) ([]byte, bool) {
		text, ok := appendField(dst, e, name)
		if !ok {
			return dst, false
		}
		return appendDecimal(text[:len(dst)], len(text)-len(dst)), true
	}
}

func appendDecimal(dst []byte, n int) []byte {
	var digits [20]byte
	at := len(digits)
	for {
		at--
		digits[at] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return append(dst, digits[at:]...)
		}
	}
}

// lastLabels is the domain that somebody registered, by a short rule instead of the list of public
// suffixes: the last two labels, or three if the last is a country's and the one before it short
// (co.uk, com.au).
func lastLabels(name string) func([]byte, *event.Event) ([]byte, bool) {
	return func(dst []byte, e *event.Event) ([]byte, bool) {
		text, ok := appendField(dst, e, name)
		if !ok {
			return dst, false
		}
		domain := bytes.TrimSuffix(text[len(dst):], []byte{'.'})
		last := bytes.LastIndexByte(domain, '.')
		if last < 0 {
			return text[:len(dst)+len(domain)], true
		}
		second := bytes.LastIndexByte(domain[:last], '.')
		if second >= 0 && len(domain)-last-1 == 2 && last-second-1 <= 3 {
			second = bytes.LastIndexByte(domain[:second], '.')
		}
		n := copy(text[len(dst):], domain[second+1:])
		return text[:len(dst)+n], true
	}
}

// zeekHTTP are the fields of requests to web servers and through proxies.
var zeekHTTP = endpoints.with(ownFirst(Mapping{
	"": {Also: []Derivation{decoded(ownField("uri"), 1), decoded(ownField("uri"), 2)}}, // keywords
	"c-uri": {From: zeekURLFields, Make: zeekURL, Also: []Derivation{
		{From: []string{"uri"}}, decoded(zeekURLText, 1), decoded(zeekURLText, 2),
	}},
	"cs-uri":          {From: []string{"uri"}, Also: []Derivation{decoded(ownField("uri"), 1), decoded(ownField("uri"), 2)}},
	"cs-uri-query":    {From: []string{"uri"}, Also: []Derivation{decoded(ownField("uri"), 1), decoded(ownField("uri"), 2)}},
	"c-uri-query":     {From: []string{"uri"}, Make: zeekQuery},
	"cs-uri-stem":     {From: []string{"uri"}, Make: zeekStem},
	"c-uri-stem":      {From: []string{"uri"}, Make: zeekStem},
	"c-uri-extension": {From: []string{"uri"}, Make: zeekExtension},
	"c-useragent":     {From: []string{"user_agent"}},
	"cs-user-agent":   {From: []string{"user_agent"}},
	"cs-method":       {From: []string{"method"}},
	"http.method":     {From: []string{"method"}},
	"cs-host":         {From: []string{"host"}},
	"r-dns":           {From: []string{"host"}},
	"cs-referer":      {From: []string{"referrer"}},
	"cs-referrer":     {From: []string{"referrer"}},
	"cs-version":      {From: []string{"version"}},
	"cs-username":     {From: []string{"username"}},
	"cs-cookie":       {From: []string{"cookie"}, Also: []Derivation{{From: []string{"cookie_vars"}}}},
	"cs-bytes":        {From: []string{"request_body_len"}},
	"sc-bytes":        {From: []string{"response_body_len"}},
	"sc-status":       {From: []string{"status_code"}},
	"http.bodyMagic":  {From: []string{"resp_mime_types"}, Also: []Derivation{{From: []string{"orig_mime_types"}}}},
}))

var zeekURLFields = []string{"host", "uri"}

var zeekURLText = webText{zeekURLFields, zeekURL}

// zeekURL is the whole address of a request: what Zeek sees is not encrypted, so it is http.
func zeekURL(dst []byte, e *event.Event) ([]byte, bool) {
	uri, ok := e.Get("uri")
	if !ok || uri.IsNull() {
		return dst, false
	}
	if !bytes.Contains(uri.Raw[:min(len(uri.Raw), len("https://"))], []byte("://")) {
		if host, ok := appendField(append(dst, "http://"...), e, "host"); ok {
			return uri.AppendText(host), true
		}
	}
	return uri.AppendText(dst), true
}

// zeekStem is the path of a request, zeekQuery what stands behind the question mark.
func zeekStem(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := appendField(dst, e, "uri")
	if !ok {
		return dst, false
	}
	path, _, _ := bytes.Cut(text[len(dst):], []byte{'?'})
	return text[:len(dst)+len(path)], true
}

func zeekQuery(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := appendField(dst, e, "uri")
	if !ok {
		return dst, false
	}
	_, query, ok := bytes.Cut(text[len(dst):], []byte{'?'})
	if !ok {
		return dst, false
	}
	n := copy(text[len(dst):], query)
	return text[:len(dst)+n], true
}

func zeekExtension(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := zeekStem(dst, e)
	if !ok {
		return dst, false
	}
	path := text[len(dst):]
	path = path[bytes.LastIndexByte(path, '/')+1:]
	dot := bytes.LastIndexByte(path, '.')
	if dot < 0 {
		return dst, false
	}
	n := copy(text[len(dst):], path[dot+1:])
	return text[:len(dst)+n], true
}

// dnsFields are the names of the taxonomy's network/dns in logs of name servers, whose readers give
// the names of category dns.
var dnsFields = ownFirst(Mapping{
	"source.ip":           {From: []string{"src_ip"}},
	"source.port":         {From: []string{"src_port"}},
	"destination.ip":      {From: []string{"dst_ip"}},
	"destination.port":    {From: []string{"dst_port"}},
	"dns.id":              {From: []string{"transaction_id"}},
	"dns.question.name":   {From: []string{"query"}},
	"dns_question_name":   {From: []string{"query"}},
	"dns.question.type":   {From: []string{"record_type"}},
	"dns.question.class":  {From: []string{"query_class"}},
	"dns.answers.data":    {From: []string{"answer"}},
	"dns.header.flags":    {From: []string{"flags"}},
	"dns.response.code":   {From: []string{"response"}},
	"query_length":        {From: []string{"query"}, Make: textLength("query")},
	"query_etld_plus_one": {From: []string{"query"}, Make: lastLabels("query")},
	"parent_domain":       {From: []string{"query"}, Make: lastLabels("query")},
})

// firewallFields are the names of the taxonomy's network/connection in logs of firewalls.
var firewallFields = ownFirst(Mapping{
	"source.ip":         {From: []string{"src_ip"}},
	"source.port":       {From: []string{"src_port"}},
	"destination.ip":    {From: []string{"dst_ip"}},
	"destination.port":  {From: []string{"dst_port"}},
	"network.transport": {From: []string{"protocol"}},
})
