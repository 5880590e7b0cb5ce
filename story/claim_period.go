package story

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	months   = `(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.?`
	year     = `(?:19[89]\d|20[0-4]\d)`
	dayMonth = `(?:` + months + `\s+\d{1,2}(?:st|nd|rd|th)?,?\s+` + year + `|\d{1,2}(?:st|nd|rd|th)?\s+` + months + `,?\s+` + year + `|` + year + `-\d\d-\d\d)`
	part     = `(?:(?:early|mid|late|the (?:beginning|start|middle|end|first half|second half|first quarter|second quarter|third quarter|fourth quarter|spring|summer|autumn|fall|winter) of|H[12]|Q[1-4])[\s-]+)?`
	oneTime  = part + `(?:` + dayMonth + `|` + months + `,?\s+(?:of\s+)?` + year + `|` + year + `)`
)

var (
	periodPattern = regexp.MustCompile(`(?i:\b(since|starting|(?:starting|beginning) (?:in|from|on)|(?:first |was )?(?:seen|observed|spotted|detected|active) (?:since|in)|as early as|from at least|since at least|dating back to|active since|until|through|into|before|after|between|from|in|during|on|throughout)\s+(?:at\s+least\s+|around\s+|about\s+|approximately\s+)?)(` +
		oneTime + `)(?:\s*(?:-|–|—|to|and|until|through|till)\s*(` + oneTime + `))?`)
	// monthsPattern are spans of months with one year: "from February to September 2023", "January-February 2021".
	monthsPattern = regexp.MustCompile(`(?i)(?:\b(?:from|between|in|during)\s+)?\b(` + part + months + `(?:\s+\d{1,2})?)\s*(?:-|–|—|to|and|until|through|till)\s*(` + months + `(?:\s+\d{1,2},?)?\s+` + year + `)`)
	spanPattern   = regexp.MustCompile(`(?i)\b(?:(last|past)\s+|more than\s+|at least\s+|nearly\s+|almost\s+|over\s+|about\s+)(\d{1,3}|an?|two|three|four|five|six|seven|eight|nine|ten|twelve|several)(?:\s+and a half)?\s+(days?|weeks?|months?|years?)\b`)
)

// periods finds when something is said to have happened.
func (r *reading) periods(s *sentence, published time.Time) {
	text := r.text[s.Start:s.End]
	taken := 0 // where the last span of months ends, that starts before what follows
	for _, m := range monthsPattern.FindAllStringSubmatchIndex(text, -1) {
		if endsInWord(text, m[1]) {
			continue
		}
		_, to := timesOf(text[m[4]:m[5]])
		from, _ := timesOf(text[m[2]:m[3]] + " " + to.Format("2006"))
		if from.After(to) {
			from = from.AddDate(-1, 0, 0) // "from November to January 2022"
		}
		if from.IsZero() || to.IsZero() {
			continue
		}
		c := Claim{Kind: Period, How: pattern, Start: s.Start + m[0], End: s.Start + m[1], From: from, To: to, Name: periodName(from, to)}
		c.Role = r.asideRole(s, &c)
		r.claims = append(r.claims, c)
		taken = max(taken, m[1])
	}
	for _, m := range periodPattern.FindAllStringSubmatchIndex(text, -1) {
		if endsInWord(text, m[1]) || m[0] < taken {
			continue
		}
		c := Claim{Kind: Period, How: pattern, Start: s.Start + m[0], End: s.Start + m[1]}
		word := strings.ToLower(text[m[2]:m[3]])
		from, to := timesOf(text[m[4]:m[5]])
		if from.IsZero() {
			continue
		}
		switch {
		case m[6] >= 0:
			c.From = from
			if _, c.To = timesOf(text[m[6]:m[7]]); c.To.IsZero() || c.To.Before(c.From) {
				continue
			}
		case word == "until" || word == "through" || word == "into":
			c.To = to
		case word == "before":
			c.To = from.Add(-time.Second)
		case word == "after":
			c.From = to.Add(time.Second)
		case strings.HasPrefix(word, "since") || strings.HasPrefix(word, "start") || strings.HasPrefix(word, "begin") || strings.HasPrefix(word, "as ") ||
			strings.HasPrefix(word, "dating") || strings.Contains(word, "active") || strings.Contains(word, "first ") || strings.HasPrefix(word, "from"):
			c.From = from
		default:
			c.From, c.To = from, to
		}
		c.Name = periodName(c.From, c.To)
		c.Role = r.asideRole(s, &c)
		r.claims = append(r.claims, c)
	}
	if !published.IsZero() {
		r.lateMonths(s, published, text)
	}
	for _, m := range spanPattern.FindAllStringSubmatchIndex(text, -1) {
		c := Claim{Kind: Period, How: pattern, Start: s.Start + m[0], End: s.Start + m[1]}
		c.Name = strings.Join(strings.Fields(r.lower[c.Start:c.End]), " ")
		if !published.IsZero() {
			c.To = published.Add(24*time.Hour - time.Second)
			c.From = before(published, text[m[4]:m[5]], text[m[6]:m[7]])
		}
		r.claims = append(r.claims, c)
	}
}

