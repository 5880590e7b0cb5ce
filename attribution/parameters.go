package attribution

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

// parametersFile is written by bench/attribution -fit.
//
//go:embed parameters.json
var parametersFile []byte

// Fitted are the parameters that come with the program, by what they were fitted on: the first on the
// first pair of versions of ATT&CK, the next on the first two, and so on. None knows anything later
// than its Record says, so that tests over time stay honest.
func Fitted() []Parameters { return fitted() }

// Newest are the parameters that were fitted on most.
func Newest() Parameters {
	all := Fitted()
	if len(all) == 0 {
		return Prior()
	}
	return all[len(all)-1]
}

var fitted = sync.OnceValue(func() []Parameters {
	var all []Parameters
	err := json.Unmarshal(parametersFile, &all)
	for i := range all {
		if err == nil {
			err = all[i].Valid()
		}
	}
	if err != nil {
		panic(fmt.Sprintf("attribution: parameters.json: %v", err)) // our own bug
	}
	return all
})
