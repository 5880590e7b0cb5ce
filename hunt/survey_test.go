package hunt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aldebaran/hunt"
	"aldebaran/packs"
)

// A synthetic IIS log of a mail server that writes no cookies, and nothing for two days.
const quietLog = `#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken
`

func TestSurvey(t *testing.T) {
	dir := t.TempDir()
	log := quietLog
	for _, day := range []string{"02", "05"} {
		for _, hour := range []string{"00", "05", "08", "09", "10", "11", "12", "15", "18", "21", "23"} {
			log += "2026-03-" + day + " " + hour + ":00:01 192.0.2.1 GET /owa/ - 443 - 198.51.100.7 synthetic 200 3\n"
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "u_ex.log"), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	opt := hunt.Options{Evidence: []string{dir}, DefaultRules: packs.Rules()}
	var text, doc bytes.Buffer
	if _, err := hunt.Survey(context.Background(), opt, hunt.NewSurveyTable(&text, hunt.TableOptions{Width: 150}), hunt.NewSurveyJSON(&doc)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"host not named by the log", "w3c", "2026-03-02 00:00 – 2026-03-05 23:00", "silent for", "2026-03-03 00:00 – 2026-03-05 00:00",
		"does not show cookies of requests", "does not show bytes received",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("want %q in\n%s", want, &text)
		}
	}
	var got struct {
		Logs []struct {
			Format, Category string
			Events           int
			Blind            []struct{ What, Fix string }
		}
		Sources []struct{ Clock struct{ Zone, How string } }
	}
	if err := json.Unmarshal(doc.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Logs) != 1 || got.Logs[0].Format != "w3c" || got.Logs[0].Category != "webserver" || got.Logs[0].Events != 22 || len(got.Logs[0].Blind) < 3 {
		t.Errorf("logs %+v", got.Logs)
	}
	if len(got.Sources) != 1 || got.Sources[0].Clock.Zone != "UTC" || got.Sources[0].Clock.How == "" {
		t.Errorf("sources %+v: want UTC and why", got.Sources)
	}
}

// A text log does not number its events: a copy of the whole log counts once, and lines that are
// equal inside one log happened twice.
func TestDuplicateTextLog(t *testing.T) {
	dir := t.TempDir()
	line := "2026-03-02 00:00:01 192.0.2.1 GET /owa/auth/x.aspx cmd=whoami 443 - 198.51.100.7 synthetic 200 3\n"
	for name, log := range map[string]string{
		"a.log": quietLog + line + line, "b.log": quietLog + line + line,
		"other.log": quietLog + line + strings.Replace(line, "x.aspx", "y.aspx", 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rules := filepath.Join(t.TempDir(), "r.yml")
	rule := "title: synthetic\nlogsource: {category: webserver}\ndetection:\n  sel: {cs-uri-query|contains: whoami}\n  condition: sel\nlevel: low\n"
	if err := os.WriteFile(rules, []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := hunt.Run(context.Background(), hunt.Options{Evidence: []string{dir}, Rules: []string{rules}})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Summary; s.Events != 4 || s.DuplicateEvents != 2 || s.Matches != 4 || s.DuplicateMatches != 2 {
		t.Errorf("events %d and %d copies, matches %d and %d copies; want 4 and 2, 4 and 2", s.Events, s.DuplicateEvents, s.Matches, s.DuplicateMatches)
	}
	if r.Sources[1].DuplicateOf != r.Sources[0].Path || r.Sources[2].DuplicateOf != "" {
		t.Errorf("copies of %q and %q", r.Sources[1].DuplicateOf, r.Sources[2].DuplicateOf)
	}
}
