package main

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

// maxUnpacked bounds what one archive of the test data may unpack to; the largest has 40 MB.
const maxUnpacked = 1 << 30

// A set is a named part of the test data, laid out as plain EVTX files.
type set struct {
	name  string
	dir   string
	files []string // paths, sorted
	bytes int64
}

// sources says where in the test data each set is: an archive, or a folder with EVTX files.
var sources = map[string]string{
	"attack-samples":  "evtx/attack-samples/evtx-attack-samples.tar.zst",
	"evtx-to-mitre":   "evtx/evtx-to-mitre/evtx-to-mitre.tar.zst",
	"parser":          "evtx/parser",
	"host-collection": "evtx/host-collection/hh_decompile_t1218.001_capattack.tar.zst",
}

// prepare lays out the sets below the work folder, each in copies; a copy's events are a day later
// than those of the copy before, so that no tool can take them for duplicates.
func (b *bench) prepare(names string, copies int) ([]set, error) {
	var sets []set
	for name := range strings.SplitSeq(names, ",") {
		from, ok := sources[name]
		if !ok {
			return nil, fmt.Errorf("set %q: want one of attack-samples, evtx-to-mitre, parser, host-collection", name)
		}
		dir := filepath.Join(b.opt.work, fmt.Sprintf("%s-%d", name, copies))
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			// Laid out under another name first, so that a broken-off call leaves no half set behind.
			tmp := dir + ".part"
			if err := os.RemoveAll(tmp); err != nil {
				return nil, err
			}
			if err := lay(filepath.Join(b.opt.corpus, filepath.FromSlash(from)), filepath.Join(tmp, "copy-000")); err != nil {
				return nil, fmt.Errorf("laying out %s: %w", name, err)
			}
			if err := replicate(tmp, copies); err != nil {
				return nil, fmt.Errorf("copying %s: %w", name, err)
			}
			if err := os.Rename(tmp, dir); err != nil {
				return nil, err
			}
		}
		s := set{name: name, dir: dir}
		if err := s.list(); err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	return sets, nil
}

func (s *set) list() error {
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		s.files = append(s.files, path)
		s.bytes += info.Size()
		return nil
	})
	slices.Sort(s.files)
	return err
}

// lay puts the EVTX files of an archive or a folder into dir.
func lay(from, dir string) error {
	if strings.HasSuffix(from, ".tar.zst") {
		return unpack(from, dir)
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".evtx" {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return write(filepath.Join(dir, name), data)
	})
}

func unpack(archive, dir string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := zstd.NewReader(file, zstd.WithDecoderMaxMemory(maxUnpacked))
	if err != nil {
		return err
	}
	defer plain.Close()
	left := int64(maxUnpacked)
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		if h.Typeflag != tar.TypeReg || !strings.EqualFold(filepath.Ext(h.Name), ".evtx") {
			continue
		}
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("%s: name: want a local path, found %q", archive, h.Name)
		}
		data, err := io.ReadAll(io.LimitReader(r, left+1))
		if err != nil {
			return fmt.Errorf("%s: %s: %w", archive, h.Name, err)
		}
		if left -= int64(len(data)); left < 0 {
			return fmt.Errorf("%s: unpacks to more than %d bytes", archive, int64(maxUnpacked))
		}
		if err := write(filepath.Join(dir, h.Name), data); err != nil {
			return err
		}
	}
}

// replicate makes dir/copy-001 and so on out of dir/copy-000.
func replicate(dir string, copies int) error {
	first := set{dir: filepath.Join(dir, "copy-000")}
	if err := first.list(); err != nil {
		return err
	}
	for _, path := range first.files {
		name, err := filepath.Rel(first.dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := 1; i < copies; i++ {
			if err := shift(data, 24*time.Hour); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := write(filepath.Join(dir, fmt.Sprintf("copy-%03d", i), name), data); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// shift moves the time of every event of a log by whole days, in place: the FILETIME of its record's header (when it
// was written) and its TimeCreated. Nothing else changes: eight bytes that look like that time may
// as well be leftovers behind the record's end. Checksums that were right are right afterwards;
// damaged chunks stay as damaged as they were. The layout is that of docs/formats/evtx.md. What is
// no event log stays as it is.
func shift(data []byte, by time.Duration) error {
	file, err := evtx.Open(bytes.NewReader(data), int64(len(data)), "", evtx.Options{})
	if errors.Is(err, evtx.ErrNotEVTX) {
		return nil
	}
	if err != nil {
		return err
	}
	var at []int              // where FILETIMEs stand
	dates := map[int]string{} // where texts of times stand, and the dates they get
	reader := evtx.NewReader(evtx.Options{})
	for _, u := range file.Units() {
		_, err := reader.Read(file, u, func(e *event.Event) bool {
			start, end := e.Source.Offset, e.Source.Offset+e.Source.Length
			if start < 0 || start+recordHead > end || end > int64(len(data)) {
				return true
			}
			record := data[start:end]
			at = append(at, int(start)+16)
			created, ok := e.Get("TimeCreated_SystemTime")
			if !ok {
				return true
			}
			i := bytes.Index(record[recordHead:], created.Raw)
			if i < 0 {
				return true
			}
			i += int(start) + recordHead
			switch {
			case created.Kind == event.FileTime && len(created.Raw) == 8:
				at = append(at, i)
			case created.Kind == event.UTF16: // exported or forwarded: 2026-11-23T10:00:00.000Z
				if t, err := time.Parse(time.RFC3339Nano, created.String()); err == nil {
					dates[i] = t.Add(by).Format(time.DateOnly)
				}
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	right := checksums(data)
	for _, i := range at {
		binary.LittleEndian.PutUint64(data[i:], binary.LittleEndian.Uint64(data[i:])+uint64(by/100))
	}
	for i, date := range dates {
		for j := range len(date) {
			data[i+2*j] = date[j]
		}
	}
	mend(data, right)
	return nil
}

// Places in an event log: docs/formats/evtx.md.
const (
	fileHead   = 4096
	chunkSize  = 65536
	chunkHead  = 512
	recordHead = 24
)

// A sumState says which checksums of a chunk are right.
type sumState struct{ records, head bool }

func checksums(data []byte) []sumState {
	var all []sumState
	for at := fileHead; at+chunkSize <= len(data); at += chunkSize {
		chunk := data[at : at+chunkSize]
		var s sumState
		if free := binary.LittleEndian.Uint32(chunk[48:]); free >= chunkHead && free <= chunkSize {
			s.records = binary.LittleEndian.Uint32(chunk[52:]) == crc32.ChecksumIEEE(chunk[chunkHead:free])
			s.head = binary.LittleEndian.Uint32(chunk[124:]) == headSum(chunk)
		}
		all = append(all, s)
	}
	return all
}

// mend makes those checksums right again that were.
func mend(data []byte, right []sumState) {
	for i, s := range right {
		chunk := data[fileHead+i*chunkSize:][:chunkSize]
		if s.records {
			free := binary.LittleEndian.Uint32(chunk[48:])
			binary.LittleEndian.PutUint32(chunk[52:], crc32.ChecksumIEEE(chunk[chunkHead:free]))
		}
		if s.head {
			binary.LittleEndian.PutUint32(chunk[124:], headSum(chunk))
		}
	}
}

// headSum is the checksum of a chunk's header: bytes 0 to 119 and 128 to 511.
func headSum(chunk []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(chunk[:120]), crc32.IEEETable, chunk[128:512])
}
