package store_test

import (
	"fmt"
	"os"
	"time"

	"aldebaran/store"
)

// Somebody says what he thinks of a case, and later stages read it.
func Example() {
	dir, err := os.MkdirTemp("", "case")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := store.Create(dir)
	if err != nil {
		panic(err)
	}
	err = db.AddFeedback(store.Feedback{At: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Useful: true, Reason: "led us to the web shell"})
	if err != nil {
		panic(err)
	}
	if err := db.Close(); err != nil {
		panic(err)
	}
	c, err := store.Load(dir)
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Feedback[0].Useful, c.Feedback[0].Reason)
	// Output: true led us to the web shell
}
