package hunt_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"aldebaran/hunt"
)

// FuzzHunt damages a log at will. However it is damaged, one worker and three give the same
// document, events are either handed out or missed with a place that says so, and the hunt ends.
func FuzzHunt(f *testing.F) {
	dir := f.TempDir()
	rules := filepath.Join(dir, "rules.yml")
	if err := os.WriteFile(rules, []byte(startedRules), 0o666); err != nil {
		f.Fatal(err)
	}
	whole := log(f, started("HOST", 1, 400))
	f.Add(uint32(0), []byte{}, uint32(0))
	f.Add(uint32(0), make([]byte, 4096), uint32(0))       // no file header
	f.Add(uint32(4096), make([]byte, 512), uint32(0))     // no chunk header
	f.Add(uint32(0x1300), []byte{0xff, 0xff}, uint32(0))  // inside the first record
	f.Add(uint32(0), []byte{}, uint32(70_000))            // cut off
	f.Add(uint32(4096+48), []byte{0, 0, 0, 0}, uint32(0)) // free space offset
	f.Fuzz(func(t *testing.T, at uint32, with []byte, cut uint32) {
		data := bytes.Clone(whole)
		copy(data[min(int(at), len(data)):], with)
		data = data[:len(data)-min(int(cut), len(data))]
		evidence := filepath.Join(t.TempDir(), "log.evtx")
		if err := os.WriteFile(evidence, data, 0o666); err != nil {
			t.Fatal(err)
		}
		var docs [2]bytes.Buffer
		for i, workers := range []int{1, 3} {
			r, err := hunt.Run(t.Context(), hunt.Options{Evidence: []string{evidence}, Rules: []string{rules}, Workers: workers, Samples: 2}, hunt.NewJSON(&docs[i]))
			if err != nil {
				t.Fatal(err)
			}
			s := r.Summary
			if s.Events+s.DuplicateEvents < 400 && s.Complete() && s.DamageCount == 0 {
				t.Errorf("%d of 400 events, and nothing says that some are missing", s.Events)
			}
		}
		if !bytes.Equal(docs[0].Bytes(), docs[1].Bytes()) {
			t.Errorf("with one worker:\n%s\nwith three:\n%s", docs[0].Bytes(), docs[1].Bytes())
		}
	})
}
