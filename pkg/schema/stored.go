package schema

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// beforeEvents is where the member "stored" stands in what [Encode] writes: no text of a Session can begin a line.
var beforeEvents = []byte("\n  \"events\": ")

// WithStored puts a counter into an encoded Session that has none: the same bytes as [Encode] gives, without encoding
// all of it again. It changes body where that has room, as what Encode gave has: a second copy of a large one is a
// quarter of a gigabyte.
func WithStored(body []byte, stored Stored) ([]byte, error) {
	i := bytes.Index(body, beforeEvents)
	if i < 0 {
		return nil, errors.New("add the counter to a Session: it has no events")
	}
	return slices.Insert(body, i, storedMember(stored)...), nil
}

// IsWithStored reports whether an encoded Session is what [WithStored] makes of one without a counter. It copies neither.
func IsWithStored(body, bare []byte, stored Stored) bool {
	before, after, ok := bytes.Cut(body, storedMember(stored))
	return ok && len(before)+len(after) == len(bare) && bytes.HasPrefix(bare, before) && bytes.HasSuffix(bare, after)
}

func storedMember(stored Stored) []byte {
	return fmt.Appendf(nil, "\n  \"stored\": {\n    \"rev\": %d\n  },", stored.Rev)
}
