package evidence

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"aldebaran/event"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// A part is one member of an archive that a test makes.
type part struct {
	name string
	data []byte
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// zipOf makes a zip archive, deflated.
func zipOf(parts ...part) []byte { return zipWith(zip.Deflate, parts...) }

func zipWith(method uint16, parts ...part) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w := must(z.CreateHeader(&zip.FileHeader{Name: p.name, Method: method}))
		must(w.Write(p.data))
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func tarOf(parts ...part) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, p := range parts {
		h := &tar.Header{Name: p.name, Size: int64(len(p.data)), Mode: 0o644, Typeflag: tar.TypeReg}
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		must(w.Write(p.data))
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func packedBy(open func(io.Writer) io.WriteCloser, data []byte) []byte {
	var b bytes.Buffer
	w := open(&b)
	must(w.Write(data))
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func gzOf(data []byte) []byte {
	return packedBy(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, data)
}

func xzOf(data []byte) []byte {
	return packedBy(func(w io.Writer) io.WriteCloser { return must(xz.NewWriter(w)) }, data)
}

func zstOf(data []byte) []byte {
	return packedBy(func(w io.Writer) io.WriteCloser { return must(zstd.NewWriter(w)) }, data)
}

// number7z writes a number of a 7z header, always in nine bytes.
func number7z(b []byte, n int) []byte {
	return binary.LittleEndian.AppendUint64(append(b, 0xff), uint64(n))
}

// sevenOf makes a 7z archive of one folder.
func sevenOf(method, props string, pack func([]byte) []byte, parts ...part) []byte {
	packed, header := sevenParts(method, props, pack, parts...)
	return sevenFrom(packed, header)
}

// sevenPacked makes one as 7-Zip does: its header is packed, too, with LZMA.
func sevenPacked(parts ...part) []byte {
	packed, header := sevenParts(methodLZMA2, "\x10", lzma2Of, parts...)
	head := packedBy(func(w io.Writer) io.WriteCloser {
		return must(lzma.WriterConfig{SizeInHeader: true, Size: int64(len(header))}.NewWriter(w))
	}, header)
	props, head := head[:5], head[13:]
	num := number7z
	h := append(num(num([]byte{sevenEncodedHeader, sevenPackInfo}, len(packed)), 1), sevenSize)
	h = append(num(h, len(head)), sevenEnd)
	h = num(append(h, sevenUnpackInfo, sevenFolder), 1)
	h = append(num(append(h, 0), 1), 0x20|3)
	h = append(num(append(h, methodLZMA...), 5), props...)
	h = append(num(append(h, sevenUnpackSize), len(header)), sevenCRC, 1)
	h = append(binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE(header)), sevenEnd, sevenEnd)
	return sevenFrom(append(packed, head...), h)
}

func sevenParts(method, props string, pack func([]byte) []byte, parts ...part) (packed, header []byte) {
	var all []byte
	for _, p := range parts {
		all = append(all, p.data...)
	}
	packed = pack(all)
	num := number7z
	h := []byte{sevenHeader, sevenMainStreams, sevenPackInfo}
	h = num(num(h, 0), 1)
	h = append(num(append(h, sevenSize), len(packed)), sevenEnd)
	h = num(append(h, sevenUnpackInfo, sevenFolder), 1)
	h = num(append(h, 0), 1) // here; one method
	flags := byte(len(method))
	if props != "" {
		flags |= 0x20
	}
	h = append(append(h, flags), method...)
	if props != "" {
		h = append(num(h, len(props)), props...)
	}
	h = append(num(append(h, sevenUnpackSize), len(all)), sevenEnd)
	h = num(append(h, sevenSubStreams, sevenNumStreams), len(parts))
	h = append(h, sevenSize)
	for _, p := range parts[:len(parts)-1] {
		h = num(h, len(p.data))
	}
	h = append(h, sevenCRC, 1)
	for _, p := range parts {
		h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE(p.data))
	}
	h = append(h, sevenEnd, sevenEnd)
	names := []byte{0}
	for _, p := range parts {
		for _, u := range utf16.Encode([]rune(p.name + "\x00")) {
			names = binary.LittleEndian.AppendUint16(names, u)
		}
	}
	h = num(append(h, sevenFiles), len(parts))
	h = append(num(append(h, sevenNames), len(names)), names...)
	return packed, append(h, sevenEnd, sevenEnd)
}

// sevenFrom puts the signature header before the rest.
func sevenFrom(packed, h []byte) []byte {
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(packed)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(h)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(h))
	out := append([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(start))...)
	return append(append(append(out, start...), packed...), h...)
}

