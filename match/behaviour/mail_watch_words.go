package behaviour

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"aldebaran/english"
)

// mailWatchWords finds commands that search, export, trace or forward mail by words that spies look for.
//
// What such groups want is known from what they typed: in the Exchange servers of the victims of
// Phantom Taurus the name of a summit and of heads of state were found in searches (Unit 42, "Phantom
// Taurus", September 2025; reported by Bloomberg the same day). Lawyers and data protection officers
// search as well, but for names of cases and people; who searches for embassies, summits and armed forces
// has a reason that somebody in the house knows.
//
// The query is read from the parameters that hold one (-ContentFilter, -SearchQuery, -ContentMatchQuery
// and others), not from names of mailboxes: in a foreign ministry those hold such words all the time. For
// the same reason users who search in their own mail count only with many of the words in a day.
func mailWatchWords() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "mail-watch-words",
			Title: "Mail Searched or Exported by Words of Intelligence Interest",
			Level: "high",
			Description: "A command searched, exported, traced or forwarded mail by words such as the names of summits, embassies or armed forces, " +
				"in any of the languages of the list.",
			Why: "Groups that collect for a state take what answers their questions, not everything: the words that they search for are those questions.",
			Benign: "Searches for a legal case, an audit or a request under a freedom of information act: ask whoever is responsible for them " +
				"for the case that the search's name or owner belongs to. Users who look for their own mail are counted only with many words.",
			Next: []string{
				"Ask the owner of the account whether it was him, and for whom.",
				"Look where the result went: the file of the export, the mailbox that it was copied to, the rule's recipient.",
				"Look for what the same account did before: sign-in from a new address, role given to it.",
				"Look for what fetched the file: shares, and files below the web server's folders that are asked for once.",
			},
			Tags: []string{"attack.collection", "attack.t1114.002"},
			References: []string{
				"https://unit42.paloaltonetworks.com/phantom-taurus/",
				"https://learn.microsoft.com/powershell/module/exchange/new-mailboxexportrequest",
			},
		},
		Views: []View{Cmdlet, Script},
		Params: []Param{
			{"hours", 24, "hours", "longest time between two searches of one episode"},
			{"words", 3, "words", "different words of the built-in list that make an episode high; one of the configuration's is enough"},
			{"own-words", 5, "words", "different words that a user must have searched for in his own mail"},
		},
		New: func(s Settings) (func() State, error) {
			state := wordState{words: newWatchWords(s.Words), within: s.Hours("hours"), many: s.Int("words"), own: s.Int("own-words")}
			return func() State {
				one := state
				one.seen.max = maxWordSteps
				return &one
			}, nil
		},
	}
}

// maxWordSteps is how many searches with watch-words are kept: people type some hundreds a year.
const maxWordSteps = 20_000

type wordState struct {
	words  *watchWords
	within time.Duration
	many   int
	own    int
	seen   bag[wordStep]
}

type wordStep struct {
	actor   string
	command mailCommand
	found   []int
	Ref
}

// queryParameters are those that hold what is searched for, in lower case.
func queryParameters() [14]string {
	return [...]string{
		"contentfilter", "searchquery", "contentmatchquery", "query", "subjectcontainswords", "bodycontainswords", "subjectorbodycontainswords",
		"headercontainswords", "subjectmatchespatterns", "subjectorbodymatchespatterns", "anyofrecipientaddresscontainswords", "messagesubject", "subject", "keywords",
	}
}

// See keeps commands with watch-words in their query.
func (s *wordState) See(r *Record) {
	if r.View == Script {
		s.script(r)
		return
	}
	name, parameters, kind := r.Text(CmdName), r.Text(CmdParameters), r.command()
	if kind < searchCommand || kind == cleanCommand {
		return
	}
	parameters = parameters[:min(len(parameters), maxWatchedText)]
	if kind == ruleCommand && !forwards(parameters) {
		return
	}
	var query []byte
	for _, p := range queryParameters() {
		if v := parameter(parameters, p); v != nil {
			query = append(append(query, v...), '\n')
		}
	}
	query = append(query, r.Text(CmdQuery)...)
	s.keep(r, kind, commandActor(r), string(name), query)
}

// forwards tells whether a rule sends mail to somebody else.
func forwards(parameters []byte) bool {
	for _, to := range [...]string{"forwardto", "redirectto", "forwardasattachmentto", "blindcopyto", "redirectmessageto", "copyto"} {
		if parameter(parameters, to) != nil {
			return true
		}
	}
	return false
}

// scriptMarks are what a script has that searches mail: parameters of cmdlets, and the filters of the EWS
// Managed API, as Sigma's and Elastic's rules for mail collection name them.
func scriptMarks() [4]string {
	return [...]string{"-contentfilter", "-searchquery", "-contentmatchquery", "containssubstring("}
}

