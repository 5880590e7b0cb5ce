package packs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"aldebaran/intel"
)

// knowledge holds what the packs have besides rules. The patterns take every folder: to add an
// actor is to add a folder.
//
//go:embed */pack.yml */advice.yml */indicators.csv */behaviours.yml
var knowledge embed.FS

// Files are the files of all embedded packs, a folder each, without their tests.
func Files() fs.FS { return embedded{} }

// embedded is the rules and the knowledge of all packs in one file system.
type embedded struct{}

// Open opens what there is of either; a folder of both holds the entries of both.
func (embedded) Open(name string) (fs.File, error) {
	f, err := knowledge.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return files.Open(name)
	}
	return f, err
}

// All are the packs that come with the program, by name. They are read once; nobody may change them.
// An error is a fault of ours.
func All() ([]*intel.Pack, error) { return all() }

var all = sync.OnceValues(func() ([]*intel.Pack, error) {
	var packs []*intel.Pack
	for _, name := range Names() {
		p, problems, err := intel.ReadPack(Files(), name)
		if err != nil {
			return nil, fmt.Errorf("packs: %w", err)
		}
		if len(problems) > 0 {
			return nil, fmt.Errorf("packs: %s", problems[0])
		}
		packs = append(packs, p)
	}
	return packs, nil
})

// Open reads the pack in a folder of the user's. See [intel.ReadPack] for problems and errors.
func Open(dir string) (*intel.Pack, []intel.Problem, error) {
	fsys, name, err := folder(dir)
	if err != nil {
		return nil, nil, err
	}
	return intel.ReadPack(fsys, name)
}

// folder gives the file system that a folder stands in, and its name there: a pack is called like
// its folder.
func folder(dir string) (fs.FS, string, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, "", fmt.Errorf("packs: %w", err)
	}
	return os.DirFS(filepath.Dir(full)), filepath.Base(full), nil
}
