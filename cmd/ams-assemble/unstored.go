package main

import (
	"fmt"

	"ams/pkg/recorded"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// sayUnstored tells that a session is not stored yet, if it is one that was made here, and what was wrong with its inputs.
func sayUnstored(e env, u *recorded.Unstored, s *schema.Session) {
	if u.Made == nil || u.Made.Session != s {
		return
	}
	sayTrouble(e, u.Made)
	fmt.Fprintf(e.stderr, "ams-assemble: session %s is told from its spool; ams-assemble run stores it\n", screen.Line(s.SessionID))
}
