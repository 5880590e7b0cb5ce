package intel

// A Fact is what stands behind every statement of a pack: who says so, when, and how far that can
// be trusted. Types of a pack embed it; its keys stand beside theirs.
type Fact struct {
	// Sources are ids of the pack's sources; there is at least one.
	Sources []string `json:"sources"`
	// Grade is how far this statement can be trusted. Sources that repeat one original do not
	// confirm each other.
	Grade Grade `json:"grade"`
	// Date is when it was observed or stated; the date of its first source if the pack gives none.
	Date Date `json:"date,omitempty"`
	// Unverified facts are recalled or copied by one hand only: they are shown and marked, and
	// nothing is hunted, scored or advised because of them.
	Unverified bool `json:"unverified,omitempty"`
	// Generic facts are craft of defenders, and no claim about the pack's actor.
	Generic bool `json:"generic,omitempty"`
	// Line is where it stands in its file.
	Line int `json:"-"`
}

// An Actor is who a pack is about. All names of organisations are theirs who coined them.
type Actor struct {
	ID      string       `json:"id"`   // stable, in lower case with dashes
	Name    string       `json:"name"` // the name to show
	IDs     []ExternalID `json:"ids,omitempty"`
	Aliases []Name       `json:"aliases,omitempty"`
	// NotAliases are names that look like this actor's and are not.
	NotAliases []NotAlias `json:"not_aliases,omitempty"`
	// Country is where the actor is assessed to act from, as ISO 3166-1 alpha-2; Sponsor is for whom.
	Country *Claim `json:"country,omitempty"`
	Sponsor *Claim `json:"sponsor,omitempty"`
	Motive  *Claim `json:"motive,omitempty"`
	// Objectives to DataSought are what is wanted, and from whom; countries are ISO 3166-1 alpha-2.
	Objectives      []Claim `json:"objectives,omitempty"`
	Sectors         []Claim `json:"sectors,omitempty"`
	Regions         []Claim `json:"regions,omitempty"`
	Countries       []Claim `json:"countries,omitempty"`
	SystemsTargeted []Claim `json:"systems_targeted,omitempty"`
	DataSought      []Claim `json:"data_sought,omitempty"`
	// Habits are ways of working that set the actor apart.
	Habits []Claim `json:"habits,omitempty"`
	// Attribution are the reasons that were published for the sponsor.
	Attribution []Claim `json:"attribution,omitempty"`
	// ActiveFrom and ActiveTo are the earliest and the latest activity that was published.
	ActiveFrom *Claim `json:"active_from,omitempty"`
	ActiveTo   *Claim `json:"active_to,omitempty"`
	Hours      *Hours `json:"hours,omitempty"`
	Fact
}

// An ExternalID is what another knowledge base calls the actor.
type ExternalID struct {
	In string `json:"in"` // "MISP galaxy, threat-actor"
	ID string `json:"id"`
	Fact
}

// A Name is another name of an actor.
type Name struct {
	Name string `json:"name"`
	By   string `json:"by"`   // who uses it
	Kind string `json:"kind"` // one of [NameKinds]
	// Confidence is one of [Confidences]; high if the namer says so himself.
	Confidence string `json:"confidence"`
	Fact
}

// A NotAlias is a name that must not be taken for the actor's.
type NotAlias struct {
	Name string `json:"name"`
	Why  string `json:"why"`
	Fact
}

// A Claim is something that is said of an actor.
type Claim struct {
	Value      string `json:"value"` // short, so that claims of packs can be compared
	Note       string `json:"note,omitempty"`
	Confidence string `json:"confidence,omitempty"` // one of [Confidences]
	Fact
}

// Hours are when an actor tends to work. They are weak: machines work at night, and so do people.
type Hours struct {
	From string `json:"from"` // "01:00", in UTC
	To   string `json:"to"`
	Days string `json:"days"` // "Mon-Fri"
	Note string `json:"note,omitempty"`
	Fact
}

// Software is malware or a tool that an actor uses.
type Software struct {
	Name        string     `json:"name"`
	Aliases     []string   `json:"aliases,omitempty"`
	Kind        string     `json:"kind"` // "backdoor", "web shell", "loader"...
	Family      string     `json:"family,omitempty"`
	Platform    string     `json:"platform,omitempty"`
	Description string     `json:"description"`
	Artefacts   []Artefact `json:"artefacts,omitempty"`
	Techniques  []string   `json:"techniques,omitempty"` // ids of ATT&CK
	AttackID    string     `json:"attack_id,omitempty"`  // S0020, if ATT&CK knows it
	// Common tools are used by many and prove little.
	Common bool `json:"common,omitempty"`
	Fact
}

// An Artefact is a trace that a defender can see. One without sources has the fact of its software.
type Artefact struct {
	Kind  string `json:"kind"`  // "filename", "string", "behaviour"...
	Value string `json:"value"` // as it stands in logs and files, or in words
	Note  string `json:"note,omitempty"`
	Fact
}

