package brief

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// service is a service on this machine that answers as told.
func service(t *testing.T, answer func(sentence string) string) (Endpoint, *[]string) {
	t.Helper()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var doc struct {
			Model    string
			Messages []struct{ Role, Content string }
		}
		if err != nil || json.Unmarshal(body, &doc) != nil || len(doc.Messages) != 2 || r.URL.Path != "/v1/chat/completions" || doc.Model != "m" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		if got := r.Header.Get("Authorization"); got != "Bearer secret" {
			t.Errorf("Authorization %q, want the key", got)
		}
		asked = append(asked, doc.Messages[1].Content)
		text, err := json.Marshal(map[string]any{"choices": []any{map[string]any{"message": map[string]string{"role": "assistant", "content": answer(doc.Messages[1].Content)}}}})
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(text) // the client tells what it did not get
	}))
	t.Cleanup(s.Close)
	return Endpoint{URL: s.URL + "/v1/", Model: "m", Key: "secret"}, &asked
}

func TestPolish(t *testing.T) {
	b := Make(example())
	before := b.Next[0].Text
	e, asked := service(t, func(s string) string {
		if strings.HasPrefix(s, "Have a specialist") {
			return "Today, have a specialist check what was seen, and keep the logs of these machines safe."
		}
		return s + " It was the work of Ruritania."
	})
	changed, refused, err := b.Polish(t.Context(), e)
	if err != nil || changed != 1 || refused != len(*asked)-1 {
		t.Fatalf("changed %d, refused %d of %d, %v: want one changed, the others refused", changed, refused, len(*asked), err)
	}
	if s := b.Next[0]; !s.Polished || s.Original != before || !b.Polished || len(s.From) == 0 {
		t.Errorf("sentence %+v: want it marked, with what it said before", s)
	}
	for _, s := range *asked {
		for _, secret := range []string{"MAIL01", "Lake Heron", "Herons", "2026"} {
			if strings.Contains(s, secret) {
				t.Errorf("the service was sent %q: want placeholders for names and figures", s)
			}
		}
	}
	if got := b.Happening[0].Text; strings.Contains(string(got), "Ruritania") {
		t.Errorf("the brief says %q", got)
	}
}

func TestPolishFails(t *testing.T) {
	f := func(name string, e Endpoint) {
		t.Helper()
		b := Make(example())
		if changed, _, err := b.Polish(t.Context(), e); err == nil || changed > 0 || b.Polished {
			t.Errorf("%s: changed %d, %v: want an error, and the brief as it was", name, changed, err)
		}
	}
	f("no address", Endpoint{Model: "m"})
	f("no model", Endpoint{URL: "http://127.0.0.1:1/v1"})
	f("a key in clear", Endpoint{URL: "http://203.0.113.1/v1", Model: "m", Key: "secret"})
	broken, _ := service(t, func(string) string { return "" })
	broken.Model = "other"
	f("bad request", broken)
	redirect := httptest.NewServer(http.RedirectHandler("http://203.0.113.1/", http.StatusTemporaryRedirect))
	defer redirect.Close()
	f("a redirect", Endpoint{URL: redirect.URL, Model: "m"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Make(example()).Polish(ctx, broken); err == nil {
		t.Error("want the end of the context to be told")
	}
}

// TestKept shows what a rephrased sentence may and may not do.
func TestKept(t *testing.T) {
	f := func(language, original, answer string, want bool) {
		t.Helper()
		terms := strings.Count(original, "[[")
		if err := kept(language, original, answer, terms); (err == nil) != want {
			t.Errorf("kept(%q, %q): %v, want ok %v", original, answer, err, want)
		}
	}
	const seen = "Of [[1]] things that are described, [[2]] were seen in our logs."
	f("en", seen, "Our logs show [[2]] of the [[1]] things described.", true)
	f("en", seen, "[[2]] of the [[1]] things that are described were seen in our logs.", true)
	f("en", seen, "[[2]] of the things that are described were seen in our logs.", false)
	f("en", seen, "[[2]] of the [[1]] or [[1]] things described were seen in our logs.", false)
	f("en", seen, "[[2]] of the [[3]] things described were seen in our logs.", false)
	f("en", seen, "[[2]] of the [[1]] things that are described were not seen in our logs.", false)
	f("en", seen, "[[2]] of the [[1]] things that are described were perhaps seen in our logs.", false)
	f("en", seen, "[[2]] of the [[1]] things that are described were seen in our 12 logs.", false)
	f("en", seen, "[[2]] of the [[1]] things that are described were seen by China in our logs.", false)
	f("en", seen, "[[2]] of the [[1]] things that are described were seen in our logs at https://evil.example.", false)
	f("en", seen, "<b>[[2]]</b> of the [[1]] things that are described were seen in our logs.", false)
	f("en", seen, "[[2]] of the [[1]] things that are described were seen in our logs.\u202e", false)
	f("en", seen, "", false)
	f("en", seen, strings.Repeat(seen, 9), false)
	const no = "None of it was clearly seen; nobody said which sector we are of."
	f("en", no, "It was clearly seen; nobody said which sector we are of.", false)
	f("en", no, "Nobody said which sector we are of, and none of it was clearly seen.", true)
	f("fr", "Rien n’a été trouvé dans [[1]].", "Dans [[1]], rien n’a été trouvé.", true)
	f("fr", "Rien n’a été trouvé dans [[1]].", "Dans [[1]], cela a été trouvé.", false)
	f("ar", "لم يُعثر على شيء في [[1]].", "في [[1]] لم يُعثر على شيء.", true)
	f("ar", "لم يُعثر على شيء في [[1]].", "في [[1]] عُثر على شيء.", false)
}
