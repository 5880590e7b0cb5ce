// Command train makes the technique model that package technique embeds. In goes a bundle of ATT&CK
// (STIX 2.0 or 2.1, also compressed with zstd); out comes the model on standard output, and its
// record on standard error:
//
//	go run ./story/technique/train -source "ATT&CK Enterprise v18.1" enterprise-attack.json > story/technique/enterprise-18.1.model
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"aldebaran/attack"
	"aldebaran/story/technique/learn"
)

func main() {
	source := flag.String("source", "", "what the bundle is, for the record")
	flag.Parse()
	if flag.NArg() != 1 || *source == "" {
		fmt.Fprintln(os.Stderr, "train: want -source NAME and one bundle of ATT&CK")
		os.Exit(2)
	}
	if err := train(os.Stdout, os.Stderr, flag.Arg(0), *source); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func train(w, record io.Writer, file, source string) error {
	f, err := attack.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	corpus, err := learn.Read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	d, err := learn.Model(corpus, source, nil, learn.Default())
	if err != nil {
		return err
	}
	model, err := d.Append(nil)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(d.Record, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(record, "%s\n%d bytes\n", text, len(model))
	_, err = w.Write(model)
	return err
}
