//go:build unix

package store_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/attack"
	"aldebaran/corpustest"
	"aldebaran/evidence"
	"aldebaran/hunt"
	"aldebaran/match/behaviour"
	"aldebaran/packs"
	"aldebaran/packs/demo"
	"aldebaran/store"
)

// The test program is a hunt, too, so that it can be killed: it hunts in the evidence of these variables
// with the case in that folder, and writes its JSON document.
const (
	envEvidence = "ALDEBARAN_TEST_EVIDENCE"
	envCase     = "ALDEBARAN_TEST_CASE"
	envOutput   = "ALDEBARAN_TEST_OUTPUT"
	envWorkers  = "ALDEBARAN_TEST_WORKERS"
	envDieAt    = "ALDEBARAN_TEST_DIE_AT" // the call to the journal after which the hunt kills itself; 0: none
)

// A mortalJournal kills the program, as kill -9 does, after the given call that writes. Kills after a time
// fall where the machine's load puts them; these fall between the same two calls everywhere.
type mortalJournal struct {
	hunt.Journal
	calls, dieAt int
}

func (j *mortalJournal) called(err error) error {
	j.calls++
	if j.calls == j.dieAt {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return err
}

func (j *mortalJournal) Begin(k evidence.Kept) error { return j.called(j.Journal.Begin(k)) }
func (j *mortalJournal) Add(path string, n int, piece []byte) error {
	return j.called(j.Journal.Add(path, n, piece))
}
func (j *mortalJournal) End(k evidence.Kept) error { return j.called(j.Journal.End(k)) }
func (j *mortalJournal) Sync() error               { return j.called(j.Journal.Sync()) }

func TestMain(m *testing.M) {
	if os.Getenv(envEvidence) == "" {
		os.Exit(m.Run())
	}
	if err := huntHere(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func huntHere() (err error) {
	workers, err := strconv.Atoi(os.Getenv(envWorkers))
	if err != nil {
		return err
	}
	dieAt, err := strconv.Atoi(os.Getenv(envDieAt))
	if err != nil {
		return err
	}
	all, err := packs.All()
	if err != nil {
		return err
	}
	journal := &mortalJournal{dieAt: dieAt}
	opt := hunt.Options{
		Evidence: []string{os.Getenv(envEvidence)}, DefaultRules: packs.Rules(), Behaviours: new(behaviour.Config), Samples: 3, Workers: workers,
		Question: &hunt.Question{Packs: all, Wanted: []string{"phantom-taurus"}, Knowledge: attack.Load()},
	}
	for _, p := range all {
		opt.Indicators = append(opt.Indicators, p.Indicators...)
	}
	if dir := os.Getenv(envCase); dir != "" {
		db, err := store.Create(dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		journal.Journal = db
		opt.Journal = journal
	}
	var doc, matches bytes.Buffer
	if _, err := hunt.Run(context.Background(), opt, hunt.NewJSON(&doc), hunt.NewJSONL(&matches)); err != nil {
		return err
	}
	doc.Write(matches.Bytes())
	output := os.Getenv(envOutput)
	return errors.Join(
		os.WriteFile(output+callsSuffix, []byte(strconv.Itoa(journal.calls)), 0o600),
		os.WriteFile(output, doc.Bytes(), 0o600))
}

// callsSuffix ends the name of the file with the number of calls to the journal.
const callsSuffix = ".calls"

// A trial is one folder of evidence that is hunted again and again.
type trial struct {
	evidence string
	want     []byte
	took     time.Duration // of a hunt that nobody kills
	calls    int           // to the journal, of such a hunt
}

func newTrial(t *testing.T, evidence string) *trial {
	t.Helper()
	tr := &trial{evidence: evidence}
	tr.want, _ = tr.finish(t, "", 2)
	start := time.Now()
	for _, what := range []string{`"language": "behaviour"`, `"value": "seen"`, `"type":"correlation"`} {
		if !bytes.Contains(tr.want, []byte(what)) {
			t.Logf("the hunt has no %s", what)
		}
	}
	got, calls := tr.finish(t, t.TempDir(), 2)
	if !bytes.Equal(got, tr.want) {
		t.Fatalf("a hunt with a case (-without +with):\n%s", firstDifference(tr.want, got))
	}
	tr.took, tr.calls = time.Since(start), calls
	return tr
}

func (tr *trial) start(t *testing.T, dir, output string, workers, dieAt int) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envEvidence+"="+tr.evidence, envCase+"="+dir, envOutput+"="+output, envWorkers+"="+strconv.Itoa(workers), envDieAt+"="+strconv.Itoa(dieAt))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// finish hunts to the end and gives the document and the number of calls to the journal.
func (tr *trial) finish(t *testing.T, dir string, workers int) ([]byte, int) {
	t.Helper()
	output := filepath.Join(t.TempDir(), "out.json")
	if err := tr.start(t, dir, output, workers, 0).Wait(); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(output + callsSuffix)
	if err != nil {
		t.Fatal(err)
	}
	calls, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc, calls
}

// kill starts a hunt that is killed after a time, or by itself at a call to the journal where dieAt is not 0; it
// tells whether the hunt was not over by then.
func (tr *trial) kill(t *testing.T, dir string, after time.Duration, dieAt, workers int) bool {
	t.Helper()
	cmd := tr.start(t, dir, filepath.Join(t.TempDir(), "killed.json"), workers, dieAt)
	if dieAt == 0 {
		time.Sleep(after)
		_ = cmd.Process.Kill() // it may be over
	}
	err := cmd.Wait()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if err != nil && (!ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatal(err)
	}
	return err != nil
}

// run kills hunts that many times, each case up to thrice, and finishes each. Every second kill falls at a
// random call to the journal, the others at a random time.
func (tr *trial) run(t *testing.T, kills int) {
	t.Helper()
	random := rand.New(rand.NewSource(1))
	killed, cases, pieces := 0, 0, 0
	for killed < kills {
		dir := t.TempDir()
		for try := range 1 + random.Intn(3) {
			dieAt := 0
			if try%2 == 0 {
				dieAt = 1 + random.Intn(tr.calls)
			}
			if tr.kill(t, dir, time.Duration(random.Int63n(int64(tr.took))), dieAt, 1+random.Intn(3)) {
				killed++
			} else if try == 0 {
				t.Fatalf("a hunt was to die at call %d of %d and did not", dieAt, tr.calls)
			}
			pieces += recordedPieces(t, dir)
		}
		cases++
		for _, workers := range []int{1 + random.Intn(3), 2} { // the second time all is known
			if got, _ := tr.finish(t, dir, workers); !bytes.Equal(got, tr.want) {
				t.Fatalf("after %d kills, in case %d (-undisturbed +resumed):\n%s", killed, cases, firstDifference(tr.want, got))
			}
		}
	}
	if pieces == 0 {
		t.Error("nothing had been kept whenever a hunt was killed: want the kills to fall into the reading")
	}
	t.Logf("%d kills, %d cases, %d pieces kept at the moments of the kills", killed, cases, pieces)
}

func recordedPieces(t *testing.T, dir string) (n int) {
	t.Helper()
	db, err := store.Open(dir)
	if errors.Is(err, store.ErrNoCase) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if n, err = db.CountPieces(); err != nil {
		t.Fatal(err)
	}
	return n
}

// firstDifference shows the lines around the first one that differs.
func firstDifference(want, got []byte) string {
	a, b := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	from := max(i-5, 0)
	cut := func(l []string) []string { return l[min(from, len(l)):min(i+5, len(l))] }
	return fmt.Sprintf("line %d of %d and %d:\n%s", i+1, len(a), len(b), cmp.Diff(cut(a), cut(b)))
}

// TestKill kills hunts at any moment (cmd/aldebaran has a test that kills the program itself). What they come to in the end is what an undisturbed hunt comes to,
// byte for byte: findings, their samples, correlations, behaviours, verdicts, and every single match.
func TestKill(t *testing.T) {
	kills := 4
	if corpustest.Root() != "" {
		kills = 12
	}
	newTrial(t, syntheticEvidence(t)).run(t, kills)
}

// TestKillCorpus is TestKill with real logs: Windows event logs of attacks, an archive, and web logs.
func TestKillCorpus(t *testing.T) {
	dir := t.TempDir()
	unpack(t, "evtx/attack-samples/evtx-attack-samples.tar.zst", filepath.Join(dir, "evtx"), 120)
	if err := os.CopyFS(filepath.Join(dir, "web"), os.DirFS(corpustest.Path(t, "logs/web"))); err != nil {
		t.Fatal(err)
	}
	newTrial(t, dir).run(t, 6)
}

// syntheticEvidence writes the demo's evidence: as files, in an archive, and large logs around it, so that
// there are several pieces of a file. All of it is SYNTHETIC and shows only what a server would log.
func syntheticEvidence(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files, err := demo.Evidence()
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, name := range sorted(files) {
		write(t, filepath.Join(dir, "host", name), files[name])
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(append(bytes.Clone(files[name]), '\n')); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "collected.zip"), packed.Bytes())
	for host := range 3 {
		write(t, filepath.Join(dir, "web", fmt.Sprintf("u_ex26110%d.log", host)), webLog(host, 25_000))
	}
	for i := range 100 {
		write(t, filepath.Join(dir, "small", fmt.Sprintf("u_ex2610%02d.log", i)), webLog(i, 20))
	}
	write(t, filepath.Join(dir, "notes.txt"), []byte("no log at all\n"))
	return dir
}

// webLog is a web server's log of many requests, among them some that are looked for.
func webLog(seed, requests int) []byte {
	var b bytes.Buffer
	b.WriteString("#Software: Microsoft Internet Information Services 10.0\n#Remark: SYNTHETIC\n#Version: 1.0\n#Date: 2026-11-01 00:00:00\n" +
		"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n")
	at := time.Date(2026, 11, 1, 0, 0, seed, 0, time.UTC)
	for i := range requests {
		at = at.Add(7 * time.Second)
		method, page, client := "GET", fmt.Sprintf("/owa/page%d.aspx", i%40), fmt.Sprintf("192.0.2.%d", i%200)
		switch {
		case i%997 == 13:
			method, page, client = "POST", "/aspnet_client/errorFE.aspx", "203.0.113.7"
		case i%1999 == 5:
			page = "/scripts/..%255c..%255cwinnt/system32/cmd.exe"
		}
		fmt.Fprintf(&b, "%s 198.51.100.%d %s %s - 443 - %s Mozilla/5.0 - 200 0 0 %d\n", at.Format("2006-01-02 15:04:05"), seed%100, method, page, client, i%90)
	}
	return b.Bytes()
}

func sorted(files map[string][]byte) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// unpack writes the first files of an archive of the test data to a folder.
func unpack(t *testing.T, archive, dir string, most int) {
	t.Helper()
	for name, data := range corpustest.Each(t, archive, "") {
		write(t, filepath.Join(dir, fmt.Sprintf("%04d-%s", most, path.Base(name))), data)
		if most--; most == 0 {
			return
		}
	}
}
