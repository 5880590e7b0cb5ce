package sigma

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

// webEvent makes a request of names and values; a value of "-" is a null as the readers give it.
func webEvent(category string, fields ...string) *event.Event {
	e := &event.Event{Shape: &event.Shape{}, Category: category}
	for i := 0; i < len(fields); i += 2 {
		v := event.Value{Kind: event.Text, Raw: []byte(fields[i+1])}
		if fields[i+1] == "-" {
			v.Kind = event.Null
		}
		e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: fields[i]})
		e.Values = append(e.Values, v)
	}
	return e
}

// webValues gives all values that a rule of the category sees of a field, nulls as <null>.
func webValues(t *testing.T, category, field string, e *event.Event) (values []string) {
	t.Helper()
	routes, known := Routes(Logsource{Category: category})
	if !known || !fitsRoute(routes[0], e) {
		t.Fatalf("the event takes no route of %s", category)
	}
	elements, _, _ := view{e, &routes[0]}.look(field)
	for _, el := range elements {
		if el.null {
			el.text = "<null>"
		}
		values = append(values, el.text)
	}
	return values
}

func TestWebFields(t *testing.T) {
	iis := func(stem, query string) *event.Event {
		return webEvent("webserver", "cs-uri-stem", stem, "cs-uri-query", query, "cs-user-agent", "Mozilla/5.0+(X11)", "cs-referer", "-", "cs-username", "-")
	}
	for _, c := range []struct {
		name, category, field string
		e                     *event.Event
		want                  []string
	}{
		{"path and query", "webserver", "cs-uri-query", iis("/a.aspx", "b=c"), []string{"b=c", "/a.aspx?b=c"}},
		{"no query", "webserver", "cs-uri-query", iis("/a.aspx", "-"), []string{"<null>", "/a.aspx", "-"}},
		{"encoded", "webserver", "cs-uri-query", iis("/a", "b=%27+or"), []string{"b=%27+or", "/a?b=%27+or", "/a?b=' or", "b=' or"}},
		{"encoded twice", "webserver", "cs-uri-query", iis("/a", "b=%2527"),
			[]string{"b=%2527", "/a?b=%2527", "/a?b=%27", "/a?b='", "b=%27", "b='"}},
		{"an encoded path", "webserver", "cs-uri-query", iis("/%2e%2e/x", "-"), []string{"<null>", "/%2e%2e/x", "/../x", "-"}},
		{"an encoded path", "webserver", "cs-uri-stem", iis("/%252e./x", "-"), []string{"/%252e./x", "/%2e./x", "/../x"}},
		{"blanks of IIS", "webserver", "cs-uri-stem", iis("/a+b", "-"), []string{"/a+b", "/a b"}},
		{"user agent", "webserver", "cs-user-agent", iis("/", "-"), []string{"Mozilla/5.0+(X11)", "Mozilla/5.0 (X11)"}},
		{"user agent by its header", "webserver", "cs(User-Agent)", iis("/", "-"), []string{"Mozilla/5.0+(X11)", "Mozilla/5.0 (X11)"}},
		{"user agent as proxies call it", "webserver", "c-useragent", iis("/", "-"), []string{"Mozilla/5.0+(X11)", "Mozilla/5.0 (X11)"}},
		{"no referrer", "webserver", "cs-referer", iis("/", "-"), []string{"<null>", "-"}},
		{"no user", "webserver", "cs-username", iis("/", "-"), []string{"<null>", "-"}},
		{"no such column", "webserver", "cs-cookie", iis("/", "-"), nil},
		{"the whole", "webserver", "cs-uri", iis("/a", "b"), []string{"/a?b"}},
		{"only a URI", "webserver", "cs-uri-query", webEvent("webserver", "cs-uri", "/a?b=%41"), []string{"/a?b=%41", "/a?b=A"}},
		{"put together", "proxy", "c-uri", webEvent("proxy", "cs-uri-scheme", "http", "cs-host", "example.test", "cs-uri-stem", "/a", "cs-uri-query", "b"),
			[]string{"http://example.test/a?b"}},
		{"as the proxy logs it", "proxy", "c-uri", webEvent("proxy", "cs-host", "example.test", "cs-uri", "http://example.test/a%20b"),
			[]string{"http://example.test/a%20b", "http://example.test/a b"}},
		{"CONNECT", "proxy", "c-uri", webEvent("proxy", "cs-method", "CONNECT", "cs-host", "example.test", "cs-uri-stem", "example.test", "cs-uri-query", "-"), []string{"example.test"}},
		{"extension", "proxy", "c-uri-extension", webEvent("proxy", "cs-uri-stem", "/a.b/c.tar.GZ", "cs-uri-query", "x.y"), []string{"GZ"}},
		{"no extension", "proxy", "c-uri-extension", webEvent("proxy", "cs-uri-stem", "/a.b/c", "cs-uri-query", "x.y"), nil},
		{"its own extension", "proxy", "c-uri-extension", webEvent("proxy", "cs-uri-extension", "exe", "cs-uri-stem", "/a.b"), []string{"exe"}},
		{"host", "proxy", "cs-host", webEvent("proxy", "r-host", "example.test"), []string{"example.test"}},
		{"domain", "proxy", "r-dns", webEvent("proxy", "cs-host", "example.test"), []string{"example.test"}},
	} {
		if diff := cmp.Diff(c.want, webValues(t, c.category, c.field, c.e)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", c.name, c.field, diff)
		}
	}
}

