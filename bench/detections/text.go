package main

// What the reports say before their tables.
const (
	detectionsHead = `# Detections in public evidence

Which detections of our packs are raised by which recording, beside what its makers say that it shows. Made by
"go run ./bench/detections CORPUS": each recording is hunted by itself, as "aldebaran hunt" does without flags (all
packs, behaviours and indicators). The recordings are the developers' half of the test data.

E, D, H and N are detections of the pack phantom-taurus, W of web-shells. A cell is "detection level hits": the
gravest level and the number of events; rules that state no detection stand by their titles. Recordings of one
technique have a handful of events: what needs a baseline of days cannot be shown by them.
`
	benignHead = `# Findings where nothing happened

What of our own packs is raised in logs of ordinary and laboratory machines that nobody broke into with the means of
the rules. Made by "go run ./bench/detections -benign CORPUS": each set is hunted as a whole, as "aldebaran hunt" does
without flags. The aim is at most one finding of level high or above in 100,000 events. A finding is what one rule or
behaviour saw on one host without a silence of a day.

`
)
