package spool

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Key identifies a record and sorts by arrival: the time in ns since 1970 (8
// bytes, big endian), the process id (4), random or derived bytes (8). A clock
// that goes back changes the order of records, never their identity.
type Key [20]byte

// NewKey returns a key for a record that arrived at t in process pid.
func NewKey(t time.Time, pid int) Key {
	var k Key
	binary.BigEndian.PutUint64(k[0:], uint64(t.UnixNano()))
	binary.BigEndian.PutUint32(k[8:], uint32(pid))
	binary.BigEndian.PutUint64(k[12:], rand.Uint64())
	return k
}

// KeyFor returns the key of a record whose own key is not known: the n-th
// record, from 0, with these bytes and this arrival time. It is the same on
// every call, has process id 0, and so [Insert] can be repeated.
func KeyFor(receivedAt time.Time, raw []byte, n int) Key {
	h := fnv.New64a()
	h.Write(raw)
	var tail [8]byte
	binary.BigEndian.PutUint64(tail[:], uint64(n))
	h.Write(tail[:])

	var k Key
	binary.BigEndian.PutUint64(k[0:], uint64(receivedAt.UnixNano()))
	binary.BigEndian.PutUint64(k[12:], h.Sum64())
	return k
}

// Time returns the arrival time, in UTC with ns.
func (k Key) Time() time.Time {
	return time.Unix(0, int64(binary.BigEndian.Uint64(k[0:]))).UTC()
}

// String returns the key as 40 hexadecimal digits, the name of its inbox file.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Compare orders keys by arrival, then by the remaining bytes.
func (k Key) Compare(other Key) int { return bytes.Compare(k[:], other[:]) }

// ParseKey reads what [Key.String] wrote.
func ParseKey(s string) (Key, error) {
	var k Key
	if len(s) != 2*len(k) {
		return k, fmt.Errorf("parse key %q: %d digits, want %d", s, len(s), 2*len(k))
	}
	if _, err := hex.Decode(k[:], []byte(s)); err != nil {
		return k, fmt.Errorf("parse key %q: %w", s, err)
	}
	return k, nil
}
