package sigma

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"aldebaran/corpustest"
)

// sameCollection compares all that callers see of collections.
func sameCollection(a, b *Collection) string {
	x, y := *a, *b
	x.parsed, y.parsed = nil, nil
	if reflect.DeepEqual(x, y) {
		return "" // cmp takes half a minute for SigmaHQ
	}
	return cmp.Diff(a, b, cmpopts.IgnoreUnexported(Collection{}), cmpopts.EquateEmpty())
}

// everything holds each kind of document, item and modifier once, for round trips.
const everything = `title: All kinds of items
id: 11111111-1111-4111-8111-111111111111
name: all_kinds
status: test
level: low
description: what the cache must keep
author: us
date: 2026-01-02
modified: 2026-01-03
references: [a, b]
tags: [attack.t1059]
falsepositives: [none]
fields: [Image]
related:
  - {id: 22222222-2222-4222-8222-222222222222, type: derived}
logsource: {product: windows, category: process_creation, definition: all}
detection:
  keys: [evil, 42]
  all:
    '|all': [one, two]
  texts:
    A: 'a*b?c\*'
    B|contains|cased: X
    C|endswith: 7
    D: ''
    E: null
    F: 12.5
    G|gte: -3
    H|hour|lt: 6
    I|week: 12
    J|re|i|s: '^a.*b$'
    K|cidr: 10.0.0.0/8
    L|exists: false
    M|fieldref|endswith: N
    O|neq: [p, q]
    P|windash|contains: ' -enc '
    Q|wide|base64offset|contains: evil
    R|utf16: x
    S: true
  condition: 1 of k* or all and not (texts or texts)
---
title: Many
id: 33333333-3333-4333-8333-333333333333
correlation:
  type: value_percentile
  rules: all_kinds
  group-by: [User, Computer]
  timespan: 5m
  condition: {field: Size, gt: 10, lte: 20.5, percentile: 95}
  aliases:
    who: {all_kinds: User}
  generate: true
---
title: Not us
logsource: {product: windows}
filter:
  rules: any
  us: {User: us}
  condition: not us
---
title: Old
status: deprecated
detection: {}
---
title: Broken
`

