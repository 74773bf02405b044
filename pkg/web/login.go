package web

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

// loginPath is the only one that answers without a token.
const loginPath = "/login"

// maxForm bounds what is posted there.
const maxForm = 4 << 10

//go:embed door.html
var doorFiles embed.FS

var door = template.Must(template.ParseFS(doorFiles, "door.html"))

// doorWords are what a page says that lets nobody in.
type doorWords struct {
	Say, Hint string
	Login     bool   // it asks for the token
	To        string // where a link leads on, "" for none
}

// login takes the token from somebody who has it and not the address that holds it.
func (a *Access) login(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		showDoor(w, http.StatusOK, doorWords{Say: "This page needs its token.", Hint: "It is in the address that ams-assemble view printed, or in the file that it was given.", Login: true})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || !a.rightToken(strings.TrimSpace(r.PostForm.Get("token"))) {
		showDoor(w, http.StatusUnauthorized, doorWords{Say: "That is not the token.", Hint: "Look at what ams-assemble view printed.", Login: true})
		return
	}
	a.setCookie(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// refuse says no: to a person with a page, to a script with JSON.
func refuse(w http.ResponseWriter, r *http.Request, status int, say, hint string) {
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/static/") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(problem{Error: say, Hint: hint})
		return
	}
	words := doorWords{Say: say, Hint: hint, Login: status == http.StatusUnauthorized}
	if status == http.StatusForbidden && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Method == http.MethodGet && !r.URL.Query().Has("token") {
		words.To = r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			words.To += "?" + r.URL.RawQuery
		}
		if !strings.HasPrefix(words.To, "/") || strings.HasPrefix(words.To, "//") { // it would lead elsewhere
			words.To = "/"
		}
	}
	showDoor(w, status, words)
}

func showDoor(w http.ResponseWriter, status int, words doorWords) {
	// A form and a link, no scripts, and styles of this one file: it is shown to who may not have the others.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = door.Execute(w, words) // the browser has gone
}