// monthPatternAlone are months without a year, with a capital letter: "may" is a verb.
var monthPatternAlone = regexp.MustCompile(`\b([Ii]n|[Ss]ince|[Ff]rom|[Dd]uring|[Uu]ntil|[Tt]hrough)\s+((?:early |mid-|late )?(?:January|February|March|April|May|June|July|August|September|October|November|December))\b([ ,]*(?:of )?\d|\s*(?:-|–|to|and|until|through)\s+[A-Z])?`)

// lateMonths finds months without a year: those before the day on which the report was published.
func (r *reading) lateMonths(s *sentence, published time.Time, text string) {
	for _, m := range monthPatternAlone.FindAllStringSubmatchIndex(text, -1) {
		if m[6] >= 0 {
			continue // a day or a year follows, or another month
		}
		month := text[m[4]:m[5]]
		from, to := timesOf(month + published.Format(" 2006"))
		if from.After(published) {
			from, to = timesOf(month + published.AddDate(-1, 0, 0).Format(" 2006"))
		}
		if from.IsZero() {
			continue
		}
		c := Claim{Kind: Period, How: pattern, Start: s.Start + m[0], End: s.Start + m[1], From: from, To: to}
		switch strings.ToLower(text[m[2]:m[3]]) {
		case "since", "from":
			c.To = time.Time{}
		case "until", "through":
			c.From = time.Time{}
		}
		c.Name = periodName(c.From, c.To)
		c.Role = r.asideRole(s, &c)
		r.claims = append(r.claims, c)
	}
}

// aside is the role of a time that is not when the intruders were at work: when somebody wrote of them, or when
// something else took place.
const aside = "aside"

const (
	// reporting are what those do who write about intruders, or mend what these went through.
	reporting = ` published publishes released releases disclosed announced issued reported revealed warned documented described detailed presented patched fixed updated unveiled unsealed indicted sanctioned ` +
		`brought attention wrote said says named dubbed documents blogged `
	// intruding are words for those who are at work, and for what they do.
	intruding = ` hackers attackers intruders actor actors adversary adversaries operators exploited exploiting targeted targeting compromised compromising deployed infected attacked breached stole exfiltrated used using began started ` +
		`active activity intrusion intrusions attacks campaign operation `
	// occasions are what else has a year.
	occasions = ` summit conference meeting election elections olympics forum invasion war pandemic visit exhibition leak founded version act law treaty `
)

// How far before a time the word stands that says what it is of: "was first brought to light by Acme's team for such things on".
const asideReach, occasionReach = 14, 9

// asideRole is aside for a time that is said of a report, a patch or an occasion: "In March 2021, Acme disclosed",
// "a summit in Lomé in 2022".
func (r *reading) asideRole(s *sentence, c *Claim) string {
	a, b := r.wordAt(c.Start), r.wordAt(c.End)
	if s.Start == c.Start || a <= s.first+1 {
		for i := b; i < min(s.last, b+9); i++ {
			switch w := r.word(i); {
			case isOneOfWords(intruding, w), r.actors[i]:
				return ""
			case isOneOfWords(reporting, w):
				return aside
			}
		}
		return ""
	}
	for i := a - 1; i >= max(s.first, a-asideReach); i-- {
		switch w := r.word(i); {
		case i >= a-occasionReach && isOneOfWords(occasions, w):
			return aside
		case isOneOfWords(reporting, w) && !r.hasWithin(i+1, a, s, " that ") && !r.hasWithin(i+1, a, s, intruding):
			return aside
		case isOneOfWords(intruding, w) && w != "activity" && w != "attacks" && w != "campaign" && w != "operation":
			return ""
		}
	}
	return ""
}

// endsInWord tells whether a match that ends at i stops within a word or number: "in 2021-26855".
func endsInWord(text string, i int) bool {
	if i >= len(text) {
		return false
	}
	return isLetterOrDigit(text[i]) || text[i] == '-' && i+1 < len(text) && isDigit(text[i+1])
}

// periodName is a period as ISO 8601 has intervals; ".." is open.
func periodName(from, to time.Time) string {
	f, t := "..", ".."
	if !from.IsZero() {
		f = from.Format(time.DateOnly)
	}
	if !to.IsZero() {
		t = to.Format(time.DateOnly)
	}
	return f + "/" + t
}

