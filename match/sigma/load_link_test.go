package sigma

import (
	"os"
	"path/filepath"
	"testing"
)

// A link that the user names is followed; a link to a folder inside one is not.
func TestLoadLink(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real")
	if err := os.Mkdir(real, 0o700); err != nil {
		t.Fatal(err)
	}
	rule := "title: synthetic\nlogsource: {product: windows}\ndetection: {sel: {A: b}, condition: sel}\nlevel: low\n"
	if err := os.WriteFile(filepath.Join(real, "r.yml"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	c, err := Load([]string{link}, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Rules) != 1 || c.Rules[0].File != filepath.Join(link, "r.yml") {
		t.Errorf("rules %+v, want the one of the linked folder", c.Rules)
	}
	if c, err = Load([]string{dir}, LoadOptions{}); err != nil || len(c.Rules) != 1 || c.Rules[0].File != filepath.Join(real, "r.yml") {
		t.Errorf("around the link: %+v, %v, want the rule once", c, err)
	}
}
