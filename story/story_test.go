package story

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"aldebaran/attack"
	"aldebaran/intel"
	"aldebaran/story/technique"
)

// crane is a pack about an invented actor.
var crane = &intel.Pack{
	Name: "paper-crane",
	Actor: &intel.Actor{
		Name:       "Paper Crane",
		Aliases:    []intel.Name{{Name: "CL-STA-9999"}, {Name: "Folded Bird", Fact: intel.Fact{Unverified: true}}},
		NotAliases: []intel.NotAlias{{Name: "ReedSpecter"}, {Name: "Paper Boat"}},
	},
	Malware:   []intel.Software{{Name: "ReedSpecter"}, {Name: "REED-NET", Aliases: []string{"reedcore.dll"}}, {Name: "Hidden", Fact: intel.Fact{Unverified: true}}},
	Tools:     []intel.Software{{Name: "ReedScan"}, {Name: "Mimikatz", AttackID: "S0002", Common: true}},
	Relations: []intel.Relation{{To: "Iron Heron", Names: []string{"APT-X-77"}, AttackID: "G0027"}},
}

var known = sync.OnceValue(func() Options {
	return Options{Lexicon: NewLexicon(attack.Load(), []*intel.Pack{crane})}
})

func read(tb testing.TB, text, path string, opt Options) *Story {
	tb.Helper()
	s, err := Read(strings.NewReader(text), path, opt)
	if err != nil {
		tb.Fatal(err)
	}
	check(tb, s)
	return s
}

// check holds a story against what its readers rely on: every claim quotes the text at its place.
func check(tb testing.TB, s *Story) {
	tb.Helper()
	if !utf8.ValidString(s.Text) {
		tb.Errorf("%s: the text is not UTF-8", s.Path)
	}
	end := 0
	for _, sp := range s.Sentences {
		if sp.Start < end || sp.End <= sp.Start || sp.End > len(s.Text) {
			tb.Fatalf("%s: sentence %v behind %d, in a text of %d bytes", s.Path, sp, end, len(s.Text))
		}
		end = sp.End
	}
	start := 0
	for i, c := range s.Claims {
		switch {
		case c.Start < 0 || c.End > len(s.Text) || c.Start >= c.End:
			tb.Fatalf("%s: claim %s at %d to %d of %d", s.Path, c.ID, c.Start, c.End, len(s.Text))
		case s.Text[c.Start:c.End] != c.Quote:
			tb.Errorf("%s: claim %s quotes %q, at its place is %q", s.Path, c.ID, c.Quote, s.Text[c.Start:c.End])
		case c.Start < start:
			tb.Errorf("%s: claim %s is not in the order of the text", s.Path, c.ID)
		case c.ID != fmt.Sprintf("c%d", i+1):
			tb.Errorf("%s: claim %d is called %s", s.Path, i+1, c.ID)
		case c.Name == "" || c.Kind == "" || c.How == "" || c.Times < 1:
			tb.Errorf("%s: claim without a name, kind, way or count: %+v", s.Path, c)
		case c.Score <= 0 || c.Score > 1:
			tb.Errorf("%s: claim %s has the score %g", s.Path, c.ID, c.Score)
		case c.Sentence.Start > c.Start || c.Sentence.End < c.End:
			tb.Errorf("%s: claim %s at %d to %d is not in its sentence %v", s.Path, c.ID, c.Start, c.End, c.Sentence)
		}
		start = c.Start
	}
}

// said gives claims as short lines: what a table of tests can hold.
func said(s *Story, kinds ...Kind) []string {
	var all []string
	for _, c := range s.Claims {
		wanted := len(kinds) == 0
		for _, k := range kinds {
			wanted = wanted || c.Kind == k
		}
		if !wanted {
			continue
		}
		line := string(c.Kind) + " " + c.Name
		if c.Kind == Relation {
			line = c.Subject + " " + c.Name + " " + c.Object
		}
		if len(c.Refs) > 0 && c.Kind != Technique {
			line += " " + strings.Join(c.Refs, "+")
		}
		for _, mark := range []struct {
			is   bool
			word string
		}{{c.New, "new"}, {c.Negated, "denied"}, {c.Hedged, "doubted"}, {c.Speaker != "", "says " + c.Speaker}, {c.Role == "origin" || c.Role == "victim" || c.Role == "aside", c.Role}} {
			if mark.is {
				line += ", " + mark.word
			}
		}
		all = append(all, line)
	}
	return all
}

