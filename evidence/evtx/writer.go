package evtx

import (
	"encoding/binary"
	"io"
	"time"
	"unicode/utf16"

	"aldebaran/event"
)

// A Record is one event for a [Writer]. Texts that are empty and numbers that are zero where the
// event has no such part are left out as Windows leaves them out.
type Record struct {
	// ID is the EventRecordID; 0 takes the next number.
	ID   uint64
	Time time.Time

	Provider, ProviderGUID string
	EventID                uint16
	Version, Level, Opcode uint8
	Task                   uint16
	Keywords               uint64
	Channel, Computer      string
	UserSID                string
	ProcessID, ThreadID    uint32

	// Data is the EventData part.
	Data []Data
	// UserData is the UserData part, nil if there is none; an event has one of the two.
	UserData *UserData
}

// Data is one <Data> of EventData or one child of UserData.
type Data struct {
	// Name is the Name attribute or the element's name; "" is a <Data> without one.
	Name string
	// Value is what it holds.
	Value event.Value
}

// UserData is the one element inside <UserData> and its children.
type UserData struct {
	Name string
	// Namespace is the element's xmlns, "" for none.
	Namespace string
	Data      []Data
}

// A Writer writes an event log.
type Writer struct{ w io.Writer }

// NewWriter makes a writer; nothing reaches w before [Writer.Close].
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Add appends one record.
func (w *Writer) Add(r Record) error { return nil }

// Close writes the file.
func (w *Writer) Close() error { return nil }

func utf16Bytes(s string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

// Text is a value of UTF-16 text.
func Text(s string) event.Value { return event.Value{} }
