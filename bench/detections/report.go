package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// A look is a recording and what was found in it.
type look struct {
	recording
	hunted
}

// reportDetections writes which recordings raise which detections.
func reportDetections(ctx context.Context, w io.Writer, h *hunter, c corpus) error {
	var looks []look
	for _, s := range c.sets() {
		recordings, err := s.cut(s.name)
		if err != nil {
			return err
		}
		for _, r := range recordings {
			found, err := h.hunt(ctx, r.paths...)
			if err != nil {
				return err
			}
			looks = append(looks, look{r, found})
		}
	}
	fmt.Fprint(w, detectionsHead)
	writeSubjects(w, looks)
	writeByDetection(w, h, looks)
	writeByFile(w, looks)
	return nil
}

func writeSubjects(w io.Writer, looks []look) {
	for _, s := range subjects() {
		fmt.Fprintf(w, "\n## %s\n\n%s\n\n", s.title, s.about)
		var raised, all int
		var rows strings.Builder
		for _, l := range looks {
			if !s.is(l.recording) {
				continue
			}
			all++
			result := l.text()
			if l.isShown() {
				raised++
			} else {
				result = strings.TrimPrefix(result+"; **missed**: "+whyMissed(l.recording), "; ")
			}
			writeRow(&rows, l, result)
		}
		fmt.Fprintf(w, "%d of %d recordings raise something of level medium or above besides cleared logs (H15).\n\n", raised, all)
		fmt.Fprintf(w, "| recording | label | events | detection, level, hits |\n|---|---|--:|---|\n%s", rows.String())
	}
}

// writeByDetection lists for each detection the recordings that raise it.
func writeByDetection(w io.Writer, h *hunter, looks []look) {
	fmt.Fprint(w, "\n## By detection\n\nRecordings that raise a detection with level medium or above, by set; and with what level at most.\n\n")
	fmt.Fprint(w, "| detection | title | medium+ | low | most |\n|---|---|---|---|---|\n")
	for _, d := range h.detections {
		sets, low, most := map[string]int{}, map[string]int{}, ""
		for _, l := range looks {
			c, ok := l.cells()[d.ID]
			if !ok {
				continue
			}
			if rank(c.level) > rank(most) {
				most = c.level
			}
			if rank(c.level) >= rank("medium") {
				sets[l.set]++
			} else {
				low[l.set]++
			}
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", d.ID, escapeCell(d.Title), counts(sets), counts(low), most)
	}
}

// counts writes "evtx/attack-samples 3, logs/web 1".
func counts(m map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(parts, ", ")
}

// writeByFile lists every recording that raises a detection.
func writeByFile(w io.Writer, looks []look) {
	fmt.Fprint(w, "\n## By recording\n\nEvery recording that raises a detection, whatever it was made for.\n\n")
	set := ""
	for _, l := range looks {
		text := l.text()
		if text == "" {
			continue
		}
		if l.set != set {
			set = l.set
			fmt.Fprintf(w, "\n### %s\n\n| recording | label | events | detection, level, hits |\n|---|---|--:|---|\n", set)
		}
		writeRow(w, l, text)
	}
}

func writeRow(w io.Writer, l look, text string) {
	fmt.Fprintf(w, "| %s | %s | %d | %s |\n", escapeCell(l.name), escapeCell(l.label), l.events, text)
}
