package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"aldebaran/english"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match/sigma"
)

// formatSize is how large the log of each format is made, by repeating one of the test data.
const formatSize = 64 << 20

// formatLogs are a log of each format, below the test data's folder. They are small, so that what is
// measured is reading, not meeting values for the first time.
var formatLogs = [...]struct{ name, path string }{
	{"w3c (IIS)", "logs/lnav/logfile_w3c_big.0"},
	{"ncsa (Tomcat)", "logs/web/webshell-jsp/web_attack_and_isp_webshell_localhost_access_log.txt"},
	{"exchange (SMTP)", "logs/crowdsec/mail/exchange-smtp-bf/exchange-smtp-bf.log"},
	{"mssql", "logs/crowdsec/db/mssql-text-logs/mssql-text-logs.log"},
	{"mysql (slow)", "logs/mysql/slowlogs/slow006.txt"},
	{"postgresql", "logs/postgresql/pgbadger/pg_vacuums.log.gz"},
	{"json (Windows)", "mordor/atomic/windows/execution/host/psh_python_webserver.zip"},
	{"json (Zeek)", "logs/zeek/zed/zeek-json/rdp.json.gz"},
	{"zeek", "logs/zeek/zed/zeek-default/rdp.log.gz"},
	{"dns (BIND)", "logs/crowdsec/other/bind9-refused/bind9-refused.log"},
	{"syslog", "logs/crowdsec/other/charon-ipsec-bf/charon-ipsec-bf.log"},
	{"auditd", "logs/plaso/audit_enriched.log"},
	{"mail (Exim)", "logs/crowdsec/mail/exim-spam/exim-spam.log"},
	{"netlogon", "logs/netlogon/netlogon_log_CVE-2020-1472_ZeroLogon.txt.zst"},
}

// formats is the command of that name: each reader in this process, alone and with all rules, beside
// a program that does nothing but count lines.
func (b *bench) formats(ctx context.Context) error {
	collection, err := sigma.Load([]string{b.opt.rules}, sigma.LoadOptions{})
	if err != nil {
		return err
	}
	rules, err := sigma.Compile(collection)
	if err != nil {
		return err
	}
	b.report.line("## Formats\n")
	b.report.line("One log of each format of the test data, repeated up to %s MB, read from the page cache in one goroutine, no output; medians of %d rounds that take turns. MB (10^6) for each second of CPU time, the garbage collector's too. \"hunted\" is reading and matching all %d rules, which are ready beforehand; `wc -l` is the whole program.\n",
		megabytes(formatSize), b.opt.runs, len(collection.Rules))
	rows := [][]string{{"format", "bytes an event", "events", "matches", "read, MB / CPU s", "hunted, MB / CPU s", "wc -l, MB / CPU s"}}
	for _, f := range formatLogs {
		row, err := b.format(ctx, f.path, rules)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		rows = append(rows, append([]string{f.name}, row...))
		b.logf("%s: %s", f.name, strings.Join(row, ", "))
	}
	b.report.table(rows)
	return nil
}

func (b *bench) format(ctx context.Context, from string, rules *sigma.Set) ([]string, error) {
	data, err := content(filepath.Join(b.opt.corpus, filepath.FromSlash(from)))
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, errors.New("empty")
	}
	if data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	path := filepath.Join(b.opt.work, "format.log")
	if err := write(path, bytes.Repeat(data, max(1, formatSize/len(data)))); err != nil {
		return nil, err
	}
	var alone, hunted, counted []time.Duration
	var p pass
	for range b.opt.runs {
		if p, err = readText(ctx, path, nil); err != nil {
			return nil, err
		}
		alone = append(alone, p.cpu)
		if p, err = readText(ctx, path, rules.NewMatcher()); err != nil {
			return nil, err
		}
		hunted = append(hunted, p.cpu)
		m, err := timed(ctx, filepath.Join(b.opt.work, "format.out"), "wc", "-l", path)
		if err != nil {
			return nil, err
		}
		counted = append(counted, m.CPU)
	}
	size := fileSize(path)
	rate := func(all []time.Duration) string {
		return fmt.Sprintf("%.0f", float64(size)/1e6/max(median(all), time.Millisecond).Seconds())
	}
	return []string{
		fmt.Sprint(size / int64(max(p.events, 1))), english.Number(p.events), english.Number(p.matches), rate(alone), rate(hunted), rate(counted),
	}, nil
}

// readText reads a log as a hunt does, in one goroutine.
func readText(ctx context.Context, path string, matcher *sigma.Matcher) (pass, error) {
	start := cpuTime()
	s, err := evidence.Open(path, evidence.Options{})
	if err != nil {
		return pass{}, err
	}
	defer s.Close()
	var p pass
	r := evidence.NewReader(evidence.Options{})
	for _, u := range s.Units() {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		report, err := r.Read(s, u, func(e *event.Event) bool {
			if matcher != nil {
				p.matches += len(matcher.Match(e))
			}
			return true
		})
		if err != nil {
			return p, err
		}
		p.events += report.Events
	}
	p.cpu = cpuTime() - start
	return p, nil
}

// content gives what stands in a file of the test data, unpacked.
func content(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r io.Reader
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(bytes.NewReader(data))
	case ".zst":
		r, err = zstd.NewReader(bytes.NewReader(data))
	case ".zip":
		var z *zip.Reader
		if z, err = zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
			r, err = z.File[0].Open()
		}
	default:
		return data, nil
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
