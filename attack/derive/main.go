// Command derive makes the table of facts that package attack embeds. In goes a bundle of ATT&CK
// (STIX 2.0 or 2.1, also compressed with zstd); out comes the table on standard output:
//
//	go run ./attack/derive -version 18.1 enterprise-attack.json > attack/enterprise-18.1.zst
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"aldebaran/attack"
)

func main() {
	version := flag.String("version", "", "version of ATT&CK, for bundles that do not say theirs")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "derive: want one bundle of ATT&CK")
		os.Exit(2)
	}
	if err := derive(os.Stdout, flag.Arg(0), *version); err != nil {
		fmt.Fprintln(os.Stderr, "derive:", err)
		os.Exit(1)
	}
}

func derive(w io.Writer, file, version string) error {
	f, err := attack.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	k, err := attack.Read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if k.Version == "" {
		k.Version = version
	}
	return attack.WriteTable(w, k)
}
