package sigma_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// refWebFields are the fields of requests to web servers and proxies as the reference makes them:
// docs/formats/web.md says the same in words. It shares nothing with the engine's table.
func refWebFields() map[string]refDerive {
	own := func(names ...string) refDerive {
		return func(e *refEvent) (elements []refElement, present bool) {
			for _, n := range names {
				more, ok := e.own(n)
				elements, present = append(elements, more...), present || ok
			}
			return elements, present
		}
	}
	also := func(first refDerive, more ...func(*refEvent) []string) refDerive {
		return func(e *refEvent) ([]refElement, bool) {
			elements, present := first(e)
			elements = slices.Clip(elements)
			for _, f := range more {
				for _, text := range f(e) {
					elements, present = append(elements, refElement{text: text}), true
				}
			}
			return elements, present
		}
	}
	none := func(*refEvent) ([]refElement, bool) { return nil, false }
	text := func(name string) func(*refEvent) []string {
		return func(e *refEvent) []string {
			if !e.has(name) {
				return nil
			}
			return []string{e.text(name)}
		}
	}
	request := func(e *refEvent) []string {
		if !e.has("cs-uri-stem") {
			return text("cs-uri")(e)
		}
		if e.has("cs-uri-query") {
			return []string{e.text("cs-uri-stem") + "?" + e.text("cs-uri-query")}
		}
		return []string{e.text("cs-uri-stem")}
	}
	address := func(e *refEvent) []string {
		switch {
		case e.has("c-uri"):
			return text("c-uri")(e)
		case strings.Contains(e.text("cs-uri"), "://"):
			return text("cs-uri")(e)
		}
		host := ""
		if e.has("cs-host") {
			host = e.text("cs-host")
			if e.has("cs-uri-scheme") {
				host = e.text("cs-uri-scheme") + "://" + host
			}
			if e.text("cs-uri-stem") == host && host != "" {
				return []string{host}
			}
		}
		var all []string
		for _, r := range request(e) {
			all = append(all, host+r)
		}
		return all
	}
	decoded := func(of func(*refEvent) []string, upTo int) func(*refEvent) []string {
		return func(e *refEvent) (all []string) {
			for _, s := range of(e) {
				for i := range upTo {
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
	}
	plus := func(name string) func(*refEvent) []string {
		return func(e *refEvent) []string {
			if s := e.text(name); strings.Contains(s, "+") && e.has(name) {
				return []string{strings.ReplaceAll(s, "+", " ")}
			}
			return nil
		}
	}
	agent := also(own("cs-user-agent"), plus("cs-user-agent"))
	referer := also(own("cs-referer"), decoded(text("cs-referer"), 1))
	cookie := also(own("cs-cookie"), decoded(text("cs-cookie"), 1))
	return map[string]refDerive{
		"":                also(none, request, decoded(request, 2)),
		"cs-uri-query":    also(own("cs-uri-query"), request, decoded(request, 2), decoded(text("cs-uri-query"), 2)),
		"cs-uri-stem":     also(own("cs-uri-stem"), decoded(text("cs-uri-stem"), 2)),
		"cs-uri":          also(own("cs-uri"), request, decoded(request, 2)),
		"c-uri":           also(none, address, decoded(address, 2)),
		"c-uri-query":     also(own("c-uri-query"), request, decoded(request, 2)),
		"c-uri-stem":      own("c-uri-stem", "cs-uri-stem"),
		"c-uri-extension": also(none, refExtension),
		"cs-user-agent":   agent, "cs(User-Agent)": agent,
		"c-useragent": also(own("c-useragent", "cs-user-agent"), plus("cs-user-agent")),
		"cs-referer":  referer, "cs-referrer": referer, "cs(Referer)": referer,
		"cs-cookie": cookie, "cs(Cookie)": cookie,
		"cs-host": own("cs-host", "r-dns", "r-host"), "cs(Host)": own("cs-host", "r-dns", "r-host"),
		"r-dns":  own("r-dns", "cs-host", "r-host"),
		"dst_ip": own("dst_ip", "r-ip"),
		"src_ip": own("src_ip", "c-ip"),
	}
}

func refExtension(e *refEvent) []string {
	for _, name := range []string{"c-uri-extension", "cs-uri-extension"} {
		if e.has(name) {
			return []string{e.text(name)}
		}
	}
	for _, name := range []string{"cs-uri-stem", "cs-uri"} {
		if e.has(name) {
			if m := regexp.MustCompile(`^[^?]*\.([^./?]*)(?:\?|$)`).FindStringSubmatch(strings.ReplaceAll(e.text(name), "\n", " ")); m != nil {
				return []string{m[1]}
			}
			return nil
		}
	}
	return nil
}

var refURLCode = regexp.MustCompile(`(?i)%c[01]%[89ab][0-9a-f]|%u[0-9a-f]{4}|%[0-9a-f]{2}|\+`)

func refDecodeURL(s string, plus bool) string {
	return refURLCode.ReplaceAllStringFunc(s, func(code string) string {
		number := func(hex string) int64 {
			n, err := strconv.ParseInt(hex, 16, 32)
			if err != nil {
				panic(err) // the expression lets only digits through
			}
			return n
		}
		switch {
		case code == "+" && plus:
			return " "
		case code == "+":
			return code
		case len(code) == 6 && code[1]|0x20 == 'u':
			return string(rune(number(code[2:])))
		case len(code) == 6:
			return string([]byte{byte(number(code[1:3])<<6 | number(code[4:])&0x3f)})
		}
		return string([]byte{byte(number(code[1:]))})
	})
}
