package verdict_test

import (
	"fmt"
	"time"

	"aldebaran/evidence"
	"aldebaran/intel"
	"aldebaran/match/sigma"
	"aldebaran/plan"
	"aldebaran/verdict"
)

// Nothing was found. That is a no where the log that would show it was there, and none where it was not.
func ExampleJudge() {
	files := sigma.Logsource{Product: "windows", Category: "file_event"}
	p := &plan.Plan{Hypotheses: []plan.Hypothesis{{
		ID: "h1", Statement: "A page was written", Severity: "high",
		Tests: []plan.Test{{Kind: "rule", ID: "page", Weight: 1}},
		Needs: []plan.Need{{Need: intel.Need{Log: "Sysmon, files", Product: files.Product, Category: files.Category}}},
	}}}
	first := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	log := evidence.Visibility{
		Host: "MAIL01", Product: "windows", Channel: "Microsoft-Windows-Sysmon/Operational", Events: 1000,
		First: first, Last: first.AddDate(0, 0, 10), EventIDs: map[uint32]int{11: 40},
	}
	for _, logs := range [][]evidence.Visibility{{log}, nil} {
		r := verdict.Judge(p, &verdict.Evidence{Logs: logs, Rules: []plan.Rule{{ID: "page", Sources: []sigma.Logsource{files}}}}, verdict.Setting{})
		fmt.Printf("%s: %s\n", r.Verdicts[0].Value, r.Verdicts[0].Because)
	}
	// Output:
	// not seen: searched 1,000 events of 1 log from 2026-03-01 to 2026-03-11 with 1 test, and found nothing
	// could not see: what would show it is not in the evidence: Sysmon, files
}