func TestClaims(t *testing.T) {
	f := func(text string, kind Kind, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, said(read(t, text, "story.txt", known()), kind)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	// names, however they are written
	f("Paper Crane came back.", Actor, "actor Paper Crane pack:paper-crane")
	f("They call CL-STA-9999 patient.", Actor, "actor Paper Crane pack:paper-crane")
	f("A cluster, CL STA 9999, was seen.", Actor, "actor Paper Crane pack:paper-crane")
	f("The paper crane on the desk was folded by hand.", Actor)
	f("Folded Bird is what nobody has verified.", Actor)
	f("Reednet loads reedcore.dll at once.", Malware, "malware REED-NET pack:paper-crane")
	f("Researchers found Mimikatz there.", Tool, "tool Mimikatz S0002, says Researchers")
	f("APT-X-77 uses ReedScan.", Actor, "actor Iron Heron G0027")
	f("APT28 and Fancy Bear are the same.", Actor, "actor APT28 G0007")
	f(`The host turla.example and C:\apt28\x.exe name nobody.`, Actor)
	// common words
	f("We play chess, and the empire fell.", Malware)
	f("The Play ransomware is new.", Malware, "malware Playcrypt S1162")
	f("Admins use net use to map drives, and at night they sleep.", Tool)
	f("They ran net.exe twice.", Tool, "tool Net S0039")
	// a name of two things
	f("ReedSpecter was seen.", Malware, "malware ReedSpecter pack:paper-crane+other:ReedSpecter")
	f("A backdoor called ReedSpecter was seen.", Malware, "malware ReedSpecter pack:paper-crane")
	f("The group ReedSpecter was seen.", Malware)
	f("The group ReedSpecter was seen.", Actor, "actor ReedSpecter")
	f("Paper Boat is somebody else.", Actor, "actor Paper Boat")
	// several sources: one actor, and a synonym of two
	// lists of names; names that are common words, said to be names once
	f("Turla (also known as Waterbug, Snake and KRYPTON) came.", Actor, "actor Turla G0010")
	f("Turla (also known as Waterbug, Snake and KRYPTON) came.", Relation, "Turla also known as KRYPTON", "Turla also known as Snake", "Turla also known as Waterbug")
	f("A group called Hafnium came. The next day Hafnium left.", Actor, "actor HAFNIUM G0125")
	f("Turla, also known as Torn Sheet, came; the group known as Torn Sheet left.", Actor, "actor Turla G0010")
	f("Paper Crane is not also known as UNC99999.", Actor, "actor Paper Crane pack:paper-crane", "actor UNC99999, new, denied")
	f("Paper Crane, also known as Paper Boat, came.", Actor, "actor Paper Crane pack:paper-crane", "actor Paper Boat")
	f("Paper Crane (a.k.a. UNC99999) came.", Actor, "actor Paper Crane pack:paper-crane")
	f("Kevin Smith and James Miller wrote this.", Malware)
	f("SeaDuke was used.", Malware, "malware SeaDuke S0053")
	f("GRIZZLY STEPPE was the name of a report.", Actor, "actor Grizzly Steppe G0007+G0016")
	// new names
	f("The backdoor, dubbed by Acme as LUMPO, listens. LUMPO never sleeps.", Malware, "malware LUMPO, new")
	f("A group that is tracked as UNC99999 did it.", Actor, "actor UNC99999, new")
	f("TA0043 is a tactic, T1043 is a port.", Actor)
	f("The threat actor known as Marble Owl struck. Marble Owl denies it.", Actor, "actor Marble Owl, new")
	f("The backdoor uses the Graph API for command and control, which we’re naming LumpoGraph.", Malware, "malware LumpoGraph, new")
	f("It lay in “/owa/auth/reed.aspx” and in /plugx/x.", Malware)
	f("They opened a website called Papyrus in May.", Actor)
	f("The Zephyrix ransomware locks files.", Malware, "malware Zephyrix, new")
	f("The Linux ransomware locks files.", Malware)
	f("MudRAT came first.", Malware, "malware MudRAT, new")
	// numbers
	f("They used CVE-2021-26855 and cve–2021–34473.", Vulnerability, "vulnerability CVE-2021-26855", "vulnerability CVE-2021-34473")
	f("This is T1505.003, or T1059/001 as links have it.", Technique, "technique T1505.003", "technique T1059.001")
	f("Spearphishing Attachment was the first step.", Technique, "technique T1566.001")
	f("They used CVE-2021-26855, -26857, or -27065 to write, and CVE-2021-28480, 28481, and 28482.", Vulnerability, "vulnerability CVE-2021-26855", "vulnerability CVE-2021-26857",
		"vulnerability CVE-2021-27065", "vulnerability CVE-2021-28480", "vulnerability CVE-2021-28481", "vulnerability CVE-2021-28482")
	f("They used CVE-2020-1472, 2016 servers and CVE-2020-0688 and 30000 hosts.", Vulnerability, "vulnerability CVE-2020-1472", "vulnerability CVE-2020-0688")
	f("The Zerologon hole helped.", Vulnerability, "vulnerability CVE-2020-1472")
	f("They used backdoors; this one is a stage of Quartzite, the backdoor of 2013, and malware families such as Slate.", Malware, "malware Quartzite, new", "malware Slate, new")
	// denial, doubt, who says it
	f("Acme has not observed Paper Crane act on its aims.", Actor, "actor Paper Crane pack:paper-crane")
	f("Acme has not observed Paper Crane in banks.", Actor, "actor Paper Crane pack:paper-crane, denied")
	f("Acme did not identify the hackers in the Kenyan incidents.", Country, "country KE")
	f("“When I found Paper Crane there, I was sure,” Roe said.", Actor, "actor Paper Crane pack:paper-crane, says Roe")
	f("Paper Crane is not linked to ransomware.", Relation, "Paper Crane linked to ransomware, denied")
	f("It was not Paper Crane, but APT28 was there.", Actor, "actor Paper Crane pack:paper-crane, denied", "actor APT28 G0007")
	f("Not only Paper Crane was there.", Actor, "actor Paper Crane pack:paper-crane")
	f("It has not been seen with known holes such as CVE-2021-26855.", Vulnerability, "vulnerability CVE-2021-26855")
	f("We cannot say for sure whether Paper Crane was there.", Actor, "actor Paper Crane pack:paper-crane")
	f("Paper Crane was never seen there.", Actor, "actor Paper Crane pack:paper-crane, denied")
	f("Paper Crane may be behind it.", Actor, "actor Paper Crane pack:paper-crane, doubted")
	f("In May 2024 Paper Crane came.", Actor, "actor Paper Crane pack:paper-crane")
	f("According to Acme Labs, Paper Crane did it.", Actor, "actor Paper Crane pack:paper-crane, says Acme Labs")
	f("Acme Labs believes that Paper Crane did it.", Actor, "actor Paper Crane pack:paper-crane, doubted, says Acme Labs")
	// one claim for all mentions, the plainest
	f("Paper Crane may be behind it. Paper Crane did it.", Actor, "actor Paper Crane pack:paper-crane")
	// targets
	f("The Chinese hackers attacked ministries in Togo and the Middle East.", Country, "country CN, origin", "country TG, victim")
	f("The Chinese hackers attacked ministries in Togo and the Middle East.", Region, "region Middle East, victim")
	f("Let us go; it costs US $100.", Country)
	f("An Iran-backed group did it.", Country, "country IR, origin")
	f("They targeted energy companies, banks and the aerospace industry.", Sector, "sector energy, victim", "sector finance, victim", "sector aerospace, victim")
	f("He has the energy to finance a new medical career.", Sector)
	f("The Iranian government said nothing.", Sector)
	f("They go for email servers and Microsoft SQL Server.", System, "system mail servers, victim", "system database servers, victim")
	f("An exchange of letters.", System)
	f("They steal diplomatic correspondence and passwords.", Data, "data diplomatic correspondence", "data passwords")
	f("We write documents.", Data)
	// whose country it is
	f("Paper Crane works in regions of strategic interest to Kenya.", Country, "country KE")
	f("The targeting of Paper Crane aligns with the People's Republic of China (PRC) economic interests.", Country, "country CN, origin")
	f("Operations that are consistent with Kenyan interests targeted Togo.", Country, "country KE, origin", "country TG, victim")
	f("They targeted Kenyan interests.", Country, "country KE, victim")
	f("The People's Republic of China (PRC) state-sponsored actors came.", Country, "country CN, origin")
	f("Kenya's APT28 came.", Country, "country KE, origin")
	f("The wave of mail was directed at a government entity linked to Togo.", Country, "country TG, victim")
	f("The attacks on Togo were the work of a team closely aligned with the Kenyan government.", Country, "country TG, victim", "country KE, origin")
	f("They attributed the attacks on Togo to a hacking team.", Country, "country TG, victim")
	f("The Kenyan security firm Acme saw it in attacks.", Country, "country KE")
	f("Cybersecurity agencies from Kenya and Togo revealed it.", Country, "country KE, says Togo", "country TG, says Togo")
	f("The Nairobi-based security firm Acme saw attacks.", Country, "country KE")
	f("The group is located in Kenya.", Country, "country KE, origin")
	f("They attacked organizations based in Kenya.", Country, "country KE, victim")
	f("It affected providers in Kenya and Togo.", Country, "country KE, victim", "country TG, victim")
	f("They led an espionage campaign across Kenya.", Country, "country KE, victim")
	f("Countries: Kenya, Togo", Country, "country KE, victim", "country TG, victim")
	f("Country: Kenya", Country, "country KE, origin")
	f("They go for IT networks and IT companies.", Sector, "sector technology, victim")
	f("The campaign serves Kenya's Ministry of State Security, companies say.", Country, "country KE, origin")
	f("They spy in regions of interest to Kenya, including Togo.", Country, "country KE", "country TG")
	f("Country\tKenya", Country, "country KE, origin")
	f("Sectors: energy, mining", Sector, "sector energy, victim", "sector mining, victim")
	f("Acme stopped short of saying that they are sponsored by the Kenyan government.", Assessment, "assessment are sponsored by the kenyan government, denied")
	// relations
	f("Paper Crane shares infrastructure with APT28 and APT29.", Relation, "Paper Crane shares infrastructure with APT29", "Paper Crane shares infrastructure with APT28")
	f("Paper Crane, also known as Torn Sheet Group, came.", Relation)
	f("Paper Crane overlaps with the cluster UNC99999.", Relation, "Paper Crane overlaps with UNC99999")
	f("Paper Crane's infrastructure overlaps with APT28. The latter is also known as Fancy Bear.", Relation,
		"Paper Crane shares infrastructure with APT28", "APT28 also known as Fancy Bear")
	f("The activity of Paper Crane overlaps with the group known as UNC99999.", Relation, "Paper Crane overlaps with UNC99999")
	f("Paper Crane has been linked to attacks on banks in Togo.", Relation, "Paper Crane linked to attacks on banks in Togo")
	f("Paper Crane has been linked to a group based in Iran.", Relation, "Paper Crane linked to IR")
	f("Acme attributes Paper Crane to Iran.", Relation, "Paper Crane attributed to IR, says Acme")
	f("Paper Crane wrote to individuals associated with the ministry.", Relation)
	// times of something else
	f("In early March 2021, Acme disclosed that they came.", Period, "period 2021-03-01/2021-03-31, says Acme, aside")
	f("In March 2021, Paper Crane targeted banks, as Acme disclosed.", Period, "period 2021-03-01/2021-03-31, says Acme")
	f("The ministry issued an alert about this on Jan. 24, 2019.", Period, "period 2019-01-24/2019-01-24, aside")
	f("The implant was first brought into the light by Acme’s large team for such things on July 10, 2018.", Period, "period 2018-07-10/2018-07-10, aside")
	f("They looked for letters about a summit in Nairobi, Kenya, in 2022.", Period, "period 2022-01-01/2022-12-31, aside")
	f("Acme said that the group exploited it in March 2021.", Period, "period 2021-03-01/2021-03-31, says Acme")
	// judgement and advice
	f("Acme assesses with moderate confidence that it is state-sponsored.", Assessment, "assessment with moderate confidence, says Acme", "assessment state-sponsored, says Acme")
	f("Organisations should patch now. It was patched. Block the addresses below. This article should give an overview. Create Account", Advice, "advice Organisations should patch now", "advice Block the addresses below")
}

func TestPeriods(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		var got []string
		for _, c := range read(t, text, "story.txt", Options{}).Claims {
			if c.Kind == Period {
				got = append(got, c.Name)
				if c.Name != periodName(c.From, c.To) && !(c.From.IsZero() && c.To.IsZero()) && !strings.Contains(c.Name, "months") {
					t.Errorf("%q: %s from %v to %v", text, c.Name, c.From, c.To)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	f("It began in 2024.", "2024-01-01/2024-12-31")
	f("It began in March 2024.", "2024-03-01/2024-03-31")
	f("On 3 March 2024 it began.", "2024-03-03/2024-03-03")
	f("On March 3rd, 2024 it began.", "2024-03-03/2024-03-03")
	f("Since early 2025 it goes on.", "2025-01-01/..")
	f("As early as late 2022 they came.", "2022-09-01/..")
	f("It lasted from March 2023 to May 2024.", "2023-03-01/2024-05-31")
	f("Between 2022-12-05 and 2022-12-09 mail was read.", "2022-12-05/2022-12-09")
	f("They stayed until June 2021.", "../2021-06-30")
	f("In Q3 2024 it began.", "2024-07-01/2024-09-30")
	f("They were there for more than two years.", "more than two years")
	f("They used CVE-2021-26855 in 20214.")
	f("It went on from February to September 2023.", "2023-02-01/2023-09-30")
	f("From November to January 2022 they read mail.", "2021-11-01/2022-01-31")
	f("January-February 2021: they came.", "2021-01-01/2021-02-28")
	f("Between December 2024 and January 2025 five fell.", "2024-12-01/2025-01-31")
	f("The group, first observed in 2023, is back.", "2023-01-01/..")
	f("Starting around May 15, 2023 they read mail.", "2023-05-15/..")
	f("Before 2021 they came.", "../2020-12-31")
	f("By 2021 they had learnt. It continued into 2023.", "../2023-12-31")
	f("They have been there for at least two and a half years.", "at least two and a half years")
	f("On 31 February 2024 nothing was.")
	f("Published: 2025-10-02\n\nThey were there for the last six months.", "last six months")
	f("Published: 2022-12-16\n\nIn early December they exported mailboxes. They have been there since March, and in May 2020 they were not. Until January they slept.",
		"2022-12-01/2022-12-31", "2022-03-01/..", "2020-05-01/2020-05-31", "../2022-01-31")
	f("Published: 2022-02-16\n\nIn December they came. In May, may they go.", "2021-12-01/2021-12-31", "2021-05-01/2021-05-31")
	s := read(t, "Published: 2025-10-02\n\nThey were there for the last six months.", "story.txt", Options{})
	if c := s.Claims[0]; c.From != time.Date(2025, 4, 2, 0, 0, 0, 0, time.UTC) || c.To != time.Date(2025, 10, 2, 23, 59, 59, 0, time.UTC) {
		t.Errorf("six months before the second of October are %v to %v", c.From, c.To)
	}
}

func TestIndicators(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, said(read(t, text, "story.txt", Options{}), Indicator)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	f("It contacted evil[.]example and 203[.]0[.]113[.]7.", "indicator evil.example", "indicator 203.0.113.7")
	f("It contacted evil[.]example. Read https://blog.example/post for more.", "indicator evil.example")
	f("The C2 server evil-crane.net answered.", "indicator evil-crane.net")
	f("Read the post at evil-crane.net if you like.")
	f("See https://www.cisa.gov/alerts about the C2 server.")
	f("Then w3wp.exe started cmd.exe and reed.exe.", "indicator reed.exe")
	f(`It lay in C:\Windows\System32 as C:\ProgramData\reed.exe.`, `indicator c:\programdata\reed.exe`)
	f("IOCs:\nhttps://security.com/blogs/cranes\nhttps://evil-crane.net/cranes", "indicator https://evil-crane.net/cranes")
	f("No sign of evil[.]example was found.", "indicator evil.example, denied")
}

// A story is the same whatever it is wrapped in.
func TestSameInAllFormats(t *testing.T) {
	want := []string{"actor Paper Crane pack:paper-crane", "region Africa, victim", "malware ReedSpecter pack:paper-crane", "indicator evil.example"}
	const first, second = "Paper Crane targets embassies in Africa.", "Its backdoor ReedSpecter calls evil[.]example."
	page := "<!DOCTYPE html><html><head><title>Cranes</title></head><body><nav>APT28 <a href=x>news</a></nav><article><h1>Cranes</h1><p>" + first +
		"</p><p>" + second + strings.Repeat(" Nothing else was said that day.", 10) + "</p></article><div class=\"related-posts\">APT29</div><script>APT1()</script><p hidden>APT3</p></body></html>"
	mail := "From: a@b.example\r\nSubject: =?utf-8?q?Cranes?=\r\nDate: Thu, 02 Oct 2025 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"
	for _, c := range []struct{ name, format, text string }{
		{"story.txt", "text", first + "\n\n" + second},
		{"story.txt", "text", "\ufeff" + first + "\r\n\r\n" + second},
		{"story.md", "markdown", "# Cranes\n\n**Paper\nCrane** targets [embassies](https://apt28.example/) in Africa.\n\n- Its backdoor `ReedSpecter` calls\n  evil[.]example.\n<!-- APT28 -->"},
		{"story", "html", page},
		{"story.eml", "email", mail + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + first + "\r\n\r\n" + second},
		{"story.eml", "email", mail + "Content-Type: multipart/alternative; boundary=xx\r\n\r\n--xx\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nPaper Crane targets em=\r\nbassies in Africa.=0A=0A" + second +
			"\r\n--xx\r\nContent-Type: text/html\r\n\r\n<p>APT28</p>\r\n--xx--\r\n"},
		{"story.eml", "email", mail + "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGh0bWw+PGJvZHk+PHA+UGFwZXIgQ3JhbmUgdGFyZ2V0cyBlbWJhc3NpZXMgaW4gQWZyaWNhLjwvcD48cD5J\r\ndHMgYmFja2Rvb3IgUmVlZFNwZWN0ZXIgY2FsbHMgZXZpbFsuXWV4YW1wbGUuPC9wPjwvYm9keT48L2h0bWw+\r\n"},
		{"story.pdf", "pdf", minimalPDF(first, second)},
	} {
		s := read(t, c.text, c.name, known())
		if s.Format != c.format {
			t.Errorf("%s: format %q, want %q", c.name, s.Format, c.format)
		}
		if diff := cmp.Diff(want, said(s, Actor, Region, Malware, Indicator)); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", c.name, c.format, diff)
		}
	}
}

// What a site has around a story is none of it, and what it advises nobody did.
func TestSections(t *testing.T) {
	f := func(name, text string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, said(read(t, text, name, known()), Actor, Malware, Country)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	crane := "actor Paper Crane pack:paper-crane"
	f("x.txt", "Paper Crane came back.\n\nRelated: APT28 spies on Togo\nRead more: APT29 and PlugX\n\nIt left.", crane)
	f("x.txt", "Paper Crane came back.\n\nYou might also like\n\nAPT28 spies on Togo\nWhat APT29 did next\n\nIt uses PlugX every day.", crane, "malware PlugX S0013")
	f("x.md", "# Cranes\n\nPaper Crane came back.\n\n## Related articles\n\n* [APT28 spies on Togo](https://a.example/1)\n\n## Tools\n\nIt uses PlugX.", crane, "malware PlugX S0013")
	f("x.html", "<html><body><p>Paper Crane came back.</p><p><b>Related:</b> <a href=x>APT28 spies on Togo</a></p><ul><li><a href=x>What APT29 did next</a></li></ul><h2>Tools</h2><p>It uses PlugX.</p></body></html>", crane, "malware PlugX S0013")
	f("x.txt", "Related work is that of APT28.", "actor APT28 G0007")

	m, err := technique.Load()
	if err != nil {
		t.Fatal(err)
	}
	opt := known()
	opt.Model = m
	const deed = "Timestamps of files are changed with a tool that compares them"
	for _, text := range []string{
		"Defenses: " + deed + ".",
		"## Mitigations\n\n- " + deed + "\n- " + deed + ".\n\n## More",
		"What should you do?\n\n" + deed + ".",
	} {
		if got := said(read(t, text, "x.md", opt), Technique); len(got) > 0 {
			t.Errorf("%q describes %q, and is advice", text, got)
		}
	}
	if got := said(read(t, "## Mitigations\n\nPatch.\n\n## What they did\n\n"+deed+".", "x.md", opt), Technique); len(got) == 0 {
		t.Errorf("the section behind the advice describes nothing")
	}
}

// minimalPDF is a PDF with two lines; neither its table of references nor its lengths are right.
func minimalPDF(first, second string) string {
	escape := strings.NewReplacer("(", `\(`, ")", `\)`, `\`, `\\`).Replace
	content := fmt.Sprintf("BT /F1 12 Tf 72 700 Td (%s) Tj 0 -40 Td [(%s) -300 (%s)] TJ ET", escape(first), escape(second[:4]), escape(second[4:]))
	return "%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj\n" +
		"3 0 obj <</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>> endobj\n" +
		"4 0 obj <</Length 1>> stream\n" + content + "\nendstream endobj\n5 0 obj <</Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding>> endobj\n" +
		"trailer <</Root 1 0 R>>\n%%EOF\n"
}

func TestEncodings(t *testing.T) {
	f := func(name, data, path, want string) {
		t.Helper()
		s := read(t, data, path, Options{})
		if !strings.Contains(s.Text, want) {
			t.Errorf("%s: %q, want %q in it", name, s.Text, want)
		}
	}
	utf16 := func(s string, big bool) string {
		var b strings.Builder
		for _, r := range s {
			if big {
				b.WriteByte(byte(r >> 8))
				b.WriteByte(byte(r))
			} else {
				b.WriteByte(byte(r))
				b.WriteByte(byte(r >> 8))
			}
		}
		return b.String()
	}
	f("UTF-16 with mark", "\xff\xfe"+utf16("Attaque à Lomé", false), "x.txt", "Attaque à Lomé")
	f("UTF-16 with mark, other end first", "\xfe\xff"+utf16("Attaque à Lomé", true), "x.txt", "Attaque à Lomé")
	f("UTF-16 without mark", utf16("An attack in the ministry", false), "x.txt", "An attack")
	f("UTF-16 without mark, other end first", utf16("An attack in the ministry", true), "x.txt", "An attack")
	f("Windows-1252", "Attaque \x93\xe0 Lom\xe9\x94", "x.txt", "Attaque “à Lomé”")
	f("Windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0, \xfd\xf2\xee \xef\xe8\xf1\xfc\xec\xee", "x.txt", "Привет мир")
	f("GB18030", "\xd6\xd0\xb9\xfa\xba\xda\xbf\xcd\xb9\xa5\xbb\xf7\xc1\xcb\xb4\xf3\xca\xb9\xb9\xdd", "x.txt", "中国黑客")
	f("Shift_JIS", "\x83n\x83b\x83J\x81[\x82\xaa\x8dU\x8c\x82\x82\xb5\x82\xbd\x83T\x81[\x83o\x81[", "x.txt", "ハッカー")
	f("HTML that says so", "<html><head><meta charset=iso-8859-2></head><body><p>\xbe\xe1ba</p></body></html>", "x.html", "žába")
}

// Whom it concerns is found in French and Arabic, too.
func TestOtherLanguages(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, said(read(t, text, "x.txt", known()), Country, Region, Sector, System, Actor)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	f("Des pirates informatiques chinois ont visé les serveurs de messagerie des ministères des Affaires étrangères au Togo et dans des pays d'Afrique.",
		"country CN, origin", "system mail servers, victim", "sector foreign affairs, victim", "country TG, victim", "region Africa, victim")
	f("Le groupe APT28, lié à la Russie, est dans les routeurs des opérateurs de télécommunications de la région.",
		"actor APT28 G0007", "country RU, origin", "system network devices", "sector telecommunications")
	f("Ce pays est d'un grand intérêt stratégique pour la Chine et le sera.", "country CN")
	f("قالت الشركة إن مجموعة قراصنة صينيين استهدفت خوادم البريد الإلكتروني في وزارات الخارجية بمصر والأردن",
		"country CN, origin", "system mail servers, victim", "sector foreign affairs, victim", "country EG, victim", "country JO, victim")
}

func TestPublished(t *testing.T) {
	f := func(text, date, title string) {
		t.Helper()
		s := read(t, text, "x.txt", Options{})
		if got := s.Published.Format(time.DateOnly); got != date && (date != "" || !s.Published.IsZero()) || s.Title != title {
			t.Errorf("%q: published %s with the title %q, want %s and %q", text, got, s.Title, date, title)
		}
	}
	f("Cranes\n\nJane Roe May 07, 2019\n\nThey came.", "2019-05-07", "Cranes")
	f("313/68 Friday, August 29, 2025\n\nCranes are back\n\nThey came.", "2025-08-29", "Cranes are back")
	f("May 23, 2024 at 06:12AM\nCranes are back\nThey came.", "2024-05-23", "Cranes are back")
	f("Cranes that were folded by hand came back to the ministries of many countries last week, said people who know them well and who have followed their flight for many years.", "",
		"Cranes that were folded by hand came back to the ministries of many…")
	if s := read(t, "<html><head><title>Cranes are back - Acme News</title></head><body><h1>Cranes are <b>back</b></h1><p>They came.</p></body></html>", "x.html", Options{}); s.Title != "Cranes are back" {
		t.Errorf("the title of a page is %q", s.Title)
	}
	f("Cranes\nArchived: 2026-04-05 14:52:11 UTC\nThey came.", "", "Cranes")
	f("Cranes\nThe group has been seen there since May 7, 2019.", "", "Cranes")
}

func TestNoStory(t *testing.T) {
	f := func(data, want string) {
		t.Helper()
		if _, err := Read(strings.NewReader(data), "x", known()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %v, want %q", data, err, want)
		}
	}
	f("", "found an empty file")
	f(" \n\t", "found an empty file")
	f("PK\x03\x04word/document.xml", "found a binary file")
	f(strings.Repeat("\x00\x01\x02\x03", 100), "found a binary file")
	f("%PDF-1.4\n", "found none")
	if s := read(t, "A report on %PDF- headers.", "x", known()); s.Format != "text" {
		t.Errorf("a text about PDF is taken for %s", s.Format)
	}
	if s := read(t, "\ufeff{\"type\": \"bundle\", \"objects\": [{\"type\": \"tool\", \"id\": \"tool--1\", \"name\": \"Mimikatz\"}]}", "x", known()); s.Format != "stix" || len(s.Claims) != 1 {
		t.Errorf("STIX behind a mark is %s with %d claims", s.Format, len(s.Claims))
	}
	if s := read(t, "From a@b.example Thu Oct  2\nFrom: a@b.example\nSubject: x\nDate: Thu, 02 Oct 2025 08:00:00 +0000\n\nMimikatz was seen.", "x", known()); s.Format != "email" || len(s.Claims) != 1 {
		t.Errorf("a message of a mailbox is %s with %d claims", s.Format, len(s.Claims))
	}
}

func TestSentences(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		s := read(t, text, "x.txt", Options{})
		var got []string
		for _, sp := range s.Sentences {
			got = append(got, s.Text[sp.Start:sp.End])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	f("One. Two! Three?", "One.", "Two!", "Three?")
	f("Dr. Smith of the U.S. Army saw mssq.bat, e.g. on SQL servers.", "Dr. Smith of the U.S. Army saw mssq.bat, e.g. on SQL servers.")
	f("He said “it is over.” Then he left.", "He said “it is over.”", "Then he left.")
	f("A title\n\nA paragraph that is wrapped at about sixty or seventy bytes of text\ngoes on. It ends.", "A title", "A paragraph that is wrapped at about sixty or seventy bytes of text\ngoes on.", "It ends.")
	f("- one\n- two", "- one", "- two")
	f("攻撃です。終わり。", "攻撃です。", "終わり。")
}

func TestDescribed(t *testing.T) {
	m, err := technique.Load()
	if err != nil {
		t.Fatal(err)
	}
	opt := known()
	opt.Model = m
	f := func(text, id string, denied, doubted bool) {
		t.Helper()
		for _, c := range read(t, text, "x.txt", opt).Claims {
			if c.Kind == Technique && c.Name == id {
				if c.Negated != denied || c.Hedged != doubted {
					t.Errorf("%q: %s denied %v, doubted %v", text, id, c.Negated, c.Hedged)
				}
				return
			}
		}
		t.Errorf("%q: no claim of %s", text, id)
	}
	f("The operators changed the timestamps of their files.", "T1070.006", false, false)
	f("The operators did not change the timestamps of their files.", "T1070.006", true, false)
	f("The operators may have changed the timestamps of their files.", "T1070.006", false, true)
	f("The operators changed the timestamps of their files, and they may return.", "T1070.006", false, false)
	s := read(t, "Monitor whether somebody changes the timestamps of files.", "x.txt", opt)
	if got := said(s, Technique); len(got) > 0 {
		t.Errorf("advice makes claims: %q", got)
	}
	s = read(t, "The firm prints email addresses on cards of paper.", "x.txt", opt)
	for _, c := range s.Claims {
		if c.Kind == Technique && c.How == named {
			t.Errorf("common words are taken for the name of a technique: %+v", c)
		}
	}
}
