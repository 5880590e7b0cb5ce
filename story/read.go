package story

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"

	"aldebaran/story/technique"
)

// Options are what a story is read with. The zero value finds what needs no knowledge: numbers,
// places, indicators, names by their pattern.
type Options struct {
	// Lexicon knows names; may be nil.
	Lexicon *Lexicon
	// Model recognises techniques that are only described; may be nil.
	Model *technique.Model
	// Every keeps each mention as a claim of its own, for those who count.
	Every bool
}

const (
	// maxRead bounds the bytes of a story; PDF with pictures have tens of megabytes.
	maxRead = 64 << 20
	// maxText bounds the text that is looked at: 4 MiB are two thousand pages.
	maxText = 4 << 20
	// maxClaims bounds the claims; long reports make some hundreds.
	maxClaims = 20_000
)

// Read reads a story. The path is what the user calls it, and helps to tell what format it has; the
// content decides. The error is that of reading, or says why nothing could be made of it; what was
// left out of a story that can be read stands in its notes.
func Read(r io.Reader, path string, opt Options) (*Story, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxRead+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var notes []string
	if len(data) > maxRead {
		data = data[:maxRead]
		notes = append(notes, fmt.Sprintf("only the first %d MiB were read", maxRead>>20))
	}
	d, err := open(data, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d.notes = append(notes, d.notes...)
	return d.story(path, opt), nil
}

// A reading is a document while claims are looked for.
type reading struct {
	text      string
	lower     string
	tokens    []token
	sentences []sentence
	lexicon   *Lexicon
	model     *technique.Model
	// gazetteers are those of the report's language.
	gazetteers *gazetteers
	// taken marks the words that are a part of something: those of "Stately Taurus" or of an address.
	taken  []bool
	claims []Claim
	// common are claims of techniques whose names are common words, until the model agrees.
	common []Claim
	// small are the words that stand somewhere in small letters: no names.
	small map[string]bool
	// actors are the words at which names of actors begin.
	actors map[int]bool
	// said are the common words that the report says to be names, as entries of the lexicon.
	said map[int]bool
	// advised are the blocks that say what to do, in the order of the text.
	advised []Span
	// isAdvice are the sentences that say what to do.
	isAdvice []bool
	// latter is the actor that "the latter" means in the sentence whose relations are looked for.
	latter string
	// key and starts are scratch.
	key    []byte
	starts []int
}

// A sentence is a span with the words in it, tokens[first:last].
type sentence struct {
	Span
	first, last int
}

func (r *reading) word(i int) string  { return r.lower[r.tokens[i].start:r.tokens[i].end] }
func (r *reading) exact(i int) string { return r.text[r.tokens[i].start:r.tokens[i].end] }

// between is what stands before the word at i, behind the word before it; blanks of any kind are one.
func (r *reading) between(i int) string {
	s := r.text[r.tokens[i-1].end:r.tokens[i].start]
	if s != "" && strings.TrimSpace(s) == "" {
		return " "
	}
	return s
}

// story looks for claims in a document.
func (d *document) story(path string, opt Options) *Story {
	text := d.text.String()
	s := &Story{Path: path, Format: d.format, Title: d.title, Published: d.published, Text: text, Notes: d.notes}
	r := &reading{text: text, lexicon: opt.Lexicon, model: opt.Model, actors: map[int]bool{}}
	if r.lexicon == nil {
		r.lexicon = &Lexicon{}
	}
	if d.plain != "" {
		r.text = d.plain
	}
	r.text = blanks.Replace(r.text)
	from := 0
	for _, end := range append(d.ends, len(text)) {
		s.Sentences = sentences(r.text, from, end, s.Sentences)
		from = end
	}
	r.lower = lowerASCII(r.text)
	r.tokens = tokens(r.text)
	r.taken = make([]bool, len(r.tokens))
	asides, advice := d.sections(r.text)
	r.advised = advice
	if len(asides) > 0 {
		d.notes = append(d.notes, fmt.Sprintf("%d lines that lead to other stories were left out", len(asides)))
	}
	r.split(slices.DeleteFunc(slices.Clone(s.Sentences), func(s Span) bool { return touches(asides, s) }))
	s.Language = r.language()
	r.gazetteers = gazetteersOf(s.Language)
	if opt.Model != nil && s.Language != "en" && s.Language != "und" {
		d.notes = append(d.notes, "what it describes without naming it was hardly looked for: that is known for English only, and this is written in another language ("+s.Language+")")
	}
	for _, c := range d.stated {
		r.claims = append(r.claims, r.lexicon.refer(c))
	}
	r.all(d)
	s.Notes = d.notes
	s.Claims = settle(r.claims, text, opt.Every)
	if len(s.Claims) > maxClaims {
		s.Notes = append(s.Notes, fmt.Sprintf("only the first %d of %d claims were kept", maxClaims, len(s.Claims)))
		s.Claims = s.Claims[:maxClaims]
	}
	return s
}

// blanks makes blanks of any width as many plain ones as they have bytes, so that places stay.
var blanks = strings.NewReplacer("\u00a0", "  ", "\u2002", "   ", "\u2003", "   ", "\u2007", "   ", "\u2009", "   ", "\u200a", "   ", "\u202f", "   ", "\u205f", "   ", "\u3000", "   ")

// split gives each sentence its words.
func (r *reading) split(spans []Span) {
	t := 0
	for _, span := range spans {
		for t < len(r.tokens) && r.tokens[t].start < span.Start {
			t++
		}
		first := t
		for t < len(r.tokens) && r.tokens[t].end <= span.End {
			t++
		}
		r.sentences = append(r.sentences, sentence{span, first, t})
	}
}

// all makes out all claims. Those that come first take the words that they are made of.
func (r *reading) all(d *document) {
	r.indicators(d)
	for i := range r.sentences {
		s := &r.sentences[i]
		r.numbered(s)
		r.names(s)
		r.aliases(s)
		r.places(s)
	}
	r.newNames()
	r.isAdvice = make([]bool, len(r.sentences))
	for i := range r.sentences {
		s := &r.sentences[i]
		if r.isAdvice[i] = r.advice(s) || touches(r.advised, s.Span); !r.isAdvice[i] {
			r.data(s)
			r.periods(s, d.published)
		}
		r.trades(s)
		r.systems(s)
		r.assessments(s)
	}
	r.relations()
	r.described()
	r.stances()
}

// take adds a claim that the words from a to b make, and marks them.
func (r *reading) take(a, b int, c Claim) {
	for i := a; i < b; i++ {
		r.taken[i] = true
	}
	if c.Kind == Actor {
		r.actors[a] = true
	}
	c.Start, c.End = r.tokens[a].start, r.tokens[b-1].end
	r.claims = append(r.claims, c)
}

// free tells whether none of the words from a to b is a part of a claim.
func (r *reading) free(a, b int) bool { return !slices.Contains(r.taken[a:b], true) }

// stances gives each claim its sentence, and how it is said there.
func (r *reading) stances() {
	for i := range r.claims {
		c := &r.claims[i]
		if c.How == stated {
			c.Sentence = Span{c.Start, c.End}
			continue
		}
		n := sort.Search(len(r.sentences), func(n int) bool { return r.sentences[n].End > c.Start })
		if n == len(r.sentences) || r.sentences[n].Start > c.Start {
			c.Sentence = Span{c.Start, c.End} // within what is no sentence, as the name of a link
			continue
		}
		s := &r.sentences[n]
		c.Sentence = Span{s.Start, max(s.End, c.End)}
		c.Speaker = r.speaker(s)
		if c.Kind == Advice || c.How == described {
			continue
		}
		a := s.first + sort.Search(s.last-s.first, func(i int) bool { return r.tokens[s.first+i].end > c.Start })
		b := s.first + sort.Search(s.last-s.first, func(i int) bool { return r.tokens[s.first+i].start >= c.End })
		st := r.stance(s, a, b)
		// A number in brackets is a note on the whole sentence; an indicator is one whatever was not done with it.
		if c.How == numbered && c.Start > 0 && strings.IndexByte("[(", r.text[c.Start-1]) >= 0 || c.Kind == Indicator && !r.absent(s, a) {
			st.negated = false
		}
		if c.Kind == Assessment {
			st.hedged = false // doubt is what it tells of
		}
		if r.merelyUnseen(s, c, a, b) {
			st.negated = false
		}
		c.Negated, c.Hedged = c.Negated || st.negated, c.Hedged || st.hedged
	}
}

// merelyUnseen tells whether what is denied of a claim is not that it is so: "Acme has not seen Paper Crane steal" denies
// the theft and not the actor, and "did not identify the intruders in Togo" says nothing of Togo.
func (r *reading) merelyUnseen(s *sentence, c *Claim, a, b int) bool {
	switch c.Kind {
	case Actor:
		return a > s.first && isOneOfWords(" observed seen witnessed ", r.word(a-1)) && b < s.last && r.between(b) == " " &&
			!isOneOfWords(" in on at there here and or yet before since among within as during inside anywhere ", r.word(b))
	case Country, Region, Sector, System:
		for i := max(s.first+1, a-denies); i < a; i++ {
			if isOneOfWords(" identify name specify disclose ", r.word(i)) && isOneOfWords(" not to ", r.word(i-1)) {
				return true
			}
		}
	}
	return false
}

// absent tells whether a sentence says that something before the word at was not there: "no sign of".
func (r *reading) absent(s *sentence, at int) bool {
	for i := max(s.first, at-5); i < at; i++ {
		if r.word(i) == "no" && i+1 < at && isOneOfWords(" sign signs evidence trace traces indication indications ", r.word(i+1)) {
			return true
		}
	}
	return false
}

// How claims are found, see [Claim].
const (
	named     = "named"
	numbered  = "numbered"
	described = "described"
	pattern   = "pattern"
	stated    = "stated"
)

// settle puts claims in order, makes one of those that say the same, and numbers them.
func settle(claims []Claim, text string, every bool) []Claim {
	slices.SortStableFunc(claims, func(a, b Claim) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		if a.End != b.End {
			return b.End - a.End
		}
		if a.Kind != b.Kind {
			return strings.Compare(string(a.Kind), string(b.Kind))
		}
		return strings.Compare(a.Name, b.Name)
	})
	type same struct {
		kind                            Kind
		name, role, subject, object, in string
		negated                         bool
	}
	at := map[same]int{}
	var kept []Claim
	for _, c := range claims {
		c.Times = 1
		c.Quote = text[c.Start:c.End]
		if c.Score == 0 {
			c.Score = 1
		}
		k := same{c.Kind, c.Name, c.Role, c.Subject, c.Object, c.Indicator, c.Negated}
		i, known := at[k]
		if every || !known {
			at[k] = len(kept)
			kept = append(kept, c)
			continue
		}
		times := kept[i].Times + 1
		if plainer(&c, &kept[i]) {
			kept[i] = c
		}
		kept[i].Times = times
	}
	slices.SortStableFunc(kept, func(a, b Claim) int { return a.Start - b.Start })
	for i := range kept {
		kept[i].ID = "c" + strconv.Itoa(i+1)
	}
	return kept
}

// plainer tells whether a claim is said more plainly than the same claim before.
func plainer(c, before *Claim) bool {
	if c.Hedged != before.Hedged {
		return !c.Hedged
	}
	if (c.How == described) != (before.How == described) {
		return before.How == described
	}
	return c.How == described && c.Score > before.Score
}