func TestCacheRoundTrip(t *testing.T) {
	f := func(c *Collection) {
		t.Helper()
		c.Resolve()
		key := sha256.Sum256([]byte("key"))
		data, err := encodeCache(c, key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeCache(data, key)
		if err != nil {
			t.Fatal(err)
		}
		got.Resolve()
		if diff := sameCollection(c, got); diff != "" {
			t.Errorf("decode(encode(c)) (-want +got):\n%s", diff)
		}
		again, err := encodeCache(got, key)
		if err != nil || !bytes.Equal(data, again) {
			t.Errorf("encode(decode(encode(c))): %v, want the same %d bytes, got %d", err, len(data), len(again))
		}
	}
	c := Parse([]byte(everything), "all.yml", LoadOptions{})
	if len(c.Rules) != 1 || len(c.Correlations) != 1 || len(c.Filters) != 1 || len(c.Rejected) != 1 || c.Skipped["deprecated"] != 1 {
		t.Fatalf("want one of each kind, got %d rules, %d correlations, %d filters, rejected %v, skipped %v",
			len(c.Rules), len(c.Correlations), len(c.Filters), c.Rejected, c.Skipped)
	}
	f(c)
	f(Parse(nil, "empty.yml", LoadOptions{}))
}

// TestCacheRefuses damages a cache file in every way that reading could trip over.
func TestCacheRefuses(t *testing.T) {
	c := Parse([]byte(everything), "all.yml", LoadOptions{})
	key := sha256.Sum256([]byte("key"))
	data, err := encodeCache(c, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeCache(data, sha256.Sum256([]byte("another"))); err == nil {
		t.Error("decodeCache with another key: want an error, got none")
	}
	for n := range data {
		if _, err := decodeCache(data[:n], key); err == nil {
			t.Errorf("decodeCache of the first %d of %d bytes: want an error, got none", n, len(data))
		}
	}
	for i := range data {
		torn := bytes.Clone(data)
		torn[i] ^= 0x55
		if _, err := decodeCache(torn, key); err == nil {
			t.Errorf("decodeCache with byte %d changed: want an error, got none", i)
		}
	}
	// With a checksum that fits, a changed payload may be another valid one, but must not panic.
	payload := data[cacheHeader:]
	for i := range payload {
		for _, b := range []byte{0, 1, 0x7f, 0xff} {
			forged := bytes.Clone(payload)
			forged[i] = b
			if c, err := decodeCache(sealCache(forged, key), key); err == nil {
				checkDecoded(t, c)
			}
		}
	}
}

// checkDecoded walks a decoded collection as the compiler would.
func checkDecoded(t *testing.T, c *Collection) {
	t.Helper()
	var walk func(n Node)
	walk = func(n Node) {
		switch {
		case n.Op > OpNot:
			t.Fatalf("node: want a known kind, got %d", n.Op)
		case n.Op == OpItem && n.Item == nil:
			t.Fatal("node: want an item, got none")
		case n.Op == OpNot && len(n.Kids) != 1:
			t.Fatalf("not: want one operand, got %d", len(n.Kids))
		}
		for _, kid := range n.Kids {
			walk(kid)
		}
	}
	for _, r := range c.Rules {
		walk(r.Condition)
	}
	for _, f := range c.Filters {
		walk(f.Condition)
	}
}

func FuzzCache(f *testing.F) {
	key := sha256.Sum256([]byte("key"))
	data, err := encodeCache(Parse([]byte(everything), "all.yml", LoadOptions{}), key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[cacheHeader:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := decodeCache(sealCache(payload, key), key)
		if err != nil {
			return
		}
		checkDecoded(t, c)
		// What can be read can be written, and is read as the same again.
		data, err := encodeCache(c, key)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeCache(data, key)
		if err != nil {
			t.Fatal(err)
		}
		data2, err := encodeCache(again, key)
		if err != nil || !bytes.Equal(data, data2) {
			t.Errorf("encode(decode(encode(c))): %v, want the same %d bytes, got %d", err, len(data), len(data2))
		}
	})
}

// TestLoadCache follows a cache through its life: made, used, rebuilt when anything changes.
func TestLoadCache(t *testing.T) {
	rules, cache := t.TempDir(), filepath.Join(t.TempDir(), "deep", "cache")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(rules, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cached := func() []string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(cache, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	load := func(opt LoadOptions) {
		t.Helper()
		want, err := Load([]string{rules}, opt)
		if err != nil {
			t.Fatal(err)
		}
		opt.CacheDir = cache
		for _, state := range []string{"cold", "warm"} {
			got, err := Load([]string{rules}, opt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := sameCollection(want, got); diff != "" {
				t.Errorf("%s cache (-without +with):\n%s", state, diff)
			}
		}
	}
	write("a.yml", everything)
	load(LoadOptions{})
	if n := len(cached()); n != 1 {
		t.Fatalf("want 1 file in the cache, found %d", n)
	}
	load(LoadOptions{Workers: 1})
	if n := len(cached()); n != 1 {
		t.Errorf("another number of workers: want the same cache file, found %d", n)
	}
	load(LoadOptions{IncludeDeprecated: true})
	load(LoadOptions{Placeholders: map[string][]string{"a": {"b"}}})
	write("b.yml", "title: another\n")
	load(LoadOptions{})
	if n := len(cached()); n != 4 {
		t.Errorf("after other options and another file: want 4 files in the cache, found %d", n)
	}

	// A torn file is rebuilt and the rules are all there.
	for _, name := range cached() {
		if err := os.WriteFile(name, []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load(LoadOptions{})
	for i := range 2 * maxCacheFiles {
		write("c.yml", strings.Repeat("#", i)+"\ntitle: x\n")
		load(LoadOptions{})
	}
	if n := len(cached()); n != maxCacheFiles {
		t.Errorf("want %d files in the cache, found %d", maxCacheFiles, n)
	}
}

func TestCacheNotWritable(t *testing.T) {
	rules := t.TempDir()
	file := filepath.Join(rules, "a.yml")
	if err := os.WriteFile(file, []byte(everything), 0o600); err != nil {
		t.Fatal(err)
	}
	// A file stands where the folder should be.
	c, err := Load([]string{rules}, LoadOptions{CacheDir: file})
	if err != nil || len(c.Rules) != 1 {
		t.Fatalf("Load = %v, %v, want one rule", c, err)
	}
	last := c.Warnings[len(c.Warnings)-1]
	if last.File != file || !strings.Contains(last.Reason, "not kept") {
		t.Errorf("want a warning that the rules are not kept, found %v", c.Warnings)
	}
}

// TestCacheOfOthers: what anybody may write is no cache of ours.
func TestCacheOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no such permissions there
	}
	dir, key := t.TempDir(), sha256.Sum256([]byte("key"))
	if err := writeCache(dir, key, Parse([]byte(everything), "all.yml", LoadOptions{})); err != nil {
		t.Fatal(err)
	}
	if readCache(dir, key) == nil {
		t.Fatal("readCache: want a collection, found none")
	}
	if err := os.Chmod(cacheFile(dir, key), 0o666); err != nil {
		t.Fatal(err)
	}
	if readCache(dir, key) != nil {
		t.Error("readCache of a file that all may write: want nothing, found a collection")
	}
}

func TestCacheCorpus(t *testing.T) {
	root, cache := corpustest.Path(t, "sigma/rules"), t.TempDir()
	want, err := Load([]string{root}, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"cold", "warm"} {
		got, err := Load([]string{root}, LoadOptions{CacheDir: cache})
		if err != nil {
			t.Fatal(err)
		}
		if diff := sameCollection(want, got); diff != "" {
			t.Errorf("%s cache (-without +with):\n%s", state, diff)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	root := corpustest.Path(b, "sigma/rules")
	cache := b.TempDir()
	for _, state := range []struct {
		name string
		opt  LoadOptions
	}{{"cold", LoadOptions{}}, {"cached", LoadOptions{CacheDir: cache}}} {
		b.Run(state.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load([]string{root}, state.opt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeCache(b *testing.B) {
	c, err := Load([]string{corpustest.Path(b, "sigma/rules")}, LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	var key [sha256.Size]byte
	data, err := encodeCache(c, key)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeCache(data, key); err != nil {
			b.Fatal(err)
		}
	}
}
