package behaviour

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"
)

// random gives bytes that look random, the same each time; nothing is encrypted.
func random(n, seed int) []byte {
	var b []byte
	for i := 0; len(b) < n; i++ {
		h := sha256.Sum256(fmt.Appendf(nil, "%d/%d", seed, i))
		b = append(b, h[:]...)
	}
	return b[:n]
}

func TestWebCookieSession(t *testing.T) {
	const outside, page = "203.0.113.7", "/owa/auth/OutlookEN.aspx"
	value := func(n, seed int) string { return base64.StdEncoding.EncodeToString(random(n, seed)) }
	with := func(times int, client, page string, cookie func(n int) string) []made {
		return every(time.Minute, times, func(d time.Duration, n int) made {
			return asked(d, client, "POST", page, 200, "cs-cookie", cookie(n))
		})
	}
	session := func(n int) string { return "OutlookSession=" + value(160+16*(n%9), n) + ";+path=/" }
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"values of whole blocks, each another", with(20, outside, page, session),
			"high: 203.0.113.7 sent /owa/auth/outlooken.aspx 20 requests within 19 minutes with 20 different random values of 160 to 288 bytes in the cookie OutlookSession\n"},
		{"among cookies of OWA", with(20, outside, page, func(n int) string {
			return "ClientId=" + value(300, 1) + "; " + session(n) + "; cadata=" + value(400, n)
		}),
			"high: 203.0.113.7 sent /owa/auth/outlooken.aspx 20 requests within 19 minutes with 20 different random values of 160 to 288 bytes in the cookie OutlookSession\n"},
		{"in the query, in percent codes", every(time.Minute, 10, func(d time.Duration, n int) made {
			v := value(160+16*(n%5), n)
			return asked(d, outside, "GET", page+"?d="+percentCoded(v), 200)
		}), "high: 203.0.113.7 sent /owa/auth/outlooken.aspx 10 requests within 9 minutes with 10 different random values of 160 to 224 bytes in the parameter d\n"},
		{"no blocks", with(20, outside, page, func(n int) string { return "x=" + value(150+n, n) }),
			"low: 203.0.113.7 sent /owa/auth/outlooken.aspx 20 requests within 19 minutes with 20 different random values of 150 to 169 bytes in the cookie x\n"},
		{"a session that stays", with(20, outside, page, func(int) string { return "session=" + value(320, 1) }), ""},
		{"all clients have one", slices.Concat(
			with(20, outside, page, session), with(20, "203.0.113.8", page, session), with(20, "203.0.113.9", page, session)), ""},
		{"sent with all pages", slices.Concat(
			with(20, outside, "/a.aspx", session), with(20, outside, "/b.aspx", session), with(20, outside, "/c.aspx", session), with(20, outside, "/d.aspx", session)), ""},
		{"a token", with(20, outside, page, func(n int) string { return "t=eyJ" + value(320, n) }), ""},
		{"OWA's own", with(20, outside, page, func(n int) string { return "cadata=" + value(320, n) }), ""},
		{"hexadecimal numbers", with(20, outside, page, func(n int) string { return fmt.Sprintf("h=%x", random(320, n)) }), ""},
		{"a few", with(4, outside, page, session), ""},
		{"refused", every(time.Minute, 20, func(d time.Duration, n int) made {
			return asked(d, outside, "POST", page, 404, "cs-cookie", session(n))
		}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "web-cookie-session", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

// A busy application gives each client a long random value of its own: more than there is room for. An encrypted
// session that begins later is seen all the same.
func TestWebCookieSessionAmongMany(t *testing.T) {
	value := func(n, seed int) string { return base64.StdEncoding.EncodeToString(random(n, seed)) }
	var events []made
	for n := range 2 * maxCookieSessions {
		after := time.Duration(n) * time.Second
		events = append(events, asked(after, fmt.Sprintf("198.51.%d.%d", n>>8, n&255), "GET", "/shop/cart.aspx", 200, "cs-cookie", "Basket="+value(320, n)))
		if n > maxCookieSessions && n%100 == 0 {
			events = append(events, asked(after, "203.0.113.7", "POST", "/owa/auth/OutlookEN.aspx", 200, "cs-cookie", "OutlookSession="+value(160+16*(n/100%9), n)))
		}
	}
	const want = "high: 203.0.113.7 sent /owa/auth/outlooken.aspx 49 requests within 80 minutes with 49 different random values of 160 to 288 bytes in the cookie OutlookSession\n"
	for _, cuts := range [][]int{nil, {len(events) / 2}} {
		if got := lines(finish(t, Config{}, "web-cookie-session", events, cuts...)); got != want {
			t.Errorf("cut at %v: found %swant %s", cuts, got, want)
		}
	}
}

func percentCoded(s string) string {
	var b []byte
	for _, c := range []byte(s) {
		if c == '+' || c == '/' || c == '=' {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// FuzzBase64Bytes holds the length against what the decoder says.
func FuzzBase64Bytes(f *testing.F) {
	for _, s := range []string{"QUJD", "QUI=", "QQ==", "QQ", "Q", "Q=Q=", "a-_b", "====", "%3d", "QUI%3D"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := base64Bytes([]byte(text))
		if b, err := base64.StdEncoding.DecodeString(text); err == nil && len(text) >= 4 && text[:3] != "eyJ" && !slices.Contains([]byte(text), '\n') && !slices.Contains([]byte(text), '\r') {
			if !ok || n != len(b) {
				t.Errorf("base64Bytes(%q) = %d, %v, want %d", text, n, ok, len(b))
			}
		}
	})
}
