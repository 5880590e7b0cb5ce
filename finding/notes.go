package finding

import "fmt"

// Notes says which maxima were reached and what that cost, in sentences for people.
func (g *Groups) Notes() []string {
	var notes []string
	add := func(n int, format string, more ...any) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(format, append([]any{n}, more...)...))
		}
	}
	add(g.droppedMatches, "%d matches are in no finding, because there are %d findings already", maxFindings)
	add(g.droppedCorrelations, "%d matches of correlations are in no finding, because there are %d findings already", maxFindings)
	add(g.merged, "%d findings were joined with the next of the same rule and host, to keep them to %d", maxEpisodes)
	add(g.bareSamples, "%d sample events are given without their fields, because samples fill %d MiB", maxSampleBytes>>20)
	return notes
}
