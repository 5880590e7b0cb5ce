package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/match/indicator"
	"aldebaran/match/sigma"
	"aldebaran/packs"
)

// manyIndicators is how many indicators are looked for in the last column.
const manyIndicators = 1_000_000

// An outfit is what a hunt looks for.
type outfit struct {
	rules      *sigma.Set
	behaviours *behaviour.Set // nil for none
	indicators *indicator.Set // nil for none
	// chained are the rules whose matches behaviours want to know of.
	chained map[*sigma.Rule]bool
}

// behaviours is the command of that name: what behaviours and indicators leave of the throughput, by kind
// of log, with the rules that are shipped and with all of the test data.
func (b *bench) behaviours(ctx context.Context) error {
	kinds, err := b.behaviourKinds(behaviourLogSize)
	if err != nil {
		return err
	}
	all, err := packs.All()
	if err != nil {
		return err
	}
	var config behaviour.Config
	var shipped []intel.Indicator
	for _, p := range all {
		c, err := behaviour.ParseConfig(p.Behaviours, p.Name)
		if err != nil {
			return err
		}
		config, shipped = config.Join(c), append(shipped, p.Indicators...)
	}
	set, err := behaviour.New(config)
	if err != nil {
		return err
	}
	few, err := indicator.Compile(shipped, indicator.Options{})
	if err != nil {
		return err
	}
	own, err := sigma.LoadFS(packs.Rules(), ".", sigma.LoadOptions{})
	if err != nil {
		return err
	}
	others, err := sigma.Load([]string{b.opt.rules}, sigma.LoadOptions{})
	if err != nil {
		return err
	}
	b.report.line("## Behaviours and indicators\n")
	b.report.line("What is left of the throughput of rules alone when behaviours (%d), the indicators of the packs (%d) and %s more are looked for too. Reading, matching, joining and concluding in this process, files in the system's cache, one goroutine, no output. CPU is user and system time of the process, the garbage collector's too; medians of %d rounds that take turns, each with empty caches. Text logs are synthetic, %s MB each.\n",
		len(set.Rules()), few.Stats().Active(), english.Number(manyIndicators), b.opt.runs, megabytes(behaviourLogSize))
	b.report.line("The columns up to the packs' indicators take turns with each other, \"a million more\" with \"with behaviours\": while a million are in memory the garbage collector has less to do.\n")
	for _, rules := range []struct {
		name string
		c    *sigma.Collection
	}{{"shipped", own}, {"of the test data", others}} {
		compiled, err := sigma.Compile(rules.c)
		if err != nil {
			return err
		}
		chained := map[*sigma.Rule]bool{}
		for _, r := range rules.c.Rules {
			chained[r] = set.Wants(r.ID, r.Tags)
		}
		alone, behaved, packed := outfit{compiled, nil, nil, chained}, outfit{compiled, set, nil, chained}, outfit{compiled, set, few, chained}
		b.report.line("With the %d rules %s:\n", len(rules.c.Rules), rules.name)
		rows, err := b.behaviourRows(ctx, kinds, alone, behaved, packed)
		if err != nil {
			return err
		}
		many, err := indicator.Compile(append(madeIndicators(manyIndicators), shipped...), indicator.Options{})
		if err != nil {
			return err
		}
		more, err := b.behaviourRows(ctx, kinds, behaved, outfit{compiled, set, many, chained})
		if err != nil {
			return err
		}
		table := [][]string{{"log", "events", "rules alone, µs an event", "MB / CPU s", "with behaviours", "and the packs' indicators", "a million more, of with behaviours"}}
		for i := range rows {
			table = append(table, append(rows[i], more[i][len(more[i])-1]))
		}
		b.report.table(table)
	}
	return nil
}

// behaviourRows measures outfits beside the first, by kind of log.
func (b *bench) behaviourRows(ctx context.Context, kinds []set, outfits ...outfit) (rows [][]string, err error) {
	for _, k := range kinds {
		if !strings.Contains(k.name, b.opt.only) {
			continue
		}
		row, err := b.behaviourRow(ctx, k, outfits)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
		b.logf("%s", strings.Join(row, ", "))
		rows = append(rows, row)
	}
	return rows, nil
}

// behaviourKinds lays out the logs, each text log of the size in bytes; the last is all of them.
func (b *bench) behaviourKinds(size int) ([]set, error) {
	const copies = 12 // the sets are small
	kinds, err := b.prepare("host-collection,attack-samples,evtx-to-mitre", copies)
	if err != nil {
		return nil, err
	}
	kinds = []set{kinds[0], {name: "evtx, attacks", files: append(kinds[1].files, kinds[2].files...), bytes: kinds[1].bytes + kinds[2].bytes}}
	kinds[0].name = "evtx, host-collection"
	for _, l := range behaviourLogs() {
		path := filepath.Join(b.opt.work, fmt.Sprintf("synthetic %s, %s MB.log", l.name, megabytes(int64(size))))
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if err := l.make(path, size); err != nil {
				return nil, err
			}
		}
		kinds = append(kinds, set{name: l.name, files: []string{path}, bytes: fileSize(path)})
	}
	mixed := set{name: "all together"}
	for _, k := range kinds {
		mixed.files = append(mixed.files, k.files...)
		mixed.bytes += k.bytes
	}
	return append(kinds, mixed), nil
}

