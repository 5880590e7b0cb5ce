package event

// A Unit is a piece of a log that can be read by itself, so that several workers can share a
// large file: bytes [Start, End) of it.
type Unit struct {
	// Index counts the units of a file from 0; results are put in order by it.
	Index      int
	Start, End int64
}

// A Report is what a reader says of one unit after reading it.
type Report struct {
	// Events counts the events handed out, Recovered those among them that were stale records.
	Events, Recovered int
	// Bytes is the number of bytes that held records ("used" bytes, without empty space).
	Bytes int64
	// Damage lists what could not be read, in the order of the offsets.
	Damage []Damage
	// Digest identifies the unit's contents: the same records give the same digest wherever they
	// stand. It tells duplicates; it is no protection against forgery.
	Digest uint64
	// Clock says in which time zone the unit's times were written, and how that is known.
	Clock Clock
}

// A Clock is how a log tells time. The zero value is a log whose times say everything themselves.
type Clock struct {
	// Zone is the time zone of the log's own times: "UTC", "+02:00", "Asia/Riyadh".
	Zone string `json:"zone"`
	// How says how the zone was decided, in words for people: "the format writes UTC", "--tz".
	How string `json:"how"`
	// Assumed marks a zone that nothing in the log confirms.
	Assumed bool `json:"assumed,omitempty"`
}
