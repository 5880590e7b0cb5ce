// Command derive makes the table of actors' names that story embeds: clusters of the MISP galaxy
// (JSON, or JSON in zstd) in; lines of name, uuid and synonyms out, with tabs between.
//
//	go run ./story/derive threat-actor.json.zst microsoft-activity-group.json.zst >story/actors.tsv
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "derive: want files of the MISP galaxy")
		os.Exit(2)
	}
	if err := derive(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "derive:", err)
		os.Exit(1)
	}
}

const header = `# Names of actors: name, uuid of the cluster, synonyms, with tabs between. Facts taken from the MISP galaxy
# (https://github.com/MISP/misp-galaxy, CC0-1.0 or BSD-2-Clause) by story/derive.
`

// A cluster is what is read of an actor.
type cluster struct {
	Value string `json:"value"`
	UUID  string `json:"uuid"`
	Meta  struct {
		Synonyms []string `json:"synonyms"`
	} `json:"meta"`
}

// derive writes the clusters of all files in the order of their names.
func derive(w io.Writer, files []string) error {
	var lines []string
	for _, name := range files {
		clusters, err := read(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, c := range clusters {
			columns := append([]string{c.Value, c.UUID}, c.Meta.Synonyms...)
			for i := range columns {
				columns[i] = strings.Join(strings.Fields(columns[i]), " ")
			}
			lines = append(lines, strings.Join(columns, "\t"))
		}
	}
	slices.Sort(lines)
	_, err := io.WriteString(w, header+strings.Join(lines, "\n")+"\n")
	return err
}

func read(name string) ([]cluster, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".zst") {
		z, err := zstd.NewReader(f)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		in = z
	}
	var galaxy struct {
		Values []cluster `json:"values"`
	}
	if err := json.NewDecoder(in).Decode(&galaxy); err != nil {
		return nil, err
	}
	return galaxy.Values, nil
}
