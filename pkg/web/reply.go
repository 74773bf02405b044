package web

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"ams/pkg/lax"
	"ams/pkg/library"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/upload"
)

// reply is what a handler answers with: a value that becomes JSON, or bytes of a type.
type reply struct {
	value   any
	body    []byte
	media   string // of body
	version string // what it was made of: an answer of the same version is not sent again
	name    string // of a file that is to be kept
	done    bool   // the handler has written all of it itself
}

// problem is what went wrong, in a sentence, and the next step.
type problem struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitzero"`
}

// wrong is an error that is the asker's, or is to be told in words of its own.
type wrong struct {
	status    int
	say, hint string
}

func (w *wrong) Error() string { return w.say }

func badRequest(format string, args ...any) error {
	return &wrong{status: http.StatusBadRequest, say: fmt.Sprintf(format, args...)}
}

// answer makes a handler of one that returns what it found or why not.
func (s *Server) answer(find func(w http.ResponseWriter, r *http.Request) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := find(w, r)
		switch {
		case out.done || r.Context().Err() != nil:
		case err != nil:
			status, p := s.explain(err)
			body, _ := lax.Line(p)
			send(w, r, status, "application/json", body)
		default:
			s.send(w, r, out)
		}
	}
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, out reply) {
	if out.version != "" {
		tag := `"` + out.version + `"`
		w.Header().Set("ETag", tag)
		for has := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
			if strings.TrimPrefix(strings.TrimSpace(has), "W/") == tag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
	}
	if out.value != nil {
		body, err := lax.Line(out.value)
		if err != nil {
			s.logf("encode an answer to %s: %v", r.URL.Path, err)
			http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
			return
		}
		out.body, out.media = body, "application/json"
	}
	if out.name != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+out.name+`"`)
	}
	send(w, r, http.StatusOK, out.media, out.body)
}

// smallest is from what size on an answer is compressed.
const smallest = 1 << 10

func send(w http.ResponseWriter, r *http.Request, status int, media string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Add("Vary", "Accept-Encoding")
	if len(body) < smallest || strings.HasPrefix(media, "image/") || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(status)
		_, _ = w.Write(body) // the browser has gone
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err == nil {
		_, _ = z.Write(body)
		_ = z.Close()
	}
}

// explain puts an error into a sentence with the next step.
func (s *Server) explain(err error) (status int, p problem) {
	var own *wrong
	var ambiguous *library.AmbiguousError
	var object *library.ObjectError
	switch {
	case errors.As(err, &own):
		return own.status, problem{own.say, own.hint}
	case errors.Is(err, library.ErrNotFound):
		return http.StatusNotFound, problem{"There is no such session in " + s.StoreName + ".",
			"It may have been removed. The list has what is stored; ams-assemble import stores what was never recorded."}
	case errors.As(err, &ambiguous):
		return http.StatusNotFound, problem{fmt.Sprintf("%d sessions begin with %q.", ambiguous.Count, ambiguous.ID), "Use more of the id, or look for id:" + ambiguous.ID + " in the list."}
	case errors.As(err, &object) && errors.Is(err, upload.ErrNotFound):
		return http.StatusNotFound, problem{"The index knows this session, but its body is gone from " + s.StoreName + ".",
			"ams-assemble session " + object.Name + " --store stores it anew, as long as its spool or transcript is there; ams-assemble rm takes the record away."}
	case errors.Is(err, schema.ErrNewer):
		return http.StatusConflict, problem{"A newer ams-assemble wrote this session.", "Update this one."}
	case errors.As(err, &object):
		return http.StatusConflict, problem{"What is stored of this session cannot be read: " + screen.Line(object.Err.Error()) + ".",
			"ams-assemble session " + object.Name + " --store stores it anew, as long as its spool or transcript is there."}
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, problem{"That took too long.", "Filters such as after:7d leave less to look through."}
	}
	s.logf("%v", err)
	return http.StatusBadGateway, problem{s.StoreName + " cannot be read: " + screen.Line(err.Error()), hintOf(err)}
}

// hintOf is the next step that an error knows itself.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return "ams-assemble doctor says what is wrong with the store, its address or its credentials."
}

func (s *Server) logf(format string, args ...any) {
	if s.Log != nil {
		s.Log.Printf(format, args...)
	}
}
