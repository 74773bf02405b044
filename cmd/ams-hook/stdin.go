package main

const (
	// firstRead holds all but the largest payloads.
	firstRead = 16 << 10

	// discard is how much is read at once of what is not kept.
	discard = 256 << 10
)

// grow makes room in a buffer, up to limit bytes in all.
func grow(b []byte, limit int) []byte {
	if len(b) < cap(b) || len(b) >= limit {
		return b
	}
	size := min(max(firstRead, 4*cap(b)), limit)
	bigger := make([]byte, len(b), size)
	copy(bigger, b)
	return bigger
}
