package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"ams/pkg/library"
	"ams/pkg/schema"
)

// Times of a session at work.
const (
	pollStore = 5 * time.Second  // how often a store is asked, where nothing of the session is recorded here
	liveTime  = 30 * time.Minute // of one connection: a browser comes again
)

// live tells a page that its session has grown: an event of server-sent events with its new version, after which the
// page asks for what it shows. The session that was just joined is on the shelf then.
func (s *Server) live(w http.ResponseWriter, r *http.Request) (reply, error) {
	flush, ok := w.(http.Flusher)
	if !ok {
		return reply{}, errors.New("the connection cannot be written to bit by bit")
	}
	id := r.PathValue("id")
	v, version, err := s.shelf.get(r.Context(), id)
	if err != nil {
		return reply{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), liveTime)
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	tell := func(what, version string) bool {
		_, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", what, version)
		flush.Flush()
		return err == nil
	}
	tell("version", version)
	over := s.Follow != nil && s.follow(ctx, id, v.SessionID, version, tell)
	for !over && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(pollStore):
		}
		now, newer, err := s.shelf.get(ctx, id)
		if err != nil || ctx.Err() != nil {
			over = errors.Is(err, library.ErrNotFound)
			if over {
				tell("gone", "")
			}
			break
		}
		if newer != version {
			version = newer
			tell("version", version)
		}
		over = now.Status != schema.Running && now.Outcome != schema.StillOpen
	}
	if ctx.Err() == nil {
		tell("over", version)
	}
	return reply{done: true}, nil
}

// follow tells of a session that is recorded on this machine as it grows, and reports whether it is over.
func (s *Server) follow(ctx context.Context, id, sessionID, version string, tell func(what, version string) bool) (over bool) {
	n, was := 0, ""
	for session, err := range s.Follow(ctx, sessionID) {
		if err != nil {
			return false
		}
		n++
		now := library.VersionOf(session)
		if now == was {
			continue
		}
		was = now
		s.shelf.put(id, session, now)
		version = now
		if !tell("version", version) {
			return true
		}
	}
	return n > 0
}
