//go:build unix

package evidence

import (
	"os"
	"syscall"
)

// identity gives numbers that are equal for two names of the same file and differ for nearly all
// different files; os.SameFile decides.
func identity(info os.FileInfo) [2]uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return [2]uint64{uint64(s.Dev), uint64(s.Ino)} //nolint:unconvert // the types differ between systems
	}
	return [2]uint64{uint64(info.Size()), uint64(info.ModTime().UnixNano())}
}
