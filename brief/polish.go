package brief

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"aldebaran/escape"
)

// An Endpoint is a service that speaks OpenAI's chat completions API (POST /chat/completions), named by
// the user. It is sent the sentences of the first page with placeholders in place of every name, number,
// date and quotation: none of those leaves the machine.
type Endpoint struct {
	// URL is its base, as in "http://127.0.0.1:11434/v1".
	URL string
	// Model is what it is asked for; Key, if there is one, is sent as a bearer token.
	Model, Key string
	// Client is what asks; nil is one without redirects. Time limits come with the context.
	Client *http.Client
}

// Check tells what is wrong with an endpoint before it is asked: a key must not go over a network in clear.
func (e *Endpoint) Check() error {
	u, err := url.Parse(e.URL)
	switch {
	case err != nil:
		return err
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("want an address as https://HOST/v1, found %q", e.URL)
	case e.Model == "":
		return errors.New("want the name of a model, found none")
	case u.Scheme == "http" && e.Key != "" && !loopback(u.Hostname()):
		return fmt.Errorf("want https for %s, since a key would be sent in clear", u.Host)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Polish lets a language model rephrase the first page, sentence by sentence. A sentence is taken over
// only if it says the same as far as a program can tell (see [kept]); else it stays. What was
// rephrased is marked, and so is the brief. Changed and refused count sentences; the error is that of the
// first request that failed, and ends the polishing.
func (b *Brief) Polish(ctx context.Context, e Endpoint) (changed, refused int, err error) {
	if err := e.Check(); err != nil {
		return 0, 0, err
	}
	for _, page := range [][]Sentence{b.Happening, b.Matters, b.Next} {
		for i := range page {
			s := &page[i]
			if s.Language != "" || s.Polished {
				continue
			}
			masked, terms := mask(s.Text)
			answer, err := e.rephrase(ctx, b.Language, masked)
			if err != nil {
				return changed, refused, err
			}
			if answer == masked {
				continue
			}
			if why := kept(b.Language, masked, answer, len(terms)); why != nil {
				refused++
				continue
			}
			s.Original, s.Text, s.Polished = s.Text, unmask(answer, terms), true
			b.Polished = true
			changed++
		}
	}
	return changed, refused, nil
}

// mask puts numbered placeholders where terms stand.
func mask(t Text) (masked string, terms []Text) {
	var b strings.Builder
	for _, p := range t.pieces() {
		if p.isolate == 0 {
			b.WriteString(p.text)
			continue
		}
		terms = append(terms, Text(p.isolate)+Text(p.text)+Text(isolateEnd))
		b.WriteString(placeholder(len(terms)))
	}
	return b.String(), terms
}

func placeholder(n int) string { return "[[" + strconv.Itoa(n) + "]]" }

// unmask puts the terms back; kept has seen to it that each placeholder is there once.
func unmask(masked string, terms []Text) Text {
	for i := len(terms); i > 0; i-- {
		masked = strings.Replace(masked, placeholder(i), string(terms[i-1]), 1)
	}
	return Text(masked)
}

// Bounds of an answer: a sentence is short, whatever a service sends.
const (
	maxAnswer   = 64 << 10
	maxSentence = 1200
)

// languageNames are what models call the languages.
var languageNames = map[string]string{"en": "English", "fr": "French", "ar": "Arabic"}

func (e *Endpoint) rephrase(ctx context.Context, language, sentence string) (string, error) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	ask, err := json.Marshal(struct {
		Model       string    `json:"model"`
		Temperature float64   `json:"temperature"`
		Messages    []message `json:"messages"`
	}{e.Model, 0, []message{
		{"system", "Rephrase the sentence in plain " + languageNames[language] + " for a minister. Keep its meaning exactly: add nothing, leave nothing out, keep every denial and every doubt. Keep each placeholder such as [[1]] once and unchanged. Answer with the sentence alone."},
		{"user", sentence},
	}})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(e.URL, "/")+"/chat/completions", bytes.NewReader(ask))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if e.Key != "" {
		req.Header.Set("Authorization", "Bearer "+e.Key)
	}
	resp, err := cmp.Or(e.Client, direct()).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asking %s: want status 200, found %s", req.URL.Host, clean(resp.Status))
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	var doc struct {
		Choices []struct {
			Message message `json:"message"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return "", fmt.Errorf("asking %s: reading the answer: %w", req.URL.Host, err)
	}
	if len(doc.Choices) == 0 {
		return "", fmt.Errorf("asking %s: want a choice, found none", req.URL.Host)
	}
	return strings.Join(strings.Fields(doc.Choices[0].Message.Content), " "), nil
}

// direct does not follow redirects: the key is for one host.
func direct() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// kept tells why a rephrased sentence may not say the same as the masked original; nil if all that a
// program can check was kept: placeholders, numbers, denials, doubts, names, and most of the words.
func kept(language, original, answer string, terms int) error {
	switch {
	case answer == "" || len(answer) > maxSentence || len(answer) > 2*len(original)+40:
		return fmt.Errorf("want a sentence of about %d bytes, found %d", len(original), len(answer))
	case escape.Terminal(answer) != answer || strings.ContainsAny(answer, "<>`"):
		return errors.New("want plain words, found characters that take effect")
	case strings.Contains(answer, "://"):
		return errors.New("want no address, found one")
	}
	for i := range terms {
		if n := strings.Count(answer, placeholder(i+1)); n != 1 {
			return fmt.Errorf("want %s once, found it %d times", placeholder(i+1), n)
		}
	}
	if strings.Count(answer, "[[") != terms {
		return errors.New("want no other placeholders, found some")
	}
	was, is := read(language, original), read(language, answer)
	switch {
	case was.numbers != is.numbers:
		return errors.New("want the same numbers, found others")
	case was.denials != is.denials:
		return fmt.Errorf("want %d denials, found %d", was.denials, is.denials)
	case was.doubts != is.doubts:
		return fmt.Errorf("want %d doubts, found %d", was.doubts, is.doubts)
	}
	for name := range is.names {
		if !was.names[name] && !was.words[strings.ToLower(name)] {
			return fmt.Errorf("want no new name, found %q", name)
		}
	}
	fresh := 0
	for stem := range is.stems {
		if !was.stems[stem] {
			fresh++
		}
	}
	if fresh > maxFresh && fresh*2 > len(is.stems) {
		return fmt.Errorf("want mostly the same words, found %d new of %d", fresh, len(is.stems))
	}
	return nil
}

// maxFresh is how many new words a sentence may have whatever its length.
const maxFresh = 3

// reading is what of a sentence must stay.
type reading struct {
	numbers         string // sorted
	denials, doubts int
	names           map[string]bool // words with a capital that do not begin a sentence
	words, stems    map[string]bool
}

// denials and doubts are words that turn a statement around, or weaken it.
var (
	denials = map[string]string{
		"en": "no not none nobody nothing never neither nor without cannot cant dont doesnt isnt wasnt werent wont unable lacks lack",
		"fr": "non pas aucun aucune jamais rien sans ni personne nul nulle",
		"ar": "لا لم لن ليس ليست غير دون بلا ولم ولا ولن وليس",
	}
	doubts = map[string]string{
		"en": "may might could can possibly perhaps probably likely unlikely said seems seem appears taken suspected alleged reportedly",
		"fr": "peut peuvent pourrait pourraient possible peut-être probable probablement semble semblent viserait chercherait serait selon présumé attribué",
		"ar": "قد ربما يمكن محتمل يُقال يقال يبدو المنسوب المحتمل",
	}
)

func read(language, sentence string) reading {
	r := reading{names: map[string]bool{}, words: map[string]bool{}, stems: map[string]bool{}}
	denied, doubted := wordSet(denials[language]), wordSet(doubts[language])
	var numbers []string
	begins := true
	for _, w := range strings.FieldsFunc(sentence, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && !strings.ContainsRune("[]'’-.:", c)
	}) {
		ends := strings.HasSuffix(w, ".") || strings.HasSuffix(w, ":")
		w = strings.Trim(w, "'’-.:")
		if w == "" || strings.HasPrefix(w, "[[") {
			begins = ends
			continue
		}
		plain := strings.ToLower(strings.NewReplacer("'", "", "’", "").Replace(w))
		r.words[plain] = true
		switch {
		case strings.ContainsFunc(w, unicode.IsDigit):
			numbers = append(numbers, plain)
		case denied[plain]:
			r.denials++
		case doubted[plain]:
			r.doubts++
		}
		if first, _ := utf8.DecodeRuneInString(w); unicode.IsUpper(first) && !begins {
			r.names[w] = true
		}
		if runes := []rune(plain); len(runes) > stemLength {
			r.stems[string(runes[:stemLength])] = true
		}
		begins = ends
	}
	slices.Sort(numbers)
	r.numbers = strings.Join(numbers, " ")
	return r
}

// stemLength is how many letters two forms of a word have in common, roughly.
const stemLength = 4

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}
