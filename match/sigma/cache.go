package sigma

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// The cache of parsed rules saves the parsing, not the reading: files are read and hashed each
// time, so that a changed rule is never missed. See docs/formats/rule-cache.md for the layout.
const (
	// cacheVersion changes with the layout, and with what the parser makes of a file. New builds
	// of the program do not share caches with old ones in any case: see cacheKey.
	cacheVersion = 2
	cacheMagic   = "ALDRULES"
	cacheSuffix  = ".sigma-rules"
	// maxCacheFiles are kept in a folder, the newest: one for each rule set in use.
	maxCacheFiles = 8
	// maxCacheSize bounds a cache file; all of SigmaHQ takes about 4 MB.
	maxCacheSize = 64 << 20
	// maxHeld bounds the bytes of rule files that are held between hashing and parsing them.
	maxHeld = 64 << 20

	cacheHeader = len(cacheMagic) + 4 + sha256.Size + 4 + 8
)

// A ruleFile is a rule file that was read for its hash.
type ruleFile struct {
	sum  [sha256.Size]byte
	data []byte // nil if it was too much to hold
	held bool
	err  error
}

// cacheKey names the result of loading files: the hash of everything that it depends on. The
// program itself is a part of it by the size and date of its file, so that no build trusts what
// another one's parser made.
func cacheKey(files []string, read []ruleFile, found *Collection, opt LoadOptions) (key [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %t %s\n", cacheMagic, cacheVersion, opt.IncludeDeprecated, thisProgram())
	names := make([]string, 0, len(opt.Placeholders))
	for name := range opt.Placeholders {
		names = append(names, name)
	}
	slices.Sort(names)
	hashTexts(h, names)
	for _, name := range names {
		hashTexts(h, opt.Placeholders[name])
	}
	hashTexts(h, files)
	for i := range read {
		h.Write(read[i].sum[:])
		if read[i].err != nil {
			hashTexts(h, []string{read[i].err.Error()})
		}
	}
	for _, r := range found.Rejected {
		hashTexts(h, []string{r.File, r.Reason})
	}
	fmt.Fprintf(h, "%v\n", found.Skipped) // fmt sorts the keys of maps
	h.Sum(key[:0])
	return key
}

// hashTexts feeds a list of texts to a hash in a way that no other list has.
func hashTexts(h hash.Hash, texts []string) {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(texts)))
	h.Write(n[:])
	for _, t := range texts {
		binary.LittleEndian.PutUint64(n[:], uint64(len(t)))
		h.Write(n[:])
		h.Write([]byte(t))
	}
}

func thisProgram() string {
	name, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(name)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// readCache gives the collection of a key, as it was before Resolve; nil if the folder has none
// that can be trusted. A file that others may write is not: rules must not be taken out by
// whoever shares the machine.
func readCache(dir string, key [sha256.Size]byte) *Collection {
	f, err := os.Open(cacheFile(dir, key))
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxCacheSize {
		return nil
	}
	const othersMayWrite = 0o022
	if runtime.GOOS != "windows" && info.Mode().Perm()&othersMayWrite != 0 {
		return nil
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil
	}
	c, err := decodeCache(data, key)
	if err != nil {
		return nil // it is written anew
	}
	return c
}

func cacheFile(dir string, key [sha256.Size]byte) string {
	return filepath.Join(dir, hex.EncodeToString(key[:16])+cacheSuffix)
}

// writeCache keeps a collection for the next time, whole or not at all.
func writeCache(dir string, key [sha256.Size]byte, c *Collection) error {
	data, err := encodeCache(c, key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "*"+cacheSuffix+".tmp") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	if _, err = f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), cacheFile(dir, key)); err != nil {
		return err
	}
	return pruneCache(dir)
}

// pruneCache removes the oldest files of the cache, and what interrupted writers left behind.
func pruneCache(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var old []fs.FileInfo
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), cacheSuffix) && !strings.HasSuffix(e.Name(), cacheSuffix+".tmp") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // another process was faster
		}
		if info.Mode().IsRegular() {
			old = append(old, info)
		}
	}
	slices.SortFunc(old, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, info := range old[min(len(old), maxCacheFiles):] {
		if err := os.Remove(filepath.Join(dir, info.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// errCache says that a cache file is none that this program wrote for that key.
var errCache = errors.New("rule cache")

func badCache(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errCache, fmt.Sprintf(format, args...))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealCache puts the header before the payload.
func sealCache(payload []byte, key [sha256.Size]byte) []byte {
	out := make([]byte, 0, cacheHeader+len(payload))
	out = append(out, cacheMagic...)
	out = binary.LittleEndian.AppendUint32(out, cacheVersion)
	out = append(out, key[:]...)
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(payload, castagnoli))
	out = binary.LittleEndian.AppendUint64(out, uint64(len(payload)))
	return append(out, payload...)
}

// openCache checks the header and gives the payload.
func openCache(data []byte, key [sha256.Size]byte) ([]byte, error) {
	if len(data) < cacheHeader {
		return nil, badCache("want a header of %d bytes, found %d", cacheHeader, len(data))
	}
	at := len(cacheMagic)
	if string(data[:at]) != cacheMagic {
		return nil, badCache("magic: want %q, found %q", cacheMagic, data[:at])
	}
	if v := binary.LittleEndian.Uint32(data[at:]); v != cacheVersion {
		return nil, badCache("version: want %d, found %d", cacheVersion, v)
	}
	at += 4
	if [sha256.Size]byte(data[at:at+sha256.Size]) != key {
		return nil, badCache("key: want %x, found %x", key, data[at:at+sha256.Size])
	}
	at += sha256.Size
	sum, size := binary.LittleEndian.Uint32(data[at:]), binary.LittleEndian.Uint64(data[at+4:])
	payload := data[cacheHeader:]
	if size != uint64(len(payload)) {
		return nil, badCache("payload: want %d bytes, found %d", size, len(payload))
	}
	if found := crc32.Checksum(payload, castagnoli); found != sum {
		return nil, badCache("checksum: want %08x, found %08x", sum, found)
	}
	return payload, nil
}