// before is the time so many units before a day.
func before(day time.Time, count, unit string) time.Time {
	n, err := strconv.Atoi(count)
	if err != nil {
		n = map[string]int{"a": 1, "an": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "several": 3}[strings.ToLower(count)]
	}
	switch strings.ToLower(unit)[0] {
	case 'd':
		return day.AddDate(0, 0, -n)
	case 'w':
		return day.AddDate(0, 0, -7*n)
	case 'm':
		return day.AddDate(0, -n, 0)
	}
	return day.AddDate(-n, 0, 0)
}

var (
	yearPattern  = regexp.MustCompile(year)
	monthPattern = regexp.MustCompile(`(?i)\b` + months)
	dayPattern   = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th)?\b`)
	isoPattern   = regexp.MustCompile(`(` + year + `)-(\d\d)-(\d\d)`)
)

// timesOf gives the first and the last second of a time: a day, a month, a year or a part of one.
func timesOf(s string) (from, to time.Time) {
	if m := isoPattern.FindStringSubmatch(s); m != nil {
		day, err := time.Parse(time.DateOnly, m[0])
		if err != nil {
			return time.Time{}, time.Time{}
		}
		return day, day.AddDate(0, 0, 1).Add(-time.Second)
	}
	at := yearPattern.FindStringIndex(s)
	if at == nil {
		return time.Time{}, time.Time{}
	}
	y, _ := strconv.Atoi(s[at[0]:at[1]]) // the pattern has four digits
	rest := s[:at[0]]
	first, count := partOf(strings.ToLower(rest))
	if name := monthPattern.FindString(rest); name != "" {
		first, count = monthOf(name), 1
		if m := dayPattern.FindStringSubmatch(rest); m != nil {
			d, _ := strconv.Atoi(m[1]) // two digits at most
			day := time.Date(y, first, d, 0, 0, 0, 0, time.UTC)
			if day.Month() != first {
				return time.Time{}, time.Time{}
			}
			return day, day.AddDate(0, 0, 1).Add(-time.Second)
		}
	}
	from = time.Date(y, first, 1, 0, 0, 0, 0, time.UTC)
	return from, from.AddDate(0, count, 0).Add(-time.Second)
}

// monthOf is the month that a name begins like.
func monthOf(name string) time.Month {
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(m.String()[:3], name[:3]) {
			return m
		}
	}
	return time.January
}

// partOf is the part of a year that words name: its first month and how many months it has.
func partOf(words string) (first time.Month, count int) {
	for _, p := range [...]struct {
		word  string
		first time.Month
		count int
	}{
		{"early", 1, 4}, {"mid", 5, 4}, {"late", 9, 4}, {"beginning", 1, 3}, {"start", 1, 3}, {"middle", 5, 4}, {"end", 10, 3},
		{"first half", 1, 6}, {"second half", 7, 6}, {"h1", 1, 6}, {"h2", 7, 6}, {"first quarter", 1, 3}, {"second quarter", 4, 3}, {"third quarter", 7, 3}, {"fourth quarter", 10, 3},
		{"q1", 1, 3}, {"q2", 4, 3}, {"q3", 7, 3}, {"q4", 10, 3}, {"spring", 3, 3}, {"summer", 6, 3}, {"autumn", 9, 3}, {"fall", 9, 3},
	} {
		if strings.Contains(words, p.word) {
			return p.first, p.count
		}
	}
	return time.January, 12
}

var publishedPattern = regexp.MustCompile(`(?im)^[\s#*]*(?:(?:published|updated|posted|date|release date|last updated)(?: on)?:?\s+)?(` + dayMonth + `)\b`)

// bylinePattern is a short line that ends with a date: "Jane Roe May 07, 2019", "Friday, August 29, 2025 10:00".
var bylinePattern = regexp.MustCompile(`(?im)^[^\n.!?]{0,60}\b(` + dayMonth + `)(?:[ ,|·–-]*(?:at )?\d{1,2}:\d\d[^\n]{0,15})?[ \t\r]*$`)

// publishedIn is when a report says that it was published: a date that stands at the start of one of its
// first lines, or at the end of a short one.
func publishedIn(text string) time.Time {
	const beginning, byline = 2000, 600
	m := publishedPattern.FindStringSubmatch(text[:min(len(text), beginning)])
	if m == nil {
		if m = bylinePattern.FindStringSubmatch(text[:min(len(text), byline)]); m == nil || archivedPattern.MatchString(m[0]) {
			return time.Time{}
		}
	}
	return dateOf(m[1])
}

// archivedPattern begins lines whose date is not that of the report.
var archivedPattern = regexp.MustCompile(`(?i)\b(?:archived|accessed|retrieved|crawled|copyright|version|event|conference|expires?)\b`)

// dateOf reads a day in any of the forms that reports use; zero if it is none.
func dateOf(s string) time.Time {
	for _, layout := range [...]string{time.RFC3339, time.RFC1123Z, time.RFC1123, time.DateOnly, "2006-01-02T15:04:05", "2006/01/02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	day, _ := timesOf(s)
	return day
}
