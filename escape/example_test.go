package escape_test

import (
	"fmt"

	"aldebaran/escape"
)

func ExampleTerminal() {
	fmt.Println(escape.Terminal("invoice\u202etxt.exe\x1b[2J"))
	// Output: invoice\u202etxt.exe\x1b[2J
}
