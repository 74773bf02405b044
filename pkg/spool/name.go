package spool

import (
	"encoding/hex"
	"strings"
)

// Unassigned is the name of the spool that keeps payloads without a session
// id: empty ones, and what is not JSON.
const Unassigned = "unassigned"

// FileName returns the name of a session's spool, a file name without suffix.
// A session id of 1 to 64 characters out of 0-9, a-z and - stays as it is;
// anything else, a name with a meaning of its own ([Unassigned], and what
// Windows takes for a device), becomes "x" and the SHA-256 in hex, 65
// characters, so no two ids share a name. The empty id gives [Unassigned].
func FileName(sessionID string) string {
	if sessionID == "" {
		return Unassigned
	}
	if plainName(sessionID) && !reservedName(sessionID) {
		return sessionID
	}
	sum := sha256Sum(sessionID)
	return "x" + hex.EncodeToString(sum[:])
}

func plainName(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-') {
			return false
		}
	}
	return true
}

// reservedName reports whether a plain name cannot stand for a session: the
// name of the spool without session, and the device names of Windows, where
// even con.db opens the console.
func reservedName(s string) bool {
	switch s {
	case Unassigned, "con", "prn", "aux", "nul":
		return true
	}
	return len(s) == 4 && (strings.HasPrefix(s, "com") || strings.HasPrefix(s, "lpt")) && s[3] <= '9' && s[3] >= '0'
}

// validName reports whether [FileName] can have returned name. Names come from
// arguments and from folder listings too, and are joined into paths.
func validName(name string) bool {
	if name == Unassigned {
		return true
	}
	if len(name) == 65 && name[0] == 'x' {
		_, err := hex.DecodeString(name[1:])
		return err == nil && strings.ToLower(name) == name
	}
	return plainName(name) && !reservedName(name)
}

// sessionIDOf returns the session id that a name alone tells, "" if it is
// hashed or stands for none.
func sessionIDOf(name string) string {
	if name == Unassigned || len(name) > 64 {
		return ""
	}
	return name
}
