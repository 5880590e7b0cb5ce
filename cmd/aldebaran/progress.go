package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"aldebaran/english"
	"aldebaran/hunt"
)

// patience is how long a hunt may take before a progress bar is shown.
const patience = time.Second

// A progressBar shows how far a hunt is, on a terminal. As an output of the hunt it takes itself
// away before any other output shows something.
type progressBar struct {
	quit chan struct{}
	gone sync.WaitGroup
	once sync.Once
}

// startProgress shows a bar after a while. Nothing is shown if w is no terminal.
func startProgress(w io.Writer, p *hunt.Progress, quiet bool) *progressBar {
	b := &progressBar{quit: make(chan struct{})}
	if quiet || !isTerminal(w) {
		return b
	}
	b.gone.Go(func() { b.show(w, p) })
	return b
}

func (b *progressBar) show(w io.Writer, p *hunt.Progress) {
	started := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	reading := started // from when on bytes are read: rates and the time left go by it
	for time.Since(started) < patience || p.Total.Load() == 0 {
		if p.Total.Load() == 0 {
			reading = time.Now()
		}
		select {
		case <-b.quit:
			return
		case <-tick.C:
		}
	}
	bars := mpb.New(mpb.WithOutput(w), mpb.WithWidth(32), mpb.WithRefreshRate(150*time.Millisecond))
	bar := bars.New(p.Total.Load(), mpb.BarStyle().Lbound("").Filler("━").Tip("━").Padding("┈").Rbound(""),
		mpb.PrependDecorators(decor.Name("hunting "), decor.Percentage(decor.WCSyncSpace), decor.Name(" ")),
		mpb.AppendDecorators(
			decor.Any(func(decor.Statistics) string {
				seconds := time.Since(reading).Seconds()
				return fmt.Sprintf(" %s/s · %s events · %s matches", hunt.Bytes(int64(float64(p.Done.Load())/seconds)),
					english.Number(p.Events.Load()), english.Number(p.Matches.Load()))
			}),
			decor.Any(func(decor.Statistics) string { return " · " + timeLeft(time.Since(reading), p) }),
		),
		mpb.BarRemoveOnComplete(),
	)
	for {
		select {
		case <-b.quit:
			bar.Abort(true)
			bars.Wait()
			return
		case <-tick.C:
			bar.SetCurrent(min(p.Done.Load(), p.Total.Load()-1))
		}
	}
}

// timeLeft guesses from the time that the bytes so far took.
func timeLeft(elapsed time.Duration, p *hunt.Progress) string {
	done, total := p.Done.Load(), p.Total.Load()
	if done == 0 || done > total {
		return "…"
	}
	left := time.Duration(float64(elapsed) * float64(total-done) / float64(done))
	return left.Round(time.Second).String() + " left"
}

// stop takes the bar away. It may be called more than once.
func (b *progressBar) stop() {
	b.once.Do(func() { close(b.quit) })
	b.gone.Wait()
}

// Match does nothing.
func (b *progressBar) Match(*hunt.Match) error { return nil }

// Correlation does nothing.
func (b *progressBar) Correlation(*hunt.Correlation) error { return nil }

// Finish takes the bar away before the other outputs show something.
func (b *progressBar) Finish(*hunt.Result) error {
	b.stop()
	return nil
}