func same(data []byte) []byte { return data }

func lzma2Of(data []byte) []byte {
	return packedBy(func(w io.Writer) io.WriteCloser { return must(lzma.Writer2Config{DictCap: 1 << 20}.NewWriter2(w)) }, data)
}

// access is an access log of n lines of a synthetic server.
func access(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "192.0.2.%d - - [01/Mar/2026:10:%02d:%02d +0000] \"GET /synthetic/%d HTTP/1.1\" 200 %d \"-\" \"synthetic\"\n", i%250, i/60%60, i%60, i*7919%1000003, i)
	}
	return b.Bytes()
}

// large is an access log of 20,000 long lines, 21 MB: more than is held in memory.
func large() []byte {
	return bytes.ReplaceAll(access(20_000), []byte("GET /"), []byte("GET /"+strings.Repeat("synthetic/", 95)))
}

// read lists what an opener hands on, in order: sources with their events and damage, and reasons.
func read(t testing.TB, data []byte) []string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return readFile(t, name)
}

func readFile(t testing.TB, name string) []string {
	t.Helper()
	var all []string
	short := func(s string) string { return strings.ReplaceAll(s, name, "x") }
	r := NewReader(Options{})
	var part int64
	opener := NewOpener(Options{TempDir: t.TempDir()})
	opener.Each(t.Context(), File{Path: name}, func(f Found) bool {
		if f.File.Packed {
			part += f.File.Part
		}
		if f.Err != nil {
			all = append(all, short(fmt.Sprintf("%s: %v", f.File.Path, f.Err)))
			return true
		}
		n := 0
		damage := f.Source.Damage()
		for _, u := range f.Source.Units() {
			report, err := r.Read(f.Source, u, func(e *event.Event) bool {
				if e.Source.Path != f.File.Path {
					t.Errorf("event of %q in %q", e.Source.Path, f.File.Path)
				}
				n++
				return true
			})
			if err != nil {
				all = append(all, "error: "+err.Error())
			}
			damage = append(damage, report.Damage...)
		}
		all = append(all, short(fmt.Sprintf("%s: %s %d events", f.File.Path, f.Source.Format, n)))
		for _, d := range damage {
			all = append(all, short(fmt.Sprintf("  %s: %s: want %s, found %s (%d)", d.Path, d.What, d.Want, d.Found, d.Lost)))
		}
		if err := f.Source.Close(); err != nil {
			t.Error(err)
		}
		return true
	})
	if opener.gate.free != maxHeld {
		t.Errorf("%d bytes of memory were not given back", maxHeld-opener.gate.free)
	}
	if info, err := os.Stat(name); err == nil && part != 0 && part != info.Size() {
		t.Errorf("members stand for %d bytes of a file of %d", part, info.Size())
	}
	return all
}

// The standard library does not write bzip2: this is nothing, and an access log of two lines.
const (
	bz2Empty = "BZh9\x17rE8P\x90\x00\x00\x00\x00"
	bz2Log   = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x52\xfe\xe2\x9a\x00\x00\x35\x5f\x80\x40\x10\x50\x0b\xf1" +
		"\x30\x02\xc2\x44\x0a\x2a\x61\x1c\x20\x20\x00\x90\x31\x80\x02\x60\x00\x26\x05\x55\x4f\xd1\xaa\x78" +
		"\x90\x98\x0d\x34\x8c\x9e\x8c\x25\x95\x33\x55\x4a\xc4\x61\xdd\x54\xa2\x65\xa2\x14\x64\x6c\xda\xfc" +
		"\x2a\xb2\xcc\xde\xd2\xbb\x6a\x23\x8c\x39\x51\x47\x5c\x94\x73\x57\x66\x89\x4e\x11\x88\xbe\x21\x0a" +
		"\x2e\xe8\x9e\xc8\xb2\xcb\x30\xc2\x87\x66\x6e\x6b\xae\xea\xcd\x0f\x09\x78\x68\xf4\x7a\x35\x1f\x0f" +
		"\x6e\x0e\x0d\x4d\x4f\x87\xd1\x77\x24\x53\x85\x09\x05\x2f\xee\x29\xa0"
)

