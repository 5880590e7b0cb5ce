package packs_test

import (
	"fmt"
	"io/fs"

	"aldebaran/match/sigma"
	"aldebaran/packs"
)

func ExampleRules() {
	c, err := sigma.LoadFS(packs.Rules(), ".", sigma.LoadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	names, err := fs.Glob(packs.Rules(), packs.Default+"/sigma/mssql_sa_guess*.yml")
	fmt.Println(names, err)
	fmt.Println("rejected:", len(c.Rejected))
	// Output:
	// [windows-servers/sigma/mssql_sa_guessed_and_signed_in.yml] <nil>
	// rejected: 0
}
