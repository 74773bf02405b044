package schema

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// beforeEvents is where the member "stored" stands in what [Encode] writes: no text of a Session can begin a line.
var beforeEvents = []byte("\n  \"events\": ")

// WithStored puts a counter into an encoded Session that has none: the same bytes as [Encode] gives, without encoding all of it again. It
// changes body where that has room, as what Encode gave has: a second copy of a large one is a quarter of a gigabyte.
func WithStored(body []byte, stored Stored) ([]byte, error) {
	i := bytes.Index(body, beforeEvents)
	if i < 0 {
		return nil, errors.New("add the counter to a Session: it has no events")
	}
	return slices.Insert(body, i, storedMember(stored)...), nil
}

// WithoutStored is a copy of an encoded Session without the counter that [WithStored] put in.
func WithoutStored(body []byte, stored Stored) []byte {
	before, after, _ := bytes.Cut(body, storedMember(stored))
	return slices.Concat(before, after)
}

func storedMember(stored Stored) []byte {
	return fmt.Appendf(nil, "\n  \"stored\": {\n    \"rev\": %d\n  },", stored.Rev)
}
