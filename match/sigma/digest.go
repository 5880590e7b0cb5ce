package sigma

import (
	"crypto/sha256"
	"fmt"
)

// Digest identifies a collection: another that has the same rules, from the same files and in the same
// order, has the same digest. The error is of a collection too large to be put into one.
func (c *Collection) Digest() (sum [sha256.Size]byte, err error) {
	data, err := encodeCache(c, sum)
	if err != nil {
		return sum, fmt.Errorf("making the digest of %d rules: %w", len(c.Rules), err)
	}
	return sha256.Sum256(data), nil
}