func TestDecodeURL(t *testing.T) {
	for in, want := range map[string]string{
		"%41%7a": "Az", "a+b": "a b", "%2B": "+", "%": "%", "%4": "%4", "%4g": "%4g", "%%41": "%A", "a%": "a%", "%u0041": "A", "%u00e9x": "éx",
		"%u004": "%u004", "%uzzzz": "%uzzzz", "%c0%af": "/", "%c0%ae%c1%9c": `.\`, "%c3%a9": "é", "%c0": "\xc0", "%u20ac%U20AC": "€€", "%ud800": "\ufffd", "": "",
	} {
		b := []byte(in)
		n, changed := decodeURL(b, true)
		if got := string(b[:n]); got != want || changed != (in != want) {
			t.Errorf("decodeURL(%q) = %q, %v; want %q", in, got, changed, want)
		}
	}
}

// FuzzDecodeURL: it never grows, what it does not change is left as it was, and where the text is
// well-formed it says what net/url says.
func FuzzDecodeURL(f *testing.F) {
	f.Add("a%20b+%u0041%c0%af%")
	f.Fuzz(func(t *testing.T, s string) {
		b := []byte(s)
		n, changed := decodeURL(b, true)
		got := string(b[:n])
		if n > len(s) || !changed && got != s {
			t.Fatalf("decodeURL(%q) = %q, %v", s, got, changed)
		}
		low := strings.ToLower(s)
		if want, err := url.QueryUnescape(s); err == nil && !strings.Contains(low, "%c0") && !strings.Contains(low, "%c1") && got != want {
			t.Fatalf("decodeURL(%q) = %q, want %q", s, got, want)
		}
	})
}

// TestWebDerivationsAreClean: what dst held stays, nothing is left where there is no value, and with
// room behind dst nothing is allocated.
func TestWebDerivationsAreClean(t *testing.T) {
	events := []*event.Event{
		webEvent("webserver"),
		webEvent("webserver", "cs-uri-stem", "/%2541", "cs-uri-query", "+%2541", "cs-user-agent", "a+b", "cs-referer", "%41", "cs-cookie", "-", "cs-username", "-", "cs-uri-scheme", "http", "cs-host", "h"),
		webEvent("webserver", "cs-uri", "%", "c-uri", "%zz", "cs-user-agent", "-"),
	}
	buf := make([]byte, 0, 4096)
	for name, first := range webFields {
		for i, d := range append([]Derivation{first}, first.Also...) {
			if d.Make == nil {
				continue
			}
			for _, e := range events {
				long, ok := d.Make([]byte("before"), e)
				rest, kept := bytes.CutPrefix(long, []byte("before"))
				if !kept || !ok && len(rest) > 0 {
					t.Errorf("%s %d: %q, %v", name, i, long, ok)
				}
				if n := testing.AllocsPerRun(3, func() { d.Make(buf, e) }); n > 0 {
					t.Errorf("%s %d: %v allocations", name, i, n)
				}
			}
		}
	}
}

func TestWebRoutes(t *testing.T) {
	takes := func(ls Logsource, e *event.Event, want bool) {
		t.Helper()
		routes, known := Routes(ls)
		if got := known && slices.ContainsFunc(routes, func(r Route) bool { return fitsRoute(r, e) }); got != want {
			t.Errorf("%+v takes %s/%s/%s: %v, want %v", ls, e.Product, e.Category, e.Service, got, want)
		}
	}
	labelled := func(product, category, service string) *event.Event {
		return &event.Event{Shape: &event.Shape{}, Product: product, Category: category, Service: service}
	}
	iis, access, proxied, proxy := labelled("", "webserver", "iis"), labelled("", "webserver", "access"), labelled("", "proxy", "access"), labelled("", "proxy", "")
	web, proxies := Logsource{Category: "webserver"}, Logsource{Category: "proxy"}
	for _, e := range []*event.Event{iis, access, proxied} {
		takes(web, e, true)
	}
	takes(web, proxy, false)
	takes(proxies, proxied, true)
	takes(proxies, proxy, true)
	takes(proxies, iis, false)
	for _, ls := range []Logsource{{Product: "windows", Category: "webserver", Service: "iis"}, {Product: "iis"}, {Service: "iis"}} {
		takes(ls, iis, true)
		takes(ls, access, false)
	}
	takes(Logsource{Product: "nginx", Service: "access"}, access, true)
	takes(Logsource{Product: "apache", Category: "webserver"}, iis, false)
	apache, nginx := labelled("apache", "", "error"), labelled("nginx", "", "error")
	takes(Logsource{Service: "apache"}, apache, true)
	takes(Logsource{Product: "apache", Service: "error"}, apache, true)
	takes(Logsource{Service: "apache"}, nginx, false)
	takes(Logsource{Service: "nginx"}, nginx, true)
	takes(Logsource{Service: "nginx"}, labelled("", "", "nginx"), true)
	takes(Logsource{Product: "windows"}, iis, false)
}

// TestWebExplained: whoever asks why a rule matched is told what its value was made of.
func TestWebExplained(t *testing.T) {
	r := &Rule{Title: "test", Logsource: Logsource{Category: "webserver"}, Condition: Node{Op: OpItem, Item: &Item{
		Field: "cs-uri-query", Pattern: Pattern{{Wildcard: AnyRun}, {Literal: "/../"}, {Wildcard: AnyRun}},
	}}}
	x := Explain(r, webEvent("webserver", "cs-uri-stem", "/a/%2e%2e/b", "cs-uri-query", "c"))
	if item := x.Condition.Item; !x.Match || item.Via != "cs-uri-query, cs-uri-stem, cs-uri" || !slices.Contains(item.Found, "/a/../b?c") {
		t.Errorf("%+v %+v", x, item)
	}
}
