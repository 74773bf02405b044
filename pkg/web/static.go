package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"

	"ams/pkg/view"
)

// media are the types of the page's own files.
var media = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// page is every page: the same few lines, which load the rest.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	body, err := view.Files.ReadFile("static/page.html")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	send(w, r, http.StatusOK, "text/html; charset=utf-8", body)
}

func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	body, err := view.Files.ReadFile("static/" + name)
	kind := media[path.Ext(name)]
	if err != nil || kind == "" {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(body)
	s.send(w, r, reply{body: body, media: kind, version: hex.EncodeToString(sum[:8])})
}
