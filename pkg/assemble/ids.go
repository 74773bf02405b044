package assemble

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/google/uuid"
)

// namespace is the root of all ids that AMS derives. It must never change: ids of sessions stored long ago depend on it.
var namespace = uuid.MustParse("6b1c5a0e-53f5-5e0b-9d0a-4f6b7c2e8a11")

// ids derives event ids: UUIDv5 of the session id, the kind of event and its natural key. The key is the same
// whichever channel gave the event, and knows no position and no arrival where the client gives an id.
type ids struct {
	session uuid.UUID
	seen    map[string]int
}

func newIDs(sessionID string) ids {
	return ids{session: uuid.NewSHA1(namespace, []byte(sessionID)), seen: map[string]int{}}
}

// trace is the session's trace_id.
func (d ids) trace() string { return hex.EncodeToString(d.session[:]) }

// of returns the id of the event with a natural key.
func (d ids) of(kind, key string) string {
	id := uuid.NewSHA1(d.session, []byte(kind+"\x00"+key))
	return hex.EncodeToString(id[:])
}

// ofText returns the id of an event that has no id of its own: a hash of its text and the how-manieth of that text it is.
func (d ids) ofText(kind, text string) string {
	sum := sha256.Sum256([]byte(text))
	key := "text:" + hex.EncodeToString(sum[:])
	d.seen[kind+key]++
	return d.of(kind, key+":"+strconv.Itoa(d.seen[kind+key]))
}
