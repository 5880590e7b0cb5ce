package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"aldebaran/evidence"
	"aldebaran/hunt"
)

// An outputFile is where the output goes. A file gets its name only when it is whole: until then
// it is called FILE.partial, so that nobody takes half a result for a whole one.
type outputFile struct {
	w       io.Writer
	file    *os.File // nil for standard output
	path    string
	partial string // "" if the file is written in place
}

// An outputFileError is an output file that could not be made or written.
type outputFileError struct {
	path, partial string
	err           error
}

func (e *outputFileError) Error() string { return fmt.Sprintf("writing %s: %v", e.path, reason(e.err)) }
func (e *outputFileError) Unwrap() error { return e.err }

func (e *outputFileError) hint() string {
	s := "write to another place with --output"
	if errors.Is(e.err, syscall.ENOSPC) {
		s = "the disk is full: free some space and hunt again, or " + s
	}
	if e.partial != "" {
		s += "; what was written until then is in " + e.partial
	}
	return s
}

// openOutput opens the file, or gives standard output if path is empty. What is no regular file,
// such as a device or a pipe, is written in place.
func openOutput(path string, stdout io.Writer) (*outputFile, error) {
	if path == "" {
		return &outputFile{w: stdout}, nil
	}
	if isLog(path) {
		return nil, &hunt.UsageError{What: fmt.Sprintf("--output %s would overwrite an event log", path), Hint: "name another file: evidence is never changed"}
	}
	o := &outputFile{path: path}
	var err error
	if info, e := os.Stat(path); e == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return nil, &outputFileError{path: path, err: errors.New("it is a folder")}
		}
		o.file, err = os.OpenFile(path, os.O_WRONLY, 0)
	} else {
		o.partial = path + ".partial"
		if e := os.Remove(o.partial); e != nil && !errors.Is(e, os.ErrNotExist) {
			return nil, &outputFileError{path: o.partial, err: e}
		}
		// O_EXCL: never through a link that somebody else has put there.
		o.file, err = os.OpenFile(o.partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	}
	if err != nil {
		return nil, &outputFileError{path: path, err: err}
	}
	o.w = o.file
	return o, nil
}

// isLog tells whether a file is there that is evidence. A brief of ours is none, though its findings look
// like events.
func isLog(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || isBrief(path) {
		return false
	}
	src, err := evidence.Open(path, evidence.Options{})
	if err != nil {
		return errors.Is(err, evidence.ErrContainer)
	}
	_ = src.Close() // opened for reading only
	return true
}

func (o *outputFile) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && o.file != nil {
		err = &outputFileError{o.path, o.partial, err}
	}
	return n, err
}

// Fd gives the descriptor behind the output, for questions about a terminal.
func (o *outputFile) Fd() uintptr {
	if f, ok := o.w.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// close gives the file its name if all went well. err is the error of the hunt before it, and is
// given back if there was one.
func (o *outputFile) close(err error) error {
	if o.file == nil {
		return err
	}
	closed := o.file.Close()
	switch {
	case err != nil:
		if info, e := os.Stat(o.partial); o.partial != "" && e == nil && info.Size() == 0 {
			err = errors.Join(err, os.Remove(o.partial)) // there is nothing to keep
		}
		return err
	case closed != nil:
		return &outputFileError{o.path, o.partial, closed}
	case o.partial != "":
		if err := os.Rename(o.partial, o.path); err != nil {
			return &outputFileError{o.path, o.partial, err}
		}
	}
	return nil
}

// reason takes the path off an error that is told with another one.
func reason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