func TestContainers(t *testing.T) {
	evtx, log := synthetic(t, 10), access(20)
	two := []part{{"b/web.log", log}, {"a.evtx", evtx}}
	large := large()
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"zip, sorted", zipOf(two...), []string{"x!a.evtx: evtx 10 events", "x!b/web.log: ncsa 20 events", "x: zip 0 events"}},
		{"zip, stored", zipWith(zip.Store, two...), []string{"x!a.evtx: evtx 10 events", "x!b/web.log: ncsa 20 events", "x: zip 0 events"}},
		{"tar, sorted", tarOf(two...), []string{"x!a.evtx: evtx 10 events", "x!b/web.log: ncsa 20 events", "x: tar 0 events"}},
		{"tar.gz", gzOf(tarOf(two...)), []string{"x!b/web.log: ncsa 20 events", "x!a.evtx: evtx 10 events", "x: tar.gz 0 events"}},
		{"tar.xz", xzOf(tarOf(two...)), []string{"x!b/web.log: ncsa 20 events", "x!a.evtx: evtx 10 events", "x: tar.xz 0 events"}},
		{"tar.zst", zstOf(tarOf(two...)), []string{"x!b/web.log: ncsa 20 events", "x!a.evtx: evtx 10 events", "x: tar.zst 0 events"}},
		{"gz", gzOf(evtx), []string{"x!x: evtx 10 events", "x: gz 0 events"}},
		{"gz of two parts", append(gzOf(log), gzOf(log)...), []string{"x!x: ncsa 40 events", "x: gz 0 events"}},
		{"xz", xzOf(log), []string{"x!x: ncsa 20 events", "x: xz 0 events"}},
		{"xz of two streams and padding", append(append(xzOf(log), 0, 0, 0, 0), xzOf(log)...), []string{"x!x: ncsa 40 events", "x: xz 0 events"}},
		{"zst", zstOf(log), []string{"x!x: ncsa 20 events", "x: zst 0 events"}},
		{"bz2", []byte(bz2Log), []string{"x!x: ncsa 2 events", "x: bz2 0 events"}},
		{"7z, copied", sevenOf(methodCopy, "", same, two...), []string{"x!b/web.log: ncsa 20 events", "x!a.evtx: evtx 10 events", "x: 7z 0 events"}},
		{"7z, LZMA2", sevenOf(methodLZMA2, "\x10", lzma2Of, two...), []string{"x!b/web.log: ncsa 20 events", "x!a.evtx: evtx 10 events", "x: 7z 0 events"}},
		{"7z, its header packed", sevenPacked(two...), []string{"x!b/web.log: ncsa 20 events", "x!a.evtx: evtx 10 events", "x: 7z 0 events"}},
		{"nested", zipOf(part{"in.tar.zst", zstOf(tarOf(part{"log/web.log.1.gz", gzOf(log)}, part{"c.zip", zipOf(two...)}))}), []string{
			"x!in.tar.zst!log/web.log.1.gz!web.log.1: ncsa 20 events", "x!in.tar.zst!log/web.log.1.gz: gz 0 events",
			"x!in.tar.zst!c.zip!a.evtx: evtx 10 events", "x!in.tar.zst!c.zip!b/web.log: ncsa 20 events", "x!in.tar.zst!c.zip: zip 0 events",
			"x!in.tar.zst: tar.zst 0 events", "x: zip 0 events",
		}},
		{"tar in a stored zip", zipWith(zip.Store, part{"a.tar", tarOf(two...)}), []string{
			"x!a.tar!a.evtx: evtx 10 events", "x!a.tar!b/web.log: ncsa 20 events", "x!a.tar: tar 0 events", "x: zip 0 events",
		}},
		{"other files", zipOf(part{"notes.txt", []byte("synthetic")}, part{"empty.evtx", nil}, part{"d/", nil}), []string{
			"x!empty.evtx: empty file", "x!notes.txt: unknown format", "x: zip 0 events",
		}},
		{"a large log in gz", gzOf(large), []string{"x!x: ncsa 20000 events", "x: gz 0 events"}},
		{"a large log in zip", zipOf(part{"w", large}), []string{"x!w: ncsa 20000 events", "x: zip 0 events"}},
		{"a large log in tar.gz", gzOf(tarOf(part{"w", large}, two[1])), []string{"x!w: ncsa 20000 events", "x!a.evtx: evtx 10 events", "x: tar.gz 0 events"}},
		{"a large log in gz in tar.gz", gzOf(tarOf(part{"w.gz", gzOf(large)}, two[1])), []string{
			"x!w.gz!w: ncsa 20000 events", "x!w.gz: gz 0 events", "x!a.evtx: evtx 10 events", "x: tar.gz 0 events",
		}},
		{"a large log in 7z", sevenOf(methodCopy, "", same, part{"w", large}, two[1]), []string{"x!w: ncsa 20000 events", "x!a.evtx: evtx 10 events", "x: 7z 0 events"}},
		{"a large event log in zip", zipOf(part{"l.evtx", append(evtx, make([]byte, 20<<20)...)}), []string{"x!l.evtx: evtx 10 events", "x: zip 0 events"}},
		{"an empty zip", zipOf(), []string{"x: zip 0 events"}},
		{"an empty 7z", emptySeven(), []string{"x: 7z 0 events"}},
		{"an empty gz", gzOf(nil), []string{"x!x: empty file", "x: gz 0 events"}},
		{"an empty xz", xzOf(nil), []string{"x!x: empty file", "x: xz 0 events"}},
		{"an empty bz2", []byte(bz2Empty), []string{"x!x: empty file", "x: bz2 0 events"}},
		{"an empty tar in gz", gzOf(tarOf()), []string{"x!x: unknown format", "x: gz 0 events"}},
		{"no container", log, []string{"x: ncsa 20 events"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, read(t, c.data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func emptySeven() []byte {
	start := make([]byte, 20)
	return append(binary.LittleEndian.AppendUint32([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), crc32.ChecksumIEEE(start)), start...)
}

// TestContainerNames shows names that lead out of their container as what they are: names.
func TestContainerNames(t *testing.T) {
	t.Chdir(t.TempDir())
	log := access(1)
	for name, want := range map[string]string{
		"../../etc/passwd":        "x!../../etc/passwd: a way up",
		"/etc/passwd":             "x!/etc/passwd: an absolute path",
		`C:\Windows\a.log`:        `x!C:\Windows\a.log: a drive letter`,
		`..\..\a.log`:             `x!..\..\a.log: a way up`,
		"a\x00b":                  `x!a\x00b: a zero byte`,
		"a\x1b[2Jb":               `x!a\x1b[2Jb: `,
		"a\xffb":                  `x!a\xffb: `,
		"a\u202eb":                `x!a\u{202e}b: `,
		"uploads/C%3A/é.log":      "x!uploads/C%3A/é.log: ",
		"a..b/...":                "x!a..b/...: ",
		strings.Repeat("n", 2000): "x!" + strings.Repeat("n", 1024) + "...(2000 bytes): ",
	} {
		got := read(t, zipOf(part{name, log}))
		path, what, _ := strings.Cut(want, ": ")
		if got[0] != path+": ncsa 1 events" {
			t.Errorf("%q: found %q, want %q", name, got, path)
		}
		told := strings.Join(got[2:], "")
		if what == "" && told != "" || what != "" && !strings.Contains(told, what) {
			t.Errorf("%q: told %q, want %q", name, told, what)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 0 {
		t.Errorf("files were written: %v, %v", left, err)
	}
}

// TestContainerDamage reads what can be read of damaged containers, and tells the rest.
func TestContainerDamage(t *testing.T) {
	log := access(5000) // about 450 KB
	parts := []part{{"a.log", log}, {"b.log", access(10)}, {"c.log", access(10)}}
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0xff
		return b
	}
	encrypted := zipOf(parts[1:]...)
	for magic, at := range map[string]int{zipLocal: 6, zipCentral: 8} {
		encrypted[bytes.Index(encrypted, []byte(magic))+at] |= zipEncrypted
	}
	z, g := zipOf(parts...), gzOf(log)
	tarred := tarOf(parts...)
	second := bytes.Index(tarred, []byte("b.log"))
	for _, c := range []struct {
		name string
		data []byte
		want []string // each must be in a line
	}{
		{"zip without its directory", z[:bytes.Index(z, []byte(zipCentral))], []string{"x!a.log: ncsa 5000 events", "x!b.log: ncsa 10 events", "x!c.log: ncsa 10 events", "x: directory: want a zip's directory"}},
		{"zip cut in its first member", z[:len(z)/2], []string{"x!a.log: ncsa ", "x!a.log: packed member: want the whole member", "x: directory"}},
		{"zip with a damaged member", flip(z, 2000), []string{"x!a.log: packed member", "x!b.log: ncsa 10 events", "x!c.log: ncsa 10 events"}},
		{"zip, encrypted", encrypted, []string{"x!b.log: encrypted", "x!c.log: ncsa 10 events"}},
		{"gz cut off", g[:len(g)/2], []string{"x!x: ncsa ", "unexpected EOF"}},
		{"gz with a wrong checksum", flip(g, len(g)-6), []string{"x!x: ncsa 5000 events", "x!x: packed member: want the whole member"}},
		{"gz of its header", g[:10], []string{"x: gz 0 events", "unexpected EOF"}},
		{"xz cut off", xzOf(log)[:5000], []string{"unexpected EOF"}},
		{"xz with damage", flip(xzOf(log), 5000), []string{"x: xz 0 events", "xz: "}},
		{"zst cut off", zstOf(log)[:8000], []string{"unexpected EOF"}},
		{"zst with damage", flip(zstOf(log), 8000), []string{"x: zst 0 events", "(-1)"}},
		{"bz2 cut off", []byte(bz2Log[:60]), []string{"unexpected EOF"}},
		{"tar cut in a member", tarred[:100_000], []string{"x!a.log: ncsa ", "x: archive: want its end, found unexpected EOF"}},
		{"tar with a damaged header", flip(tarred, second+1), []string{"x!a.log: ncsa 5000 events", "x!c.log: ncsa 10 events", "x: header of a member"}},
		{"tar.gz cut off", gzOf(tarred)[:12000], []string{"x!a.log: ncsa ", "x!a.log: packed member"}},
		{"tar.gz with a damaged header", gzOf(flip(tarred, second+1)), []string{"x!a.log: ncsa 5000 events", "x!c.log: ncsa 10 events", "x: header of a member"}},
		{"tar.gz with a wrong checksum", flip(gzOf(tarred), len(gzOf(tarred))-6), []string{"x!c.log: ncsa 10 events", "x: packed file: want an intact end"}},
		{"7z cut off", sevenOf(methodCopy, "", same, parts...)[:9000], []string{"x: header: want the list of members of a 7z archive"}},
		{"7z with a damaged member", flip(sevenOf(methodCopy, "", same, parts...), 60), []string{"x!a.log: ncsa ", "checksum", "x!b.log: ncsa 10 events"}},
		{"7z with damaged packed data", flip(sevenOf(methodLZMA2, "\x10", lzma2Of, parts...), 5000), []string{"x!a.log: ", "2 members behind a.log cannot be read"}},
		{"7z, encrypted", sevenOf(methodAES, "", same, parts...), []string{"x!a.log: encrypted", "x!c.log: encrypted"}},
		{"7z with a method that is not read", sevenOf("\x03\x04\x01", "", same, parts...), []string{"x!a.log: packed with method 030401"}},
		{"7z with a damaged header", flip(sevenPacked(parts...), len(sevenPacked(parts...))-30), []string{"x: 7z 0 events", "wrong checksum"}},
		{"7z with a damaged packed header", flip(sevenPacked(parts...), len(sevenPacked(parts...))-150), []string{"x: 7z 0 events", "x: header: want the list of members"}},
		{"xz with a huge dictionary", xzWith(xzOf(log), 40), []string{"xz: want a dictionary of at most 134217728 bytes, found 4294967295"}},
		{"zst with a huge window", []byte("\x28\xb5\x2f\xfd\x00\xa0" + strings.Repeat("\x01", 20)), []string{"x: zst 0 events", "window size exceeded"}},
		{"7z with a huge dictionary", sevenOf(methodLZMA2, "\x28", same, parts...), []string{"want a dictionary of at most 134217728 bytes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(read(t, c.data), "\n")
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("want %q in\n%s", want, got)
				}
			}
		})
	}
}

// xzWith changes the size of the dictionary in the first block.
func xzWith(b []byte, bits byte) []byte {
	b = bytes.Clone(b)
	block := b[12 : 12+(int(b[12])+1)*4]
	block[bytes.Index(block, []byte{filterLZMA, 1})+2] = bits
	binary.LittleEndian.PutUint32(block[len(block)-4:], crc32.ChecksumIEEE(block[:len(block)-4]))
	return b
}

// bomb is a zip with a member that begins like a log and goes on with n zeros, of which its
// directory says that they are so many bytes.
func bomb(t *testing.T, n int64, claimed uint64) []byte {
	t.Helper()
	const step = 64 << 20
	var deflated bytes.Buffer
	w := must(flate.NewWriter(&deflated, flate.BestCompression))
	flushed := func(data []byte) []byte {
		deflated.Reset()
		must(w.Write(data))
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return bytes.Clone(deflated.Bytes())
	}
	packed := flushed(access(3))
	packed = append(packed, flushed(make([]byte, step))...)
	// From here on every step is packed into the same bytes.
	packed = append(packed, bytes.Repeat(flushed(make([]byte, step)), int(n/step)-1)...)
	packed = append(packed, 3, 0) // a last block, empty

	var b bytes.Buffer
	z := zip.NewWriter(&b)
	out := must(z.CreateRaw(&zip.FileHeader{Name: "bomb.log", Method: zip.Deflate, CompressedSize64: uint64(len(packed)), UncompressedSize64: claimed}))
	must(out.Write(packed))
	must(must(z.Create("z.log")).Write(access(4)))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestContainerBomb unpacks 10 GB of zeros up to a limit, also where they stand in other archives
// and where their size is not told, and reads what stands behind them.
func TestContainerBomb(t *testing.T) {
	const size = 10 << 30
	honest, lying := bomb(t, size, size), bomb(t, size, 0)
	for _, c := range []struct {
		name   string
		data   []byte
		want   string
		behind bool
	}{
		{"zip", honest, "want at most ", true},
		{"zip of zip", zipOf(part{"in.zip", lying}), "times the packed size", true},
		{"zst of zip", zstOf(lying), "times the packed size", true},
		{"gz", gzBomb(t, size), "times the packed size", false},
		{"tar.gz", gzOf(tarOf(part{"b.gz", gzBomb(t, size)}, part{"z.log", access(4)})), "times the packed size", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := strings.Join(read(t, c.data), "\n")
			runtime.ReadMemStats(&after)
			if !strings.Contains(got, c.want) {
				t.Errorf("want %q, found\n%s", c.want, got)
			}
			if c.behind && !strings.Contains(got, "z.log: ncsa 4 events") {
				t.Errorf("what stands behind the bomb was not read:\n%s", got)
			}
			if grown := after.Sys - min(before.Sys, after.Sys); grown > 200<<20 {
				t.Errorf("memory grew by %d MB", grown>>20)
			}
		})
	}
}

// gzBomb is a packed log that goes on with n zeros: members of a gz that repeat.
func gzBomb(t *testing.T, n int64) []byte {
	t.Helper()
	one := packedBy(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, make([]byte, 64<<20))
	return append(gzOf(access(3)), bytes.Repeat(one, int(n>>26))...)
}

// TestContainerQuine stops where containers are nested too deep, and where they never end.
func TestContainerQuine(t *testing.T) {
	data := access(3)
	for range maxNesting {
		data = zipOf(part{"in", data})
	}
	if got := read(t, data); got[0] != "x"+strings.Repeat("!in", maxNesting)+": ncsa 3 events" {
		t.Errorf("%d deep: %q", maxNesting, got)
	}
	data = gzOf(data)
	if got := strings.Join(read(t, data), "\n"); !strings.Contains(got, "deep in one another") {
		t.Errorf("one deeper: %q", got)
	}
}

// TestContainerSizes does not believe sizes in a directory.
func TestContainerSizes(t *testing.T) {
	parts := []part{{"a.log", access(10)}, {"b.log", access(10)}}
	data := zipOf(parts...)
	dir := bytes.Index(data, []byte(zipCentral))
	binary.LittleEndian.PutUint32(data[dir+24:], 0xf0000000)
	got := strings.Join(read(t, data), "\n")
	if !strings.Contains(got, "x: member: want at most") || !strings.Contains(got, "x!b.log: ncsa 10 events") {
		t.Errorf("too large: %s", got)
	}
	binary.LittleEndian.PutUint32(data[dir+24:], 100)
	got = strings.Join(read(t, data), "\n")
	if !strings.Contains(got, "x!a.log: ncsa 10 events") || !strings.Contains(got, "x!a.log: packed member: want 100 bytes, found ") {
		t.Errorf("too small: %s", got)
	}
}

// TestContainerMembers counts members of all containers of a file together.
func TestContainerMembers(t *testing.T) {
	x := &expansion{ctx: t.Context(), left: 1000, members: maxMembers, hand: func(Found) bool { t.Error("a member was handed on"); return true }}
	c := &box{b: &blob{path: "x"}}
	for range 3 {
		x.member(c, "a", &blob{size: 1, once: strings.NewReader("a")})
	}
	if len(c.damage) != 1 || !x.full() {
		t.Errorf("damage %v, full %v", c.damage, x.full())
	}
}

// TestContainerCrash makes damage of a crash, of a member or of a container, and goes on.
func TestContainerCrash(t *testing.T) {
	var all []string
	x := &expansion{ctx: t.Context(), opener: NewOpener(Options{}), left: 1 << 20, hand: func(f Found) bool {
		all = append(all, fmt.Sprint(f.File.Path, " ", f.Err))
		if f.Source != nil {
			all = append(all, fmt.Sprint(f.Source.Damage()))
			_ = f.Source.Close()
		}
		return true
	}}
	store := newShared(func() {})
	c := &box{b: &blob{path: "x"}, store: store}
	x.member(c, "a", &blob{size: 5, open: func() (*opened, error) { panic("synthetic") }})
	x.member(c, "b.log", &blob{size: 0, once: strings.NewReader("")})
	if err := x.box(&blob{path: "y", store: store}, container{"zip", func(*expansion, *box) { panic("synthetic") }}, 1); err != nil {
		t.Error(err)
	}
	got := strings.Join(all, "\n")
	for _, want := range []string{"x!a internal error: synthetic", "x!b.log empty file", "y <nil>", "no crash of its reader"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

// TestContainerFull tells that members were left out, whatever used up the limit.
func TestContainerFull(t *testing.T) {
	var last *Source
	x := &expansion{ctx: t.Context(), opener: NewOpener(Options{}), hand: func(f Found) bool { last = f.Source; return true }}
	data := tarOf(part{"a", access(50)}, part{"b", access(50)})
	b := &blob{path: "x", size: int64(len(data)), at: bytes.NewReader(data), store: newShared(func() {})}
	x.left = int64(len(access(50)))
	x.look(b, 1)
	if last == nil || len(last.Damage()) != 1 || last.Damage()[0].Lost != -1 {
		t.Errorf("the container is %+v, want one that tells", last)
	}
}

// TestContainerStops ends where nobody wants more, or the context ends.
func TestContainerStops(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	var parts []part
	for i := range 50 {
		parts = append(parts, part{fmt.Sprintf("%02d", i), access(10)})
	}
	for _, data := range [][]byte{zipOf(parts...), gzOf(tarOf(parts...)), sevenOf(methodCopy, "", same, parts...)} {
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
		n := 0
		NewOpener(Options{}).Each(t.Context(), File{Path: name}, func(f Found) bool {
			n++
			_ = f.Source.Close()
			return n < 5
		})
		if n != 5 {
			t.Errorf("%d were handed on, want 5", n)
		}
		n = 0
		ctx, cancel := context.WithCancel(t.Context())
		NewOpener(Options{}).Each(ctx, File{Path: name}, func(f Found) bool {
			n++
			_ = f.Source.Close()
			cancel()
			return true
		})
		if n != 1 {
			t.Errorf("%d were handed on after the end of the context, want 1", n)
		}
	}
}

// TestContainerLater reads members after the container itself was done with, as workers do.
func TestContainerLater(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	parts := []part{{"a.log", access(10)}, {"b.log", large()}}
	for format, data := range map[string][]byte{
		"zip": zipOf(parts...), "tar": tarOf(parts...), "zip in zip": zipOf(part{"in", zipOf(parts...)}), "zip in tar.gz": gzOf(tarOf(part{"in", zipOf(parts...)})),
	} {
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
		var sources []*Source
		NewOpener(Options{}).Each(t.Context(), File{Path: name}, func(f Found) bool {
			if f.Err != nil {
				t.Fatal(f.Err)
			}
			sources = append(sources, f.Source)
			return true
		})
		n := 0
		for i := len(sources) - 1; i >= 0; i-- {
			for _, u := range sources[i].Units() {
				if _, err := NewReader(Options{}).Read(sources[i], u, func(*event.Event) bool { n++; return true }); err != nil {
					t.Fatal(err)
				}
			}
			if sum, err := sources[i].SHA256(t.Context()); err != nil || len(sum) != 64 && sources[i].format >= 0 {
				t.Errorf("%s: SHA256 of %s: %q, %v", format, sources[i].Path, sum, err)
			}
			_ = sources[i].Close()
		}
		if n != 20_010 {
			t.Errorf("%s: %d events, want 20010", format, n)
		}
	}
}

func TestOpenContainer(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(name, zipOf(), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(name, Options{}); !errors.Is(err, ErrContainer) {
		t.Errorf("Open = %v, want %v", err, ErrContainer)
	}
}

// TestFind opens what events name.
func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, data := range map[string][]byte{
		"a!b.zip": zipOf(part{"c.zip", zipOf(part{"w.log", access(3)}, part{"v.log", access(2)})}, part{"w", large()}),
		"t.tgz":   gzOf(tarOf(part{"u", access(1)}, part{"w", large()})), "plain!.log": access(4),
	} {
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]int{
		"a!b.zip!c.zip!w.log": 3, "a!b.zip!w": 20_000, "t.tgz!w": 20_000, "plain!.log": 4,
		"a!b.zip!none": -1, "none": -1, "none!none": -1, "a!b.zip!c.zip": 0,
	} {
		n := 0
		err := Find(t.Context(), path, Options{}, func(s *Source) error {
			for _, u := range s.Units() {
				if _, err := NewReader(Options{}).Read(s, u, func(*event.Event) bool { n++; return true }); err != nil {
					return err
				}
			}
			return nil
		})
		if (err != nil) != (want < 0) || want > 0 && n != want {
			t.Errorf("%s: %d events, %v; want %d", path, n, err, want)
		}
	}
}

// TestStream reads a member forward, back at its beginning, and not anywhere else.
func TestStream(t *testing.T) {
	text := access(5000)
	head := len(text) / 10
	once := &stream{head: text[:head], r: bytes.NewReader(text), size: int64(len(text))}
	again := &stream{head: text[:head], size: int64(len(text)), open: func() (*opened, error) {
		return &opened{Reader: bytes.NewReader(text)}, nil
	}}
	for name, s := range map[string]*stream{"once": once, "again": again} {
		got := must(io.ReadAll(io.NewSectionReader(s, 0, int64(len(text)))))
		if !bytes.Equal(got, text) || s.err != nil {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), s.err, len(text))
		}
		buf := make([]byte, 100)
		if n, err := s.ReadAt(buf, 5); n != 100 || err != nil || !bytes.Equal(buf, text[5:105]) {
			t.Errorf("%s: the beginning again: %d, %v", name, n, err)
		}
		n, err := s.ReadAt(buf, int64(head))
		if name == "again" != (n == 100 && err == nil) {
			t.Errorf("%s: the middle again: %d, %v", name, n, err)
		}
	}
}

// FuzzContainer reads any bytes as a container. Nothing is handed on after it was closed, and the
// same bytes give the same list.
func FuzzContainer(f *testing.F) {
	small := []part{{"a.log", access(3)}, {"b", []byte("synthetic")}}
	for _, seed := range [][]byte{
		zipOf(small...), tarOf(small...), gzOf(tarOf(small...)), xzOf(access(3)), zstOf(access(3)), []byte(bz2Log),
		sevenOf(methodCopy, "", same, small...), sevenOf(methodLZMA2, "\x10", lzma2Of, small...), sevenPacked(small...), zipOf(part{"in.zip", zipOf(small...)}),
		zipOf(small...)[:150], emptySeven(),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
		first := readFile(t, name)
		if len(first) == 0 {
			t.Fatal("nothing was handed on")
		}
		if diff := cmp.Diff(first, readFile(t, name)); diff != "" {
			t.Errorf("read again (-first +second):\n%s", diff)
		}
	})
}

func ExampleOpener_Each() {
	dir := must(os.MkdirTemp("", "evidence"))
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "case.zip")
	if err := os.WriteFile(name, zipOf(part{"host/access.log.gz", gzOf(access(3))}, part{"notes.txt", []byte("synthetic")}), 0o666); err != nil {
		panic(err)
	}
	NewOpener(Options{}).Each(context.Background(), File{Path: name}, func(f Found) bool {
		path := strings.TrimPrefix(f.File.Path, dir+string(filepath.Separator))
		if f.Err != nil {
			fmt.Println(path, "-", f.Err)
			return true
		}
		defer f.Source.Close()
		fmt.Println(path, "-", f.Source.Format)
		return true
	})
	// Output:
	// case.zip!host/access.log.gz!access.log - ncsa
	// case.zip!host/access.log.gz - gz
	// case.zip!notes.txt - unknown format
	// case.zip - zip
}

// BenchmarkContainers reads an access log of 24 MB out of containers; bytes are those unpacked.
func BenchmarkContainers(b *testing.B) {
	log := access(250_000)
	for _, c := range []struct {
		name string
		data []byte
	}{{"tar", tarOf(part{"w", log})}, {"zip", zipOf(part{"w", log})}, {"gz", gzOf(log)}, {"tar.gz", gzOf(tarOf(part{"w", log}))}, {"zst", zstOf(log)}, {"xz", xzOf(log)}} {
		b.Run(c.name, func(b *testing.B) {
			name := filepath.Join(b.TempDir(), "x")
			if err := os.WriteFile(name, c.data, 0o666); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(log)))
			r := NewReader(Options{})
			for b.Loop() {
				n := 0
				NewOpener(Options{}).Each(b.Context(), File{Path: name}, func(f Found) bool {
					for _, u := range f.Source.Units() {
						if _, err := r.Read(f.Source, u, func(*event.Event) bool { n++; return true }); err != nil {
							b.Fatal(err)
						}
					}
					_ = f.Source.Close()
					return true
				})
				if n != 250_000 {
					b.Fatalf("%d events", n)
				}
			}
		})
	}
}