// script looks into a script block: what stands behind a mark is searched for.
func (s *wordState) script(r *Record) {
	text := r.Text(ScriptText)
	if len(text) > maxScript {
		text = text[:maxScript]
	}
	for _, mark := range scriptMarks() {
		if at := indexFold(text, mark); at >= 0 {
			query := text[at+len(mark):]
			s.keep(r, searchCommand, "script on "+ShortHost(r.Host()), "script", query[:min(len(query), maxScriptQuery)])
			return
		}
	}
}

const (
	maxScript      = 256 << 10 // bytes of a script block that are looked at: event logs cut it into pieces of 32 KiB
	maxScriptQuery = 512       // bytes behind a mark: a filter, not the rest of the script
)

// indexFold gives where an ASCII text, in lower case, begins in a text without regard to case.
func indexFold(text []byte, lower string) int {
	for at := 0; at+len(lower) <= len(text); at++ {
		// Script blocks are long and hyphens few.
		if c := lower[0]; c == '-' {
			n := bytes.IndexByte(text[at:], c)
			if n < 0 {
				return -1
			}
			at += n
		}
		if hasPrefixFold(text[at:], lower) {
			return at
		}
	}
	return -1
}

func (s *wordState) keep(r *Record, kind mailCommand, actor, name string, query []byte) {
	if len(query) == 0 || r.Time().IsZero() {
		return
	}
	found := s.words.find(query)
	if len(found) == 0 {
		return
	}
	what := name + " by " + actor + ": " + string(bytes.TrimSpace(query))
	s.seen.add(wordStep{actor, kind, found, r.Ref(what)})
}

// Join adds a later piece of evidence.
func (s *wordState) Join(later State) { s.seen.join(&later.(*wordState).seen) }

// Finish makes an episode of what one actor searched for, as long as he did not pause.
func (s *wordState) Finish(f *Finishing) {
	s.seen.noteDropped(f, "searches with watch-words")
	steps := s.seen.sorted(func(a, b wordStep) int {
		if c := strings.Compare(a.actor, b.actor); c != 0 {
			return c
		}
		return compareRefs(a.Ref, b.Ref)
	})
	for found := range runsOf(steps, func(first, last, next *wordStep) bool {
		return next.actor == first.actor && next.Time.Sub(last.Time) <= s.within
	}) {
		s.episode(f, found)
	}
}

func (s *wordState) episode(f *Finishing, steps []wordStep) {
	var found []int
	var refs []Ref
	var counts [ownSearch + 1]int
	for _, step := range steps {
		for _, n := range step.found {
			if !slices.Contains(found, n) {
				found = append(found, n)
			}
		}
		refs = append(refs, step.Ref)
		counts[step.command]++
	}
	if counts[ownSearch] == len(steps) && len(found) < s.own {
		return
	}
	slices.Sort(found)
	names, listed := s.words.names(found)
	e := Episode{
		Group: []NamedValue{{"account", steps[0].actor}, {"words", Short(strings.Join(names, ", "), maxWhat)}},
		Facts: []NamedValue{
			{"searches", fmt.Sprint(counts[searchCommand])}, {"exports", fmt.Sprint(counts[exportCommand])}, {"rules that forward", fmt.Sprint(counts[ruleCommand])},
			{"traces of messages", fmt.Sprint(counts[traceCommand])}, {"searches by the user himself", fmt.Sprint(counts[ownSearch])},
			{"different words", fmt.Sprintf("%d (high from %d)", len(found), s.many)}, {"subjects", strings.Join(s.subjects(found), ", ")},
		},
		Refs: refs,
		Summary: fmt.Sprintf("%s looked for %s in mail (%s)", steps[0].actor, Short(quoted(names), maxWhat),
			english.CountOf(counts[searchCommand]+counts[ownSearch]+counts[traceCommand], "search", "searches")+", "+english.CountOf(counts[exportCommand]+counts[ruleCommand], "export or rule", "exports or rules")),
	}
	if !listed && len(found) < s.many && counts[exportCommand]+counts[ruleCommand] == 0 || counts[ownSearch] == len(steps) {
		e.Level = levelBelow(f.rule.Level)
		e.Caveats = append(e.Caveats, "the words are of the built-in list, which is general, and nothing was copied")
	}
	f.Emit(e)
}

func (s *wordState) subjects(found []int) []string {
	var out []string
	for _, n := range found {
		if subject := s.words.words[n].subject; subject != "" && !slices.Contains(out, subject) {
			out = append(out, subject)
		}
	}
	slices.Sort(out)
	return out
}

// quoted writes names as people list them: "a", "b" and 3 more.
func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = strconv.Quote(n)
	}
	return english.List(all, 5)
}
