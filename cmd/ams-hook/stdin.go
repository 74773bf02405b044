package main

import "runtime/debug"

// steps are the sizes of the buffer for stdin: most payloads fit in the first,
// the largest one seen (2.4 MB, client 2.1.330) in the third. What is not touched
// of a large buffer takes no memory.
var steps = [...]int{16 << 10, 64 << 10, 4 << 20}

// discard is how much is read at once of what is not kept.
const discard = 256 << 10

// grow makes room in a full buffer, up to limit bytes in all.
func grow(b []byte, limit int) []byte {
	if len(b) < cap(b) || len(b) >= limit {
		return b
	}
	size := limit
	for _, step := range steps {
		if step > len(b) {
			size = min(step, limit)
			break
		}
	}
	if size > 1<<20 {
		// A collection would find nothing to free, and cost more than all else.
		debug.SetGCPercent(-1)
	}
	bigger := make([]byte, len(b), size)
	copy(bigger, b)
	return bigger
}