// behaviourRow measures one kind of log.
func (b *bench) behaviourRow(ctx context.Context, k set, outfits []outfit) ([]string, error) {
	used := make([][]time.Duration, len(outfits))
	var p pass
	for range b.opt.runs {
		for i := range outfits {
			one, err := outfits[i].hunt(ctx, k.files)
			if err != nil {
				return nil, err
			}
			if p.events != 0 && p.events != one.events {
				return nil, fmt.Errorf("want %d events each time, found %d", p.events, one.events)
			}
			p = one
			used[i] = append(used[i], one.cpu)
		}
	}
	alone := median(used[0]).Seconds()
	row := []string{k.name, english.Number(p.events), fmt.Sprintf("%.2f", alone*1e6/float64(max(p.events, 1))), fmt.Sprintf("%.0f", float64(k.bytes)/1e6/alone)}
	for i := range outfits[1:] {
		row = append(row, fmt.Sprintf("%.0f %%", 100*alone/median(used[i+1]).Seconds()))
	}
	return row, nil
}

// hunt reads logs as a hunt with one worker does, and comes to the conclusions.
func (o outfit) hunt(ctx context.Context, files []string) (p pass, err error) {
	runtime.GC() // what came before is not this pass's to clean up
	start := cpuTime()
	rules, reader := o.rules.NewMatcher(), evidence.NewReader(evidence.Options{})
	var (
		behaved   *behaviour.Matcher
		collector *behaviour.Collector
		known     *indicator.Matcher
		found     []indicator.Hit
	)
	if o.behaviours != nil {
		behaved, collector = o.behaviours.NewMatcher(), o.behaviours.NewCollector()
	}
	if o.indicators != nil {
		known = o.indicators.NewMatcher()
	}
	see := func(e *event.Event) bool {
		for _, r := range rules.Match(e) {
			p.matches++
			if collector != nil && o.chained[r] {
				collector.Hit(behaviour.Hit{Rule: r.ID, Title: r.Title, Level: r.Level, Tags: r.Tags, Ref: behaviour.Ref{
					Time: e.Time, Source: e.Source, Host: behaviour.HostOf(e), Channel: e.Channel, EventID: e.EventID, RecordID: e.RecordID,
				}})
			}
		}
		if known != nil {
			found = known.Match(found[:0], e)
			p.matches += len(found)
		}
		if behaved != nil {
			behaved.See(e)
		}
		return true
	}
	for _, path := range files {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		events, err := huntFile(reader, path, see, func() {
			if behaved != nil {
				collector.Join(behaved.Take())
			}
		})
		if err != nil {
			return p, err
		}
		p.events += events
	}
	if collector != nil {
		err = collector.Finish(func(behaviour.Episode) error {
			p.matches++
			return nil
		})
	}
	p.cpu = cpuTime() - start
	return p, err
}

// huntFile reads a log piece by piece; what is no log of any format is left out.
func huntFile(reader *evidence.Reader, path string, see func(*event.Event) bool, pieceDone func()) (events int, err error) {
	s, err := evidence.Open(path, evidence.Options{})
	if errors.Is(err, evidence.ErrUnknown) || errors.Is(err, evidence.ErrEmpty) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for _, u := range s.Units() {
		report, err := reader.Read(s, u, see)
		if err != nil {
			return events, err
		}
		events += report.Events
		pieceDone()
	}
	return events, nil
}

// madeIndicators are indicators of all types as large feeds have them, mostly hashes, domains and
// addresses; none is real.
func madeIndicators(n int) []intel.Indicator {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(letters string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	const hex = "0123456789abcdef"
	word := func(n int) string { return text("abcdefghijklmnopqrstuvwxyz0123456789", n) }
	ends := [...]string{"com", "net", "org", "info", "top", "xyz", "example", "co.uk"}
	domain := func() string { return word(4+r.IntN(12)) + "." + ends[r.IntN(len(ends))] }
	list := make([]intel.Indicator, n)
	for i := range list {
		one := &list[i]
		switch k := i % 100; {
		case k < 25:
			one.Type, one.Value = intel.SHA256, text(hex, 64)
		case k < 35:
			one.Type, one.Value = intel.MD5, text(hex, 32)
		case k < 40:
			one.Type, one.Value = intel.SHA1, text(hex, 40)
		case k < 65:
			one.Type, one.Value = intel.Domain, domain()
		case k < 80:
			one.Type, one.Value = intel.IP, fmt.Sprintf("%d.%d.%d.%d", 11+r.IntN(150), r.IntN(256), r.IntN(256), r.IntN(256))
		case k < 90:
			one.Type, one.Value = intel.URL, "http://"+domain()+"/"+word(8)+".php"
		case k < 92:
			one.Type, one.Value = intel.CIDR, fmt.Sprintf("%d.%d.%d.0/24", 11+r.IntN(150), r.IntN(256), r.IntN(256))
		case k < 94:
			one.Type, one.Value = intel.Email, word(6)+"@"+domain()
		case k < 96:
			one.Type, one.Value = intel.FileName, word(7)+".exe"
		case k < 97:
			one.Type, one.Value = intel.FilePath, `c:\windows\temp\`+word(7)+".dll"
		case k < 98:
			one.Type, one.Value = intel.RegistryKey, `HKLM\software\`+word(8)
		case k < 99:
			one.Type, one.Value = intel.Mutex, `Global\`+word(9)
		default:
			one.Type, one.Value = intel.UserAgent, "Mozilla/5.0 ("+word(9)+")"
		}
	}
	return list
}
