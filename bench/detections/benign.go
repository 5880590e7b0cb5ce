package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"aldebaran/escape"
)

// reportBenign writes what of level high or above is raised in sets in which nothing of it happened, and in
// recordings of attacks whose background is ordinary.
func reportBenign(ctx context.Context, w io.Writer, h *hunter, c corpus) error {
	fmt.Fprint(w, benignHead)
	fmt.Fprint(w, "| set | events | medium | high | critical | high or above in 100,000 events |\n|---|--:|--:|--:|--:|--:|\n")
	var all int
	var list strings.Builder
	for _, s := range benignSets() {
		paths, err := c.benignPaths(s)
		if err != nil {
			return err
		}
		found, err := h.hunt(ctx, paths...)
		if err != nil {
			return err
		}
		n := found.findings()
		all += found.events
		fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %.2f |\n", s, found.events, n["medium"], n["high"], n["critical"], perEvents(n["high"]+n["critical"], found.events))
		for _, r := range found.raised {
			if rank(r.level) >= rank("medium") {
				fmt.Fprintf(&list, "| %s | %s | %s | %s | %d | %d | %s |\n", s, r.level, escapeCell(r.title), strings.Join(r.detections, " "), r.findings, r.hits, escapeCell(r.says))
			}
		}
	}
	fmt.Fprintf(w, "\n%d events in all.\n", all)
	fmt.Fprint(w, "\n## The findings\n\n| set | level | rule | detections | findings | hits | says |\n|---|---|---|---|--:|--:|---|\n", list.String())
	return nil
}

// wazuhOrdinary stands for the lines that Wazuh calls ordinary or odd but harmless.
const wazuhOrdinary = "logs/wazuh (alert level below 7)"

// pantherOrdinary stands for the sample events of Panther's rules that are to raise no alert.
const pantherOrdinary = "logs/m365 (events that are to raise no alert)"

// benignSets are hunted each as a whole. Guessed passwords, scans and spam stand in some of them: nothing of
// level high or above is to be said of those.
func benignSets() []string {
	return []string{
		"evtx/host-collection", "evtx/parser",
		"logs/crowdsec/auth", "logs/crowdsec/cloud", "logs/crowdsec/db", "logs/crowdsec/mail", "logs/crowdsec/other",
		"logs/lnav", pantherOrdinary, "logs/mysql", "logs/netlogon", "logs/plaso", "logs/postgresql", wazuhOrdinary, "logs/zeek",
	}
}

func (c corpus) benignPaths(set string) ([]string, error) {
	var cut func(string) ([]recording, error)
	switch set {
	case wazuhOrdinary:
		cut = c.wazuh(0, wazuhAlarm)
	case pantherOrdinary:
		cut = c.panther(false)
	default:
		return []string{c.path(set)}, nil
	}
	name, _, _ := strings.Cut(set, " ")
	recordings, err := cut(name)
	var paths []string
	for _, r := range recordings {
		paths = append(paths, r.paths...)
	}
	return paths, err
}

func perEvents(findings, events int) float64 {
	return float64(findings) * 100_000 / float64(max(events, 1))
}

// findings counts findings by level.
func (h hunted) findings() map[string]int {
	n := map[string]int{}
	for _, r := range h.raised {
		n[r.level] += r.findings
	}
	return n
}

// escapeCell makes text harmless in a cell of a Markdown table.
func escapeCell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "`", "'", "\n", " ").Replace(escape.Terminal(s))
}
