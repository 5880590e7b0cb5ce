//go:build !unix

package store

import (
	"errors"
	"os"
)

// lockName is a file that the process which works on a case has open. It is made anew each time, which
// Windows refuses while another process has it open.
const lockName = "case.lock"

func lock(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, ErrBusy
	}
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}
