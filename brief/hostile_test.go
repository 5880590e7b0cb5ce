package brief

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"aldebaran/escape"
)

// poison puts a text wherever an intruder, or the author of a report, could put one.
func poison(in *Input, s string) {
	for i := range in.Findings {
		f := &in.Findings[i]
		rule := *f.Rule
		rule.Title, rule.Description, rule.Why, rule.FalsePositives, rule.Next = s, s, s, []string{s}, []string{s}
		f.Rule, f.Hosts = &rule, []string{s}
		for j := range f.Samples {
			e := f.Samples[j].Event
			e.Values[0].Raw, e.Source.Path, e.Computer = []byte(s), s, s
		}
	}
	st := in.Plan.Story
	st.Title = s
	for i := range st.Claims {
		c := &st.Claims[i]
		c.Quote, c.Speaker, c.Name = s, s, s
	}
	p := in.Plan.Packs[0]
	p.Title, p.Actor.Name, p.Licence = s, s, s
	for i := range p.Advice {
		p.Advice[i].Title, p.Advice[i].Text, p.Advice[i].Owner = s, s, s
	}
	for i := range p.Indicators {
		p.Indicators[i].Value, p.Indicators[i].Malware, p.Indicators[i].Source = s, s, s
	}
	for i := range in.Answer.Verdicts {
		v := &in.Answer.Verdicts[i]
		v.Hypothesis.Statement, v.Hypothesis.Logic = s, s
		for j := range v.Seen {
			v.Seen[j].Title, v.Seen[j].Hosts = s, []string{s}
			for k := range v.Seen[j].Quotes {
				q := &v.Seen[j].Quotes[k]
				q.Path, q.Text, q.Host = s, s, s
			}
		}
		for j := range v.Missing {
			v.Missing[j].What, v.Missing[j].TurnOn, v.Missing[j].Collect = s, s, []string{s}
		}
	}
	for i := range in.Logs {
		in.Logs[i].Host, in.Logs[i].Channel = s, s
	}
	in.Damage = []Damage{{s, s}}
	in.Notes, in.Case, in.Figures.Hosts = []string{s}, s, []string{s}
	in.Setting.Sector, in.Setting.Region = s, s
	in.Feedback[0].Reason = s
	in.Attribution = &Attribution{Level: s, Candidates: []AttributionCandidate{{Name: s, Probability: 0.5, Why: []string{s}, Against: []string{s}}}, Missing: []string{s}}
}

var attacks = []string{
	`<script>alert(1)</script><img src=x onerror=alert(1)>`,
	`"><svg/onload=alert(1)>'--></style></title>`,
	"javascript:alert(1) {{.}} ${7*7}",
	"\u202egpj.exe\u2066 \u2069\u2067 \u200f\x1b[2J\x00\u2028",
	"[click](https://evil.example) ![x](http://evil.example/a.png) <https://evil.example>",
	"``` | pipe ` | www.evil.example a@evil.example\n# heading\n- list\n1. list\n---",
	"=cmd|' /C calc'!A0", "1. one", "- minus", "\xff\xfe\xed\xa0\x80", strings.Repeat("x", 100_000), "{name} {n}", "&lt;script&gt;&#60;", "[[1]] ⟦x⟧",
}

func FuzzForms(f *testing.F) {
	for _, s := range attacks {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, language := range []string{"en", "ar"} {
			in := example()
			poison(&in, s)
			in.Language = language
			b := Make(in)
			var out [3]bytes.Buffer
			for i, form := range forms {
				if err := form.write(&out[i], b); err != nil {
					t.Fatalf("%s: %v", form.name, err)
				}
				if !utf8.Valid(out[i].Bytes()) {
					t.Errorf("%s: want UTF-8", form.name)
				}
			}
			checkHTML(t, out[0].String())
			checkMarkdown(t, out[1].String())
			if !json.Valid(out[2].Bytes()) || bytes.ContainsFunc(out[2].Bytes(), func(r rune) bool { return r != '\n' && escape.Deceptive(r) }) {
				t.Error("json: want a valid document in which nothing takes effect")
			}
		}
	})
}

