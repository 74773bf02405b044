package schema

import (
	"bytes"
	"errors"
	"fmt"
)

// beforeEvents is where the member "stored" stands in what [Encode] writes: no text of a Session can begin a line.
var beforeEvents = []byte("\n  \"events\": ")

// WithStored returns an encoded Session that has no counter with one: the same bytes as [Encode] gives, without encoding all of it again.
func WithStored(body []byte, stored Stored) ([]byte, error) {
	i := bytes.Index(body, beforeEvents)
	if i < 0 {
		return nil, errors.New("add the counter to a Session: it has no events")
	}
	member := fmt.Sprintf("\n  \"stored\": {\n    \"rev\": %d\n  },", stored.Rev)
	out := make([]byte, 0, len(body)+len(member))
	return append(append(append(out, body[:i]...), member...), body[i:]...), nil
}
