// Command attribution measures how well actors are recognised. In go split files: pairs of profiles
// as one version of ATT&CK knew them and of incidents that a later one was the first to tell, and
// relations of a version with their reports; out come scores as JSON.
//
//	go run ./bench/attribution FILE...
//
// Files may come in any order. Each pair is ranked with parameters that were fitted on earlier pairs
// only: those that are given, or those that the program ships, whichever know more. Ties count
// against us.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "attribution:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("attribution", flag.ContinueOnError)
	svg := flags.String("svg", "", "write reliability diagrams to this `file`")
	fit := flags.Bool("fit", false, "print what is fitted on the pairs, as attribution/parameters.json has it, and measure nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := readSplits(flags.Args())
	if err != nil {
		return err
	}
	if len(s.pairs)+len(s.relations) == 0 {
		return fmt.Errorf("want split files, found none")
	}
	if *fit {
		return printFitted(s, out)
	}
	r, err := evaluate(s)
	if err != nil {
		return err
	}
	if *svg != "" {
		if err := writeReliability(*svg, r); err != nil {
			return err
		}
	}
	return printJSON(out, r)
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
