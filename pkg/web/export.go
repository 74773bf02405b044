package web

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/story"
	"ams/pkg/view"
)

// Export is a form in which a session can be had as a file.
type Export struct {
	Name   string // for a person
	Suffix string // of the file, and of the address
	Media  string
	Write  func(w io.Writer, s *schema.Session) error
}

// ownExports are the forms that need nothing else.
func ownExports(location *time.Location) []Export {
	return []Export{
		{"Markdown", "md", "text/markdown; charset=utf-8", func(w io.Writer, s *schema.Session) error {
			return story.Markdown(w, s, story.Options{Location: location})
		}},
		{"JSON", "json", "application/json", func(w io.Writer, s *schema.Session) error {
			body, err := schema.Encode(s)
			if err == nil {
				_, err = w.Write(body)
			}
			return err
		}},
	}
}

// export gives a session as a file, named by it and by the form: ID.md.
func (s *Server) export(_ http.ResponseWriter, r *http.Request) (reply, error) {
	for _, e := range s.Exports {
		id, ok := strings.CutSuffix(r.PathValue("file"), "."+e.Suffix)
		if !ok || id == "" {
			continue
		}
		v, version, err := s.shelf.get(r.Context(), id)
		if err != nil {
			return reply{}, err
		}
		var b bytes.Buffer
		if err := e.Write(&b, v.Session); err != nil {
			return reply{}, err
		}
		return reply{body: b.Bytes(), media: e.Media, version: version + "-" + e.Suffix, name: nameOf(v) + "." + e.Suffix}, nil
	}
	return reply{}, &wrong{status: http.StatusNotFound, say: "A session is not to be had in that form."}
}

// nameOf is the name of a session in addresses and of files: letters, digits and dashes alone.
func nameOf(v *view.Session) string { return spool.FileName(v.SessionID) }
