//go:build unix

package evidence

import (
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWalkPipe passes by what would wait for somebody to write to it.
func TestWalkPipe(t *testing.T) {
	lay(t, "d/a: x")
	if err := syscall.Mkfifo("d/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"d/a", "d/pipe: no regular file (pipe)"}
	for _, paths := range [][]string{{"d"}, {"d", "d/pipe"}} {
		l, err := Walk(paths)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, listed(l)); diff != "" {
			t.Errorf("Walk(%q) (-want +got):\n%s", paths, diff)
		}
	}
}
