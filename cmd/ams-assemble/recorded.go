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

// sayTrouble tells of spool files that were moved aside, and of a transcript that must not be read.
func sayTrouble(e env, w *recorded.Session) {
	if w == nil {
		return
	}
	if w.Refused != nil {
		fmt.Fprintf(e.stderr, "ams-assemble: %v\n", w.Refused)
	}
	for _, d := range w.Contents.Damaged {
		fmt.Fprintf(e.stderr, "ams-assemble: %s is damaged (%s) and is kept; %s read from it\n", d.Path, d.Reason, screen.Count(d.Records, "record"))
	}
}
