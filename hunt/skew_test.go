package hunt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aldebaran/evidence"
	"aldebaran/hunt"
	"aldebaran/packs"
)

// skewedLogs are synthetic logs of an IIS and of the HttpProxy of Exchange on it, whose clock is
// ahead by so much, with n requests that both have.
func skewedLogs(t *testing.T, n int, ahead time.Duration) string {
	t.Helper()
	var iis, proxy strings.Builder
	iis.WriteString(quietLog)
	proxy.WriteString("#Software: Microsoft Exchange Server\r\n#Version: 15.02.0986.005\r\n#Log-type: HttpProxy Logs\r\n#Date: 2026-03-02T00:00:00.000Z\r\n" +
		"#Fields: DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ClientRequestId,Protocol,UrlHost,UrlStem,ProtocolAction,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,Method\r\n")
	for i := range n {
		at := time.Date(2026, 3, 2, 0, i, 0, 0, time.UTC)
		fmt.Fprintf(&iis, "%s 192.0.2.1 GET /owa/%d - 443 - 198.51.100.7 Synthetic+Agent 200 3\n", at.Format("2006-01-02 15:04:05"), i)
		fmt.Fprintf(&proxy, "%s,47a25adf-57a3-4538-ba98-4bafdfee8095,15,2,986,5,,Owa,mail.lakes.example,/owa/%d,,Synthetic Agent,198.51.100.7,MAIL01,200,GET\r\n",
			at.Add(ahead).Format("2006-01-02T15:04:05.000Z"), i)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"u_ex.log": iis.String(), "HttpProxy.LOG": proxy.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSkew(t *testing.T) {
	const told = "MAIL01 (exchange) is 30.2 s ahead of 192.0.2.1 (w3c)"
	for _, c := range []struct {
		name           string
		pairs          int
		ahead          time.Duration
		survey, inHunt bool
	}{
		{"far apart", 9, 30_200 * time.Millisecond, true, true},
		{"too few to say", 4, 30_200 * time.Millisecond, false, false},
		{"as usual", 9, 700 * time.Millisecond, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			opt := hunt.Options{Evidence: []string{skewedLogs(t, c.pairs, c.ahead)}, DefaultRules: packs.Rules()}
			var text, doc bytes.Buffer
			if _, err := hunt.Survey(context.Background(), opt, hunt.NewSurveyTable(&text, hunt.TableOptions{Width: 150}), hunt.NewSurveyJSON(&doc)); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(text.String(), told); got != c.survey {
				t.Errorf("the survey tells of the clocks: %v, want %v:\n%s", got, c.survey, &text)
			}
			if few := strings.Contains(text.String(), "not compared"); few != (c.pairs < 5) {
				t.Errorf("the survey says that clocks were not compared: %v", few)
			}
			var got struct {
				Skews []evidence.Skew `json:"clock_skews"`
			}
			if err := json.Unmarshal(doc.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if c.pairs < 5 {
				if len(got.Skews) != 0 {
					t.Errorf("JSON: %+v", got.Skews)
				}
			} else if len(got.Skews) != 1 || got.Skews[0].Pairs != c.pairs || got.Skews[0].Median != c.ahead.Seconds()*sign(got.Skews[0]) {
				t.Errorf("JSON: %+v, want %d pairs, %v", got.Skews, c.pairs, c.ahead)
			}
			r, err := hunt.Run(context.Background(), opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(strings.Join(r.Notes, "\n"), "clocks differ: "+told); got != c.inHunt {
				t.Errorf("the hunt tells of the clocks: %v, want %v: %q", got, c.inHunt, r.Notes)
			}
		})
	}
}

// sign is -1 if the proxy's clock is the first of the two.
func sign(k evidence.Skew) float64 {
	if k.A.Host == "MAIL01" {
		return -1
	}
	return 1
}
