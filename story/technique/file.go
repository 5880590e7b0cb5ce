package technique

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// A Record is how a model came to be; it stands at the start of its file.
type Record struct {
	Format int `json:"format"`
	// Source names the version of ATT&CK, Modified is its newest object's day, SHA256 that of the
	// bundle as it was handed in.
	Source   string `json:"source"`
	Modified string `json:"modified"`
	SHA256   string `json:"sha256"`
	Licence  string `json:"licence"`
	// Without are objects of ATT&CK that the model was not trained on, for evaluations.
	Without  []string       `json:"without,omitempty"`
	Examples map[string]int `json:"examples"` // by kind
	Labels   int            `json:"labels"`
	Features int            `json:"features"`
	Weights  int            `json:"weights"`
	Settings any            `json:"settings"`
	// Held is what the model scored on reports that were kept back from training.
	Held        any         `json:"held_out"`
	Calibration Calibration `json:"calibration"`
}

// A Draft is a model before it is written: what training hands over.
type Draft struct {
	Record Record
	Labels []string // sorted
	Bias   []float32
	// Features are sorted by ID; weights by column, each once. A column is the index of a label.
	Features []DraftFeature
	// Scale is what a weight of 1 stands for.
	Scale float32
}

// A DraftFeature is a term and what it speaks for.
type DraftFeature struct {
	ID      uint32
	IDF     float32
	Columns []uint16
	Weights []int8
}

// The file is a zstd frame of: a line that names the format; a line of JSON, the [Record]; then
// little endian and varints, see docs/formats/technique-model.md.
const magic = "aldebaran technique model 1\n"

// Bounds of what Parse takes. Enterprise v18.1 has 691 labels and makes 60,000 features.
const (
	maxFile     = 64 << 20
	maxLabels   = 1 << 14
	maxFeatures = 1 << 22
)

// Append writes the draft behind b. The same draft always gives the same bytes.
func (d *Draft) Append(b []byte) ([]byte, error) {
	plain, err := d.layOut()
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return z.EncodeAll(plain, b), z.Close()
}

// layOut gives the file before it is compressed.
func (d *Draft) layOut() ([]byte, error) {
	record, err := json.Marshal(d.Record)
	if err != nil {
		return nil, err
	}
	plain := append([]byte(magic), record...)
	plain = append(plain, '\n')
	plain = binary.AppendUvarint(plain, uint64(len(d.Labels)))
	plain = append(plain, strings.Join(d.Labels, " ")...)
	plain = append(plain, '\n')
	for _, v := range d.Bias {
		plain = appendFloat(plain, v)
	}
	plain = appendFloat(plain, d.Scale)
	plain = binary.AppendUvarint(plain, uint64(len(d.Features)))
	// Like stands with like, which compresses better.
	last := uint32(0)
	for _, f := range d.Features {
		plain = binary.AppendUvarint(plain, uint64(f.ID-last))
		last = f.ID
	}
	for _, f := range d.Features {
		plain = append(plain, byte(math.Round(float64(f.IDF)*idfSteps)))
	}
	for _, f := range d.Features {
		plain = binary.AppendUvarint(plain, uint64(len(f.Columns)))
	}
	for _, f := range d.Features {
		next := uint16(0)
		for _, c := range f.Columns {
			plain = binary.AppendUvarint(plain, uint64(c-next))
			next = c + 1
		}
	}
	for _, f := range d.Features {
		for _, w := range f.Weights {
			plain = append(plain, byte(w))
		}
	}
	return plain, nil
}

// idfSteps is how finely the rarity of a feature is kept: 20 steps a unit, up to 12.75.
const idfSteps = 20

// RoundIDF gives the rarity of a feature as the file can hold it.
func RoundIDF(idf float64) float32 { return float32(min(math.Round(idf*idfSteps), 255)) / idfSteps }

func appendFloat(b []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

// Parse reads a model. Errors say what was wanted and found.
func Parse(file []byte) (*Model, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFile))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	plain, err := z.DecodeAll(file, nil)
	if err != nil {
		return nil, fmt.Errorf("technique model: %w", err)
	}
	m, err := parsePlain(plain)
	if err != nil {
		return nil, fmt.Errorf("technique model: %w", err)
	}
	return m, nil
}

