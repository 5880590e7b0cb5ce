package mysql_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/mysql"
	"aldebaran/evidence/readertest"
)

// statements leaves out what is not a statement: the lines at the start of a server.
func statements(all []*event.Event) (kept []*event.Event) {
	for _, e := range all {
		if e.Text("query") != "" || e.Text("argument") != "" || e.Text("command") != "" {
			kept = append(kept, e)
		}
	}
	return kept
}

// A report is what pt-query-digest found in a log.
type report struct {
	count        int
	users, hosts []string
	begin, end   string // of all queries, where it says so
	whole        bool   // it shows all queries, not only the slowest
}

// parseReport reads the sections of all queries of a report. Those that were made with a filter or a
// limit do not add up to 100 %.
func parseReport(text string) (r report) {
	percent := 0
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "#" {
			continue
		}
		switch words[1] {
		case "Overall:":
			n, err := strconv.Atoi(words[2])
			if err == nil {
				r.count, r.whole = n, true
			}
		case "Count":
			p, err := strconv.Atoi(words[2])
			n, err2 := strconv.Atoi(words[3])
			if err == nil && err2 == nil && !r.whole {
				percent += p
				r.count += n
			}
		case "Users":
			r.users = append(r.users, words[2])
		case "Hosts":
			r.hosts = append(r.hosts, words[2])
		case "Time":
			if words[2] != "range:" {
				break
			}
			stamps := regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`).FindAllString(line, -1)
			if len(stamps) == 0 {
				break
			}
			end := stamps[0]
			if len(stamps) > 1 {
				end = stamps[1]
			} else if _, to, ok := strings.Cut(line, " to "); ok {
				end = end[:11] + strings.TrimSpace(to)
			}
			if r.begin == "" || stamps[0] < r.begin {
				r.begin = stamps[0]
			}
			r.end = max(r.end, end)
		}
	}
	r.whole = r.whole || percent >= 99
	return r
}

// TestCorpusReports holds the statements against the reports of pt-query-digest, both ways: their
// number, users, hosts, first and last time.
func TestCorpusReports(t *testing.T) {
	compared := 0
	windowed := regexp.MustCompile("since|until|untl|rtm")
	for _, name := range corpustest.Glob(t, "logs/mysql/expected/*.txt") {
		base := strings.TrimSuffix(filepath.Base(name), ".txt")
		log := base[:min(len(base), len("slow001"))]
		folder := "slowlogs"
		if strings.HasPrefix(base, "genlog") {
			log, folder = base, "genlogs"
		}
		path := corpustest.Path(t, "logs/mysql/"+folder+"/"+log+".txt")
		if _, err := os.Stat(path); err != nil {
			continue // the other half of the corpus
		}
		want := parseReport(string(corpustest.Load(t, name)))
		if !want.whole {
			continue // a part of the log: --limit, --since and the like
		}
		compared++
		t.Run(base, func(t *testing.T) {
			all, report := format().Events(t, corpustest.Load(t, path))
			all = statements(all)
			if windowed.MatchString(base) {
				// Made with --since, --until or --run-time: only what is between counts.
				all = slices.DeleteFunc(all, func(e *event.Event) bool {
					at := e.Time.Format(time.DateTime)
					return at < want.begin || at > want.end
				})
			}
			if len(report.Damage) > 0 {
				t.Errorf("damage %+v", report.Damage)
			}
			if len(all) != want.count {
				t.Errorf("%d statements, want %d", len(all), want.count)
			}
			var users, hosts []string
			begin, end := "", ""
			for _, e := range all {
				users = append(users, e.Text("user"))
				host := e.Text("host")
				if host == "" {
					host = e.Text("client_ip")
				}
				hosts = append(hosts, host)
				if !e.Time.IsZero() {
					at := e.Time.Format(time.DateTime)
					if begin == "" || at < begin {
						begin = at
					}
					end = max(end, at)
				}
			}
			for _, u := range want.users {
				if !slices.Contains(users, u) {
					t.Errorf("users %q lack %q", users, u)
				}
			}
			for _, h := range want.hosts {
				if !slices.Contains(hosts, h) {
					t.Errorf("hosts %q lack %q", hosts, h)
				}
			}
			if begin != want.begin || end != want.end {
				t.Errorf("from %q to %q, want %q to %q", begin, end, want.begin, want.end)
			}
		})
	}
	if compared < 10 {
		t.Errorf("%d reports were compared, want at least 10", compared)
	}
}

// TestCorpusAll holds every log against a plain count of what begins an entry in its text.
func TestCorpusAll(t *testing.T) {
	names := append(corpustest.Glob(t, "logs/mysql/*logs/*"), corpustest.Path(t, "logs/lnav/logfile_mysql_gen.0"),
		corpustest.Path(t, "logs/lnav/logfile_mysql_slow.0"), corpustest.Path(t, "logs/crowdsec/db/mariadb-logs/mariadb-logs.log"))
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data := corpustest.Load(t, name)
			if bytes.HasPrefix(data, []byte("-- START SESSION")) {
				// No log of a server: mk-log-player's list of statements to be played.
				if mysql.Sniff(data) {
					t.Error("Sniff = true for a list of statements")
				}
				return
			}
			all, report := format().Events(t, data)
			if len(report.Damage) > 0 {
				t.Errorf("damage %+v", report.Damage)
			}
			if len(all) == 0 {
				t.Fatal("no events")
			}
			for _, e := range all {
				if e.Product != "mysql" || e.Category != "database" {
					t.Errorf("labels %s %s", e.Product, e.Category)
				}
			}
			var begins *regexp.Regexp
			switch all[len(all)-1].Service {
			case "slow":
				// Every entry has one line with its duration; those without are cut off.
				begins = regexp.MustCompile(`(?m)^# Query_time: `)
				all = slices.DeleteFunc(all, func(e *event.Event) bool { return e.Text("Query_time") == "" })
			case "general":
				begins = regexp.MustCompile(`(?m)^(\d{4}-\S+|\d{6} +\S+|\t)?\s+\d+ [A-Z][a-z]+`)
				all = statements(all)
			default:
				begins = regexp.MustCompile(`(?m)^(\d{4}-\d\d-\d\d +\d|\d{6} +\d+:)`)
			}
			if want := len(begins.FindAll(data, -1)); len(all) != want {
				t.Errorf("%d events, want %d", len(all), want)
			}
		})
	}
}

// TestCorpusLogins holds refused logins against what the parser of crowdsec finds (parser.assert).
func TestCorpusLogins(t *testing.T) {
	path := corpustest.Path(t, "logs/crowdsec/db/mariadb-logs/mariadb-logs.log")
	all, _ := format().Events(t, corpustest.Load(t, path))
	var want []string
	for _, a := range readertest.Assertions(t, path) {
		if a.Parser == "crowdsecurity/mariadb-logs" && a.Kind == "Meta" && (a.Field == "source_ip" || a.Field == "user") {
			want = append(want, a.Value)
		}
	}
	var got []string
	for _, e := range all {
		got = append(got, e.Text("client_ip"), e.Text("user"))
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !cmp.Equal(got, want) {
		t.Errorf("logins (-want +got):\n%s", cmp.Diff(want, got))
	}
}