// A Relation is what connects the actor with another one.
type Relation struct {
	To         string   `json:"to"`
	Names      []string `json:"names,omitempty"` // other names of that actor
	AttackID   string   `json:"attack_id,omitempty"`
	Kind       string   `json:"kind"` // one of [RelationKinds]
	Statement  string   `json:"statement"`
	Confidence string   `json:"confidence"` // one of [Confidences]
	Fact
}

// A TechniqueUse is a technique of ATT&CK that the actor was seen with.
type TechniqueUse struct {
	ID string `json:"id"` // as in ATT&CK 18.1
	// NewID is its id in later versions where it was renumbered.
	NewID      string `json:"new_id,omitempty"`
	Observed   string `json:"observed"`   // what was done
	Shows      string `json:"shows"`      // the logs, events and fields that would show it
	Confidence string `json:"confidence"` // one of [Confidences]
	Fact
}

// A Vulnerability is a hole that was used, by its CVE number.
type Vulnerability struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	Product string `json:"product"`
	Note    string `json:"note,omitempty"`
	Fact
}

// A Moment is an entry of the timeline.
type Moment struct {
	When Date   `json:"when"`
	Text string `json:"text"`
	Fact
}

// A Detection says how something that the pack is about would be seen.
type Detection struct {
	ID         string   `json:"id"`
	Title      string   `json:"title"`
	Logic      string   `json:"logic"`    // in one sentence
	Severity   string   `json:"severity"` // one of [Severities]
	Techniques []string `json:"techniques"`
	// Rules are ids of Sigma rules, Behaviours names of analytics, Indicators types of indicators
	// that state it.
	Rules      []string        `json:"rules,omitempty"`
	Behaviours []string        `json:"behaviours,omitempty"`
	Indicators []IndicatorType `json:"indicators,omitempty"`
	// Needs are the logs of which at least one must be there: without any nobody could have seen it.
	Needs          []Need `json:"needs"`
	FalsePositives string `json:"false_positives"`
	Basis          string `json:"basis,omitempty"` // what it was derived from
	// Lacks is what of it nothing of this program states yet, and why.
	Lacks string `json:"lacks,omitempty"`
	// Systems are the kinds of servers that it is about, of [Systems]; none means any. On others a log
	// that shows nothing says nothing.
	Systems []string `json:"systems,omitempty"`
	// ShownBy are test data sets that show it; "synthetic" if there are none in public.
	ShownBy []string `json:"shown_by,omitempty"`
	Fact
}

// Enabled tells whether findings of a detection count.
func (d *Detection) Enabled() bool { return !d.Unverified }

// A Need is a log that could show a detection.
type Need struct {
	Log string `json:"log"` // for people: where to find it, or to switch it on
	// Product, Category and Service are the log source as Sigma has it.
	Product  string `json:"product,omitempty"`
	Category string `json:"category,omitempty"`
	Service  string `json:"service,omitempty"`
	// Channel and Events are the event log and its event ids, where that says more.
	Channel string   `json:"channel,omitempty"`
	Events  []int    `json:"events,omitempty"`
	Fields  []string `json:"fields,omitempty"` // without which it cannot be seen
}

// Advice is something to do, and what it answers.
type Advice struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Text  string `json:"text"`
	Owner string `json:"owner"` // the role that can do it
	// Effort is one of [Efforts]; Order is the order of effect, 1 first.
	Effort      string   `json:"effort"`
	Order       int      `json:"order"`
	Mitigations []string `json:"mitigations,omitempty"` // ids of ATT&CK, M1051
	D3FEND      []string `json:"d3fend,omitempty"`      // ids of MITRE D3FEND, D3-SU
	Techniques  []string `json:"techniques,omitempty"`
	// Answers are ids of detections, Rules and Behaviours what else it is the answer to.
	Answers    []string `json:"answers,omitempty"`
	Rules      []string `json:"rules,omitempty"`
	Behaviours []string `json:"behaviours,omitempty"`
	Fact
}

// A Quote is what a source says in its own words.
type Quote struct {
	Text string `json:"text"`
	By   string `json:"by"`
	Fact
}

// NameKinds are the kinds of names an actor can have.
func NameKinds() []string {
	return []string{"alias", "campaign", "cluster", "former", "temporary-group"}
}

// RelationKinds are the ways in which actors can be connected.
func RelationKinds() []string {
	return []string{"part-of", "same-as", "shared-infrastructure", "shared-tools", "similar-techniques"}
}

// Confidences are how sure a statement is meant to be.
func Confidences() []string { return []string{"low", "medium", "high"} }

// Severities are the levels of Sigma (specification 2.1.0, "level").
func Severities() []string { return []string{"informational", "low", "medium", "high", "critical"} }

// Efforts are how long a piece of advice takes to follow.
func Efforts() []string { return []string{"hours", "days", "weeks", "months"} }

// Systems are the kinds of servers that a detection can be about.
func Systems() []string { return []string{"mail", "web", "database"} }