func parsePlain(plain []byte) (*Model, error) {
	r := reader{rest: plain}
	if line := r.line(); line != strings.TrimSuffix(magic, "\n") {
		return nil, fmt.Errorf("want %q, found %.40q", magic, line)
	}
	m := &Model{}
	if err := json.Unmarshal([]byte(r.line()), &m.Record); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	n := r.count(maxLabels, "labels")
	m.labels = strings.Fields(r.line())
	if n == 0 || len(m.labels) != n {
		return nil, errors.Join(r.err, fmt.Errorf("want %d labels and at least one, found %d", n, len(m.labels)))
	}
	for i := 1; i < n; i++ {
		if m.labels[i-1] >= m.labels[i] {
			return nil, fmt.Errorf("want labels in order, found %q after %q", m.labels[i], m.labels[i-1])
		}
	}
	m.bias = r.floats(n)
	scale := r.floats(1)
	features := r.count(maxFeatures, "features")
	if r.err != nil {
		return nil, r.err
	}
	m.scale = scale[0]
	if err := m.readFeatures(&r, features); err != nil {
		return nil, err
	}
	m.linkParents()
	m.vocabulary.link()
	return m, nil
}

func (m *Model) readFeatures(r *reader, n int) error {
	m.ids = make([]uint32, n)
	id := uint64(0)
	for i := range m.ids {
		if id += r.uvarint(); id > math.MaxUint32 || i > 0 && uint32(id) <= m.ids[i-1] {
			return fmt.Errorf("feature %d: want hashes in order, found %d", i, id)
		}
		m.ids[i] = uint32(id)
	}
	m.idf = make([]float32, n)
	for i, b := range r.bytes(n) {
		m.idf[i] = float32(b) / idfSteps
	}
	m.rows = make([]int32, n+1)
	for i := range n {
		m.rows[i+1] = m.rows[i] + int32(r.count(len(m.bias), "weights"))
		if int(m.rows[i+1]) > len(r.rest) {
			return errors.Join(r.err, fmt.Errorf("feature %d: want %d weights, found the end", i, m.rows[i+1]))
		}
	}
	total := int(m.rows[n])
	m.columns = make([]uint16, total)
	for i := range n {
		next := uint64(0)
		for j := m.rows[i]; j < m.rows[i+1]; j++ {
			c := next + r.uvarint()
			if c >= uint64(len(m.bias)) {
				return errors.Join(r.err, fmt.Errorf("feature %d: want a column below %d, found %d", i, len(m.bias), c))
			}
			m.columns[j] = uint16(c)
			next = c + 1
		}
	}
	m.weights = make([]int8, total)
	for i, b := range r.bytes(total) {
		m.weights[i] = int8(b)
	}
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("want the end, found %d bytes more", len(r.rest))
	}
	return r.err
}

// linkParents finds the label of each sub-technique's parent.
func (m *Model) linkParents() {
	at := make(map[string]int32, len(m.labels))
	m.parents = make([]int32, len(m.labels))
	for i, id := range m.labels {
		at[id] = int32(i)
		m.parents[i] = -1
		if parent, _, sub := strings.Cut(id, "."); sub {
			if p, ok := at[parent]; ok {
				m.parents[i] = p
			}
		}
	}
}

// A vocabulary finds features by their hash.
type vocabulary struct {
	ids []uint32 // sorted
	idf []float32
	// slots is an open hash table of indices of ids, -1 where empty; mask is its length less 1.
	slots []int32
	mask  uint32
}

func (v *vocabulary) link() {
	size := 1 << bits.Len(uint(2*len(v.ids)))
	v.mask = uint32(size - 1)
	v.slots = make([]int32, size)
	for i := range v.slots {
		v.slots[i] = -1
	}
	for i, id := range v.ids {
		s := id & v.mask
		for v.slots[s] >= 0 {
			s = (s + 1) & v.mask
		}
		v.slots[s] = int32(i)
	}
}

// find gives the index of a feature, -1 if the model does not know it.
func (v *vocabulary) find(id uint32) int32 {
	for s := id & v.mask; ; s = (s + 1) & v.mask {
		if i := v.slots[s]; i < 0 || v.ids[i] == id {
			return i
		}
	}
}

// A reader takes values off the front; after an error all are zero.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *reader) line() string {
	i := bytes.IndexByte(r.rest, '\n')
	if i < 0 {
		r.fail(errors.New("want a line, found none"))
		return ""
	}
	line := string(r.rest[:i])
	r.rest = r.rest[i+1:]
	return line
}

func (r *reader) uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // nearly always
		v := uint64(r.rest[0])
		r.rest = r.rest[1:]
		return v
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail(errors.New("want a number, found the end"))
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count reads a number of things, of which each takes a byte at least.
func (r *reader) count(most int, what string) int {
	v := r.uvarint()
	if v > uint64(min(most, len(r.rest))) {
		r.fail(fmt.Errorf("want at most %d %s, found %d", min(most, len(r.rest)), what, v))
		return 0
	}
	return int(v)
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.fail(fmt.Errorf("want %d bytes, found %d", n, len(r.rest)))
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) floats(n int) []float32 {
	all := make([]float32, n)
	for i, b := 0, r.bytes(4*n); i < n && b != nil; i++ {
		v := math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			r.fail(errors.New("want a finite number, found none"))
			break
		}
		all[i] = v
	}
	return all
}
