package intel_test

import (
	"fmt"
	"testing/fstest"

	"aldebaran/intel"
)

func ExampleReadPack() {
	folder := fstest.MapFS{"paper-crane/pack.yml": {Data: []byte(`
name: paper-crane
title: Paper Crane, an invented actor
version: 0.1.0
date: 2026-01
licence: Apache-2.0
description: Made for an example.
sources:
  - {id: R1, name: A report, date: 2025-11-03, reliability: B}
actor:
  id: paper-crane
  name: Paper Crane
  motive: {value: espionage, sources: [R1], grade: B2}
  sponsor: {value: a neighbour, sources: [R2], grade: B6}
  sources: [R1]
  grade: B2
`)}}
	p, problems, err := intel.ReadPack(folder, "paper-crane")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Actor.Name, p.Actor.Motive.Value, p.Actor.Motive.Grade, p.Actor.Motive.Date)
	for _, problem := range problems {
		fmt.Println(problem)
	}
	// Output:
	// Paper Crane espionage B2 2025-11-03
	// paper-crane/pack.yml:14: sponsor "a neighbour": source "R2" is not in the list of sources
}
