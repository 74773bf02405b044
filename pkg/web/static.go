package web

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"ams/pkg/view"
)

// media are the types of the page's own files.
var media = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// page is every page: the same few lines, which load the rest.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	send(w, r, http.StatusOK, "text/html; charset=utf-8", frame())
}

// asset is a file of the page, and its version.
type asset struct {
	body    []byte
	version string
}

// assets are the page's own files by their names, and the version of all of them.
var assets = sync.OnceValues(func() (files map[string]asset, version string) {
	files = map[string]asset{}
	all := sha256.New()
	entries, _ := view.Files.ReadDir("static") // they are a part of the program
	for _, e := range entries {
		body, _ := view.Files.ReadFile("static/" + e.Name())
		sum := sha256.Sum256(body)
		files[e.Name()] = asset{body, hex.EncodeToString(sum[:8])}
		all.Write(sum[:])
	}
	return files, hex.EncodeToString(all.Sum(nil)[:8])
})

// frame is the page as it is sent. Its files have addresses that change when they do, so that a browser keeps them; and it names
// all its modules, which a browser would ask for one after the other, as one imports the next.
var frame = sync.OnceValue(func() []byte {
	files, version := assets()
	var modules strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) == ".js" && name != "file.js" && name != "document.js" { // those are for pages that are one file
			modules.WriteString(`<link rel="modulepreload" href="/static/` + name + "\">\n")
		}
	}
	page := strings.Replace(string(files["page.html"].body), "</head>", modules.String()+"</head>", 1)
	return []byte(strings.ReplaceAll(page, `="/static/`, `="/static/`+version+"/"))
})

func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	files, version := assets()
	name := r.PathValue("file")
	file, kind := files[name], media[path.Ext(name)]
	if kind == "" || file.body == nil {
		http.NotFound(w, r)
		return
	}
	if r.PathValue("version") == version {
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	s.send(w, r, reply{body: file.body, media: kind, version: file.version})
}
