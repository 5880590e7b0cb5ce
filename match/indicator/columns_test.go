package indicator

import (
	"slices"
	"testing"

	"aldebaran/event"
	"aldebaran/intel"
)

// hitFields are the fields of an event in which anything is found.
func hitFields(s *Set, e *event.Event) (fields []string) {
	for _, h := range s.NewMatcher().Match(nil, e) {
		fields = append(fields, h.Field)
	}
	return fields
}

// Columns that hold nothing are left out of the logs that they are known of, and of no others.
func TestKnownLogs(t *testing.T) {
	ip, name := one(t, intel.IP, "203.0.113.7"), one(t, intel.FileName, "evil12.exe")
	for _, test := range []struct {
		set   *Set
		pairs []string
		want  []string
	}{
		{ip, []string{"uid", "203.0.113.7", "id.orig_h", "203.0.113.7", "id.resp_h", "192.0.2.1", "duration", "203.0.113.7"}, []string{"id.orig_h"}},
		{ip, []string{"uid", "203.0.113.7", "duration", "203.0.113.7"}, []string{"uid", "duration"}},
		{name, []string{"uid", "evil12.exe", "id.orig_h", "evil12.exe", "filename", "evil12.exe"}, []string{"filename"}},
		{name, []string{"id.orig_h", "evil12.exe"}, []string{"id.orig_h"}},
		{name, []string{"date", "2026-01-02", "time", "03:04:05", "s-ip", "192.0.2.1", "c-ip", "evil12.exe", "cs-uri-stem", "/evil12.exe", "sc-win32-status", "0"}, []string{"cs-uri-stem"}},
		{ip, []string{"date", "2026-01-02", "time", "03:04:05", "s-ip", "192.0.2.1", "c-ip", "203.0.113.7", "sc-win32-status", "0"}, []string{"c-ip"}},
		{ip, []string{"CreationTime", "203.0.113.7", "RecordType", "2", "Workload", "x", "Operation", "203.0.113.7", "ObjectId", "203.0.113.7"}, []string{"ObjectId"}},
		{ip, []string{"Operation", "203.0.113.7", "ScriptBlockId", "203.0.113.7", "RunspaceId", "203.0.113.7"}, []string{"Operation"}},
		{ip, []string{"ProtocolAction", "203.0.113.7", "BackEndStatus", "200", "ClientRequestId", "203.0.113.7", "RequestId", "203.0.113.7"}, []string{"ProtocolAction", "ClientRequestId"}},
	} {
		if got := hitFields(test.set, textEvent(test.pairs...)); !slices.Equal(got, test.want) {
			t.Errorf("%q: found in %q, want %q", test.pairs, got, test.want)
		}
	}
}

// A value with two names is found under both, also where an event of the same layout before had nothing.
func TestTwoNames(t *testing.T) {
	s := one(t, intel.Domain, "evil.example")
	m := s.NewMatcher()
	shape := &event.Shape{Fields: []event.Field{{Name: "UrlHost"}, {Name: "cs-host"}}}
	for _, test := range []struct {
		first, second string
		shared        bool
		want          int
	}{
		{"www.good.example", "", true, 0},
		{"www.evil.example", "", true, 2},
		{"www.good.example", "www.evil.example", false, 1},
		{"www.evil.example", "www.good.example", false, 1},
		{"www.good.example", "", true, 0},
	} {
		e := &event.Event{Shape: shape, Values: []event.Value{{Kind: event.Text, Raw: []byte(test.first)}, {Kind: event.Text, Raw: []byte(test.second)}}}
		if test.shared {
			e.Values[1] = e.Values[0]
		}
		if hits := m.Match(nil, e); len(hits) != test.want {
			t.Errorf("%q and %q: %d hits, want %d", test.first, test.second, len(hits), test.want)
		}
	}
}
