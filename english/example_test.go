package english_test

import (
	"fmt"

	"aldebaran/english"
)

func Example() {
	fmt.Println(english.Count(1, "finding"), "from", english.CountOf(1234, "match", "matches"))
	fmt.Println("on", english.List([]string{"MAIL01", "MAIL02", "SQL01"}, 2))
	// Output:
	// 1 finding from 1,234 matches
	// on MAIL01, MAIL02 and 1 more
}
