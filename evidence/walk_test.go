package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lay makes a folder of files and goes there. A content of "-> X" is a symbolic link to X, of
// "= X" a hard link; names that end in a slash are folders.
func lay(t *testing.T, files ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, f := range files {
		name, content, _ := strings.Cut(f, ": ")
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		var err error
		switch {
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(name, 0o777)
		case strings.HasPrefix(content, "-> "):
			err = os.Symlink(content[3:], name)
		case strings.HasPrefix(content, "= "):
			err = os.Link(content[2:], name)
		default:
			err = os.WriteFile(name, []byte(content), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// listed gives a listing as lines.
func listed(l Listing) []string {
	var lines []string
	for _, f := range l.Files {
		lines = append(lines, f.Path)
	}
	for _, s := range l.Skipped {
		missing := ""
		if s.Missing {
			missing = " (missing)"
		}
		lines = append(lines, s.Path+": "+s.Reason+missing)
	}
	return lines
}

func TestWalk(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		paths []string
		want  []string
	}{
		{"a file", []string{"a: x"}, []string{"a"}, []string{"a"}},
		{"folders, sorted", []string{"d/b: x", "d/a: y", "d/c/z: z", "d/c.txt: c"}, []string{"d"},
			[]string{"d/a", "d/b", "d/c.txt", "d/c/z"}},
		{"order of paths", []string{"a: x", "b: y", "c/d: z"}, []string{"c", "b", "a"}, []string{"a", "b", "c/d"}},
		{"an empty folder", []string{"d/"}, []string{"d"}, nil},
		{"given twice", []string{"a: x"}, []string{"a", "./a"}, []string{"a", "a: given more than once"}},
		{"a folder and a file in it", []string{"d/a: x"}, []string{"d", "d/a"}, []string{"d/a", "d/a: given more than once"}},
		{"a hard link", []string{"a: x", "b: = a", "c: x"}, []string{"c", "b", "a"}, []string{"a", "c", "b: the same file as a"}},
		{"a link inside", []string{"d/a: x", "d/b: -> a"}, []string{"d"},
			[]string{"d/a", "d/b: symbolic link: its target is in the evidence already"}},
		{"a link out", []string{"secret: x", "d/b: -> ../secret", "d/c.evtx: -> ../secret"}, []string{"d"},
			[]string{"d/b: symbolic link out of the evidence: not followed", "d/c.evtx: symbolic link out of the evidence: not followed (missing)"}},
		{"a link into another folder that is given", []string{"d/a: x", "e/b: -> ../d/a"}, []string{"e", "d"},
			[]string{"d/a", "e/b: symbolic link: its target is in the evidence already"}},
		{"a folder whose name begins like that of another", []string{"d/a: x", "d2/b: x", "d/l: -> ../d2/b"}, []string{"d"},
			[]string{"d/a", "d/l: symbolic link out of the evidence: not followed"}},
		{"a link that is given", []string{"a: x", "l: -> a"}, []string{"l"}, []string{"l"}},
		{"a link to a folder that is given", []string{"d/a: x", "l: -> d"}, []string{"l"}, []string{"l/a"}},
		{"a file and a link to it", []string{"a: x", "l: -> a"}, []string{"l", "a"}, []string{"a", "l: the same file as a"}},
		{"a loop", []string{"d/a: x", "d/e/l: -> ..", "d/self: -> self"}, []string{"d"},
			[]string{"d/a", "d/e/l: symbolic link: its target is in the evidence already", "d/self: symbolic link that leads nowhere"}},
		{"a link to nowhere", []string{"d/l: -> nowhere", "d/log.evtx: -> nowhere"}, []string{"d"},
			[]string{"d/l: symbolic link that leads nowhere", "d/log.evtx: symbolic link that leads nowhere (missing)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			lay(t, c.files...)
			l, err := Walk(c.paths)
			if err != nil {
				t.Fatal(err)
			}
			got := listed(l)
			for i := range got {
				got[i] = filepath.ToSlash(got[i])
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Walk(%q) (-want +got):\n%s", c.paths, diff)
			}
		})
	}
}

func TestWithout(t *testing.T) {
	lay(t, "d/a: x", "d/out.jsonl: y", "d/e/out.jsonl: z")
	l, err := Walk([]string{"d"})
	if err != nil {
		t.Fatal(err)
	}
	abs, err := filepath.Abs("d/out.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"d/out.jsonl", "./d/../d/out.jsonl", abs} {
		if diff := cmp.Diff([]string{"d/a", "d/e/out.jsonl"}, listed(l.Without(path, "", "nowhere"))); diff != "" {
			t.Errorf("Without(%q) (-want +got):\n%s", path, diff)
		}
	}
}

func TestWalkMissing(t *testing.T) {
	lay(t, "a: x")
	if _, err := Walk([]string{"a", "nowhere"}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("error %v, want one that names nowhere", err)
	}
}

func TestWalkDeep(t *testing.T) {
	lay(t)
	deep := strings.TrimSuffix(strings.Repeat("d/", maxDepth+2), "/")
	if err := os.MkdirAll(deep, 0o777); err != nil {
		t.Fatal(err)
	}
	l, err := Walk([]string{"d"})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Skipped) != 1 || !l.Skipped[0].Missing || !strings.Contains(l.Skipped[0].Reason, "deep") {
		t.Errorf("skipped %+v, want the folder that is too deep", l.Skipped)
	}
}

func TestWalkCounts(t *testing.T) {
	lay(t, "d/a: four", "d/e/b: x", "d/f/")
	l, err := Walk([]string{"d"})
	if err != nil {
		t.Fatal(err)
	}
	if l.Bytes() != 5 || l.Folders != 3 {
		t.Errorf("%d bytes in %d folders, want 5 in 3", l.Bytes(), l.Folders)
	}
}

// TestWalkManyLinks keeps telling names of one file apart cheap.
func TestWalkManyLinks(t *testing.T) {
	files := []string{"d/a: x"}
	for i := range 500 {
		files = append(files, fmt.Sprintf("d/b%03d: = d/a", i))
	}
	lay(t, files...)
	l, err := Walk([]string{"d"})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Files) != 1 || len(l.Skipped) != 500 {
		t.Errorf("%d files, %d skipped; want 1, 500", len(l.Files), len(l.Skipped))
	}
}
