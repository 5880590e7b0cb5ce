package evidence

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
)

// A Kept is a file of the evidence of which a case keeps what was read, piece by piece.
type Kept struct {
	// Path is the file as it was named, Size and Modified are those when it was read.
	Path     string
	Size     int64
	Modified time.Time
	// Check is that of its contents, see [Source.Check]; "" if it is not known yet.
	Check string
	// Pieces is their number; Complete says that there are no more.
	Pieces   int
	Complete bool
	// Reread says that behaviours have seen some of it: what they saw is not kept, they must see it again.
	Reread bool
}

// Check reads the whole file and gives a short text that is another one if the contents are, but for one
// chance in 2^64; "" where SHA256 gives "". It costs a tenth of that, and protects from chance only: who
// changes a file on purpose, after it was read, changes nothing in what was read.
func (s *Source) Check(ctx context.Context) (string, error) {
	if s.at == nil || s.passing != nil {
		return "", nil
	}
	return check(ctx, io.NewSectionReader(s.at, 0, s.Size))
}

// Unchanged tells whether a file is as it was when it was read: of the same size and date, and with the
// same contents. Event logs of a running system are changed without either.
func (k *Kept) Unchanged(ctx context.Context) bool {
	info, err := os.Stat(k.Path)
	if err != nil || info.Size() != k.Size || !info.ModTime().Equal(k.Modified) {
		return false
	}
	if k.Check == "" { // an archive of which not all was read
		return !k.Complete
	}
	file, err := os.Open(k.Path)
	if err != nil {
		return false
	}
	defer file.Close() // opened for reading only
	now, err := check(ctx, io.NewSectionReader(file, 0, k.Size))
	return err == nil && now == k.Check
}

func check(ctx context.Context, r io.Reader) (string, error) {
	a, b := crc32.New(crc32.MakeTable(crc32.Castagnoli)), crc32.NewIEEE()
	if err := hashAll(ctx, r, io.MultiWriter(a, b)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%08x%08x", a.Sum32(), b.Sum32()), nil
}

// What a watch and the sightings of clocks were when a piece of evidence had been read can be kept, and
// joined later as if the piece had just been read. Nothing more can be seen with one that was kept.

// watchedJSON is one log of a watch.
type watchedJSON struct {
	Host     string         `json:"host"`
	Format   string         `json:"format"`
	Product  string         `json:"product,omitempty"`
	Category string         `json:"category,omitempty"`
	Service  string         `json:"service,omitempty"`
	Channel  string         `json:"channel,omitempty"`
	Events   int            `json:"events"`
	NoTime   int            `json:"no_time,omitempty"`
	First    time.Time      `json:"first,omitzero"`
	Last     time.Time      `json:"last,omitzero"`
	Hours    []int32        `json:"hours"`
	EventIDs map[uint32]int `json:"ids"`
	Fields   []FieldSeen    `json:"fields"`
	Clocks   []event.Clock  `json:"clocks,omitempty"`
	Files    int            `json:"files,omitempty"`
	Omitted  int            `json:"omitted,omitempty"`
}

// MarshalJSON gives what was seen, so that it can be kept.
func (w *Watch) MarshalJSON() ([]byte, error) {
	keys := slices.SortedFunc(maps.Keys(w.logs), compareLogKeys)
	all := make([]watchedJSON, 0, len(keys))
	for _, k := range keys {
		l := w.logs[k]
		l.countID()
		doc := watchedJSON{
			Host: k.host, Format: k.format, Product: k.product, Category: k.category, Service: k.service, Channel: k.channel,
			Events: l.events, NoTime: l.noTime, First: l.period.First, Last: l.period.Last, Hours: slices.Sorted(maps.Keys(l.hours)),
			EventIDs: l.ids, Clocks: l.clocks, Files: l.files, Omitted: l.omitted,
		}
		for _, name := range slices.Sorted(maps.Keys(l.fields)) {
			doc.Fields = append(doc.Fields, *l.fields[name])
		}
		all = append(all, doc)
	}
	return json.Marshal(all)
}

func compareLogKeys(a, b logKey) int {
	return cmp.Or(
		strings.Compare(a.host, b.host), strings.Compare(a.channel, b.channel), strings.Compare(a.format, b.format),
		strings.Compare(a.product, b.product), strings.Compare(a.category, b.category), strings.Compare(a.service, b.service),
	)
}

// UnmarshalJSON makes the watch what it was.
func (w *Watch) UnmarshalJSON(data []byte) error {
	var all []watchedJSON
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("reading what a log could show: %w", err)
	}
	*w = Watch{}
	for _, doc := range all {
		l := w.log(logKey{doc.Host, doc.Format, doc.Product, doc.Category, doc.Service, doc.Channel})
		l.events, l.noTime, l.period.First, l.period.Last = doc.Events, doc.NoTime, doc.First, doc.Last
		l.clocks, l.files, l.omitted = doc.Clocks, doc.Files, doc.Omitted
		for _, h := range doc.Hours {
			l.hours[h] = struct{}{}
		}
		maps.Copy(l.ids, doc.EventIDs)
		for _, f := range doc.Fields {
			l.fields[f.Name] = &f
		}
	}
	return nil
}

// skewsJSON are sightings: each 20 bytes, all numbers little-endian.
//
//	0       8       16        18      19   20
//	┌───────┬───────┬─────────┬───────┬────┐
//	│ key 8 │ time 8│ clock 2 │method │role│
//	└───────┴───────┴─────────┴───────┴────┘
type skewsJSON struct {
	Clocks    []ClockOf `json:"clocks,omitempty"`
	Sightings []byte    `json:"sightings,omitempty"`
}

const sightingSize = 20

// MarshalJSON gives what was seen, so that it can be kept.
func (s *Skews) MarshalJSON() ([]byte, error) {
	doc := skewsJSON{Clocks: s.clocks, Sightings: make([]byte, 0, sightingSize*len(s.sightings))}
	for _, one := range s.sightings {
		b := binary.LittleEndian.AppendUint64(doc.Sightings, one.key)
		b = binary.LittleEndian.AppendUint64(b, uint64(one.time))
		b = binary.LittleEndian.AppendUint16(b, one.clock)
		doc.Sightings = append(b, byte(one.method), byte(one.role))
	}
	return json.Marshal(doc)
}

// UnmarshalJSON makes the sightings what they were, ready to be joined to others.
func (s *Skews) UnmarshalJSON(data []byte) error {
	var doc skewsJSON
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("reading sightings of clocks: %w", err)
	}
	if len(doc.Sightings)%sightingSize != 0 || len(doc.Clocks) > maxClocks {
		return fmt.Errorf("reading sightings of clocks: want %d bytes each and at most %d clocks, found %d bytes and %d clocks",
			sightingSize, maxClocks, len(doc.Sightings), len(doc.Clocks))
	}
	s.Reset()
	s.clocks = append(s.clocks, doc.Clocks...)
	for b := doc.Sightings; len(b) > 0; b = b[sightingSize:] {
		one := sighting{
			key: binary.LittleEndian.Uint64(b), time: int64(binary.LittleEndian.Uint64(b[8:])), clock: binary.LittleEndian.Uint16(b[16:]),
			method: method(b[18]), role: role(b[19]),
		}
		if int(one.clock) >= len(s.clocks) || int(one.method) >= len(methods) {
			return errors.New("reading sightings of clocks: want the number of a clock and of a method, found others")
		}
		s.sightings = append(s.sightings, one)
	}
	return nil
}
