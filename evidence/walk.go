package evidence

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxDepth bounds how deep folders are searched; collections of a host's files nest about 20 deep.
const maxDepth = 200

// A File is a file that may be evidence.
type File struct {
	Path string
	// Size is the number of bytes when it was found.
	Size int64
	// Given says that the user named this very file, not a folder around it.
	Given bool
	// Packed says that it is a container or stands in one: Part, not Size, is then how much of the
	// outermost file is done with it.
	Packed bool
	Part   int64

	info os.FileInfo
}

// A Skip is something that was found on the way and is not read, and why.
type Skip struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
	// Missing says that evidence may be missing because of it: a folder that may not be listed. It
	// is false for what is no evidence by its nature, or is read under another name.
	Missing bool `json:"missing,omitempty"`
}

// A Listing is what the paths of the user hold. Both lists are sorted by path: the order in which
// the paths were given makes no difference.
type Listing struct {
	Files   []File
	Skipped []Skip
	// Folders is the number of folders that were searched.
	Folders int
}

// Bytes is the size of all files together.
func (l Listing) Bytes() int64 {
	var n int64
	for _, f := range l.Files {
		n += f.Size
	}
	return n
}

// Without gives the listing without some files, by whatever path they are named.
func (l Listing) Without(paths ...string) Listing {
	named := func(path string) bool {
		return slices.ContainsFunc(paths, func(p string) bool {
			return p != "" && filepath.Base(p) == filepath.Base(path) && absolute(p) == absolute(path)
		})
	}
	l.Files = slices.DeleteFunc(slices.Clone(l.Files), func(f File) bool { return named(f.Path) })
	l.Skipped = slices.DeleteFunc(slices.Clone(l.Skipped), func(s Skip) bool { return named(s.Path) })
	return l
}

// Walk finds the files under paths, which are files or folders. Every file is listed once, however
// often and under however many names it is reached. A link that is given is followed; a link inside
// a folder is not, because it may lead out of the evidence to other cases, and what it points to
// inside is found anyway. The error is a path that does not exist.
func Walk(paths []string) (Listing, error) {
	w := walker{}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			if os.IsNotExist(err) {
				return Listing{}, fmt.Errorf("%s: %w", p, os.ErrNotExist)
			}
			w.skip(p, "cannot be read: "+withoutPath(err).Error(), true)
			continue
		}
		p = filepath.Clean(p)
		if info.IsDir() {
			w.roots = append(w.roots, absolute(p))
			w.folders = append(w.folders, p)
		} else {
			w.file(p, info, true)
		}
	}
	// Only now are all roots known, by which links are judged.
	for _, p := range w.folders {
		w.folder(p, 0)
	}
	return w.listing(), nil
}

type walker struct {
	roots   []string // absolute, without links: folders that are searched
	folders []string
	files   []File
	skipped []Skip
	count   int
}

func (w *walker) folder(path string, depth int) {
	if depth > maxDepth {
		w.skip(path, fmt.Sprintf("folder nested more than %d deep", maxDepth), true)
		return
	}
	w.count++
	entries, err := os.ReadDir(path)
	if err != nil {
		w.skip(path, "folder cannot be listed: "+withoutPath(err).Error(), true)
	}
	for _, d := range entries {
		p := filepath.Join(path, d.Name())
		switch {
		case d.IsDir():
			w.folder(p, depth+1)
		case d.Type()&os.ModeSymlink != 0:
			w.link(p)
		default:
			info, err := d.Info()
			if err != nil {
				w.skip(p, "cannot be read: "+withoutPath(err).Error(), true)
				continue
			}
			w.file(p, info, false)
		}
	}
}

func (w *walker) file(path string, info os.FileInfo, given bool) {
	if !info.Mode().IsRegular() {
		w.skip(path, "no regular file ("+kind(info.Mode())+")", false)
		return
	}
	w.files = append(w.files, File{Path: path, Size: info.Size(), Given: given, info: info})
}

func (w *walker) link(path string) {
	target, err := filepath.EvalSymlinks(path)
	switch {
	case err != nil:
		w.skip(path, "symbolic link that leads nowhere", NamedAsLog(path))
	case w.inside(absolute(target)):
		w.skip(path, "symbolic link: its target is in the evidence already", false)
	default:
		w.skip(path, "symbolic link out of the evidence: not followed", NamedAsLog(path))
	}
}

// inside tells whether a path is in one of the folders that are searched.
func (w *walker) inside(path string) bool {
	return slices.ContainsFunc(w.roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, strings.TrimSuffix(root, string(filepath.Separator))+string(filepath.Separator))
	})
}

func (w *walker) skip(path, reason string, missing bool) {
	w.skipped = append(w.skipped, Skip{path, reason, missing})
}

// listing sorts, and takes out files that are there under several names: hard links, links that
// were given, folders that were given twice or inside each other.
func (w *walker) listing() Listing {
	slices.SortFunc(w.files, func(a, b File) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		// The one that was given by itself first: it says more.
		return btoi(b.Given) - btoi(a.Given)
	})
	l := Listing{Folders: w.count}
	seen := map[[2]uint64][]File{}
	for _, f := range w.files {
		k := identity(f.info)
		i := slices.IndexFunc(seen[k], func(o File) bool { return os.SameFile(o.info, f.info) })
		if i < 0 {
			seen[k] = append(seen[k], f)
			f.info = nil // nobody needs it any more, and there may be many files
			l.Files = append(l.Files, f)
			continue
		}
		reason := "the same file as " + seen[k][i].Path
		if f.Path == seen[k][i].Path {
			reason = "given more than once"
		}
		w.skip(f.Path, reason, false)
	}
	slices.SortFunc(w.skipped, func(a, b Skip) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Reason, b.Reason)
	})
	l.Skipped = slices.Compact(w.skipped)
	return l
}

// absolute gives the path without links; the path as it stands where that cannot be found out.
func absolute(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		path = p
	}
	if p, err := filepath.Abs(path); err == nil {
		path = p
	}
	return path
}

func kind(m os.FileMode) string {
	switch {
	case m&os.ModeNamedPipe != 0:
		return "pipe"
	case m&os.ModeSocket != 0:
		return "socket"
	case m&os.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