// elements are those of the page; an intruder can add none.
var elements = strings.Fields("a article bdi body circle code dd desc details div dl dt figcaption figure footer g h1 h2 h3 head header html li line main meta nav ol p q rect section small span strong style summary sup svg table tbody td text th thead title tr ul")

var attributes = strings.Fields("aria-hidden aria-label aria-labelledby charset class colspan content cx cy dir dy height href http-equiv id lang name open r role scope viewbox width x x1 x2 y y1 y2")

func checkHTML(t *testing.T, page string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(page))
	open := ""
	for {
		kind := z.Next()
		token := z.Token()
		switch kind {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			open = token.Data
			if !slices.Contains(elements, token.Data) {
				t.Fatalf("html: an element that is none of ours: %s", token)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, strings.ToLower(a.Key)) || a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Fatalf("html: an attribute that is none of ours: %s", token)
				}
			}
		case html.TextToken:
			if open != "style" && strings.ContainsFunc(token.Data, func(r rune) bool { return r != '\n' && r != '\u202f' && escape.Deceptive(r) }) {
				t.Fatalf("html: text that takes effect: %q", token.Data)
			}
		case html.CommentToken:
			t.Fatalf("html: a comment: %s", token)
		}
	}
}

var (
	escaped = regexp.MustCompile(`\\[\\!-/:-@\[-\x60{-~]`)
	// markup is what would take effect outside of code: HTML, links, pictures.
	markup = regexp.MustCompile(`<|\]\(|!\[|://|(?i:www\.)`)
)

func checkMarkdown(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !isIsolate(r) && escape.Deceptive(r) }) {
		t.Error("markdown: want nothing that takes effect")
	}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "    ") && strings.HasPrefix(strings.TrimSpace(line), "aldebaran feedback") {
			continue // a block of code
		}
		plain := escaped.ReplaceAllString(withoutCode(line), "")
		if at := markup.FindString(strings.TrimPrefix(plain, "> ")); at != "" {
			t.Fatalf("markdown: %q takes effect in %q", at, line)
		}
	}
}

// withoutCode leaves out code spans: a run of backticks that is not escaped up to the next run of the same length.
func withoutCode(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		if line[i] == '\\' && i+1 < len(line) {
			b.WriteString(line[i : i+2])
			i += 2
			continue
		}
		if line[i] != '`' {
			b.WriteByte(line[i])
			i++
			continue
		}
		n := len(line[i:]) - len(strings.TrimLeft(line[i:], "`"))
		end := -1
		for j := i + n; j < len(line) && end < 0; j++ {
			if line[j] != '`' {
				continue
			}
			run := len(line[j:]) - len(strings.TrimLeft(line[j:], "`"))
			if run == n {
				end = j + n
			}
			j += run - 1
		}
		if end < 0 {
			b.WriteString(line[i : i+n])
			end = i + n
		}
		i = end
	}
	return b.String()
}

// TestPolicy holds that the policy allows the style that is in the page, and nothing else.
func TestPolicy(t *testing.T) {
	var out bytes.Buffer
	if err := HTML(&out, Make(example())); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	hash := sha256.Sum256([]byte(style))
	want := `content="default-src &#39;none&#39;; style-src &#39;sha256-` + strings.ReplaceAll(base64.StdEncoding.EncodeToString(hash[:]), "+", "&#43;") + `&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`
	if !strings.Contains(page, want) {
		t.Errorf("want the policy %s", want)
	}
	for _, s := range []string{"<script", " style=", "http://", "https://", "src="} {
		if strings.Contains(strings.ReplaceAll(page, "hxxps://", ""), s) {
			t.Errorf("want a page without %q", s)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range attacks {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, escape.Deceptive) || len(got) > 6*maxText+4 {
			t.Errorf("clean(%q) = %q", s, got)
		}
		if p := words(s).pieces(); len(p) > 1 || len(p) == 1 && p[0].isolate != isolateAuto {
			t.Errorf("words(%q) are %v, want one piece", s, p)
		}
		masked, terms := mask("a " + term(s) + " b")
		if back := unmask(masked, terms); back.Plain() != "a "+got+" b" {
			t.Errorf("unmask(mask(%q)) = %q", s, back)
		}
	})
}
