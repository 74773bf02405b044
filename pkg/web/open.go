package web

import (
	"fmt"
	"html/template"
	"os"
	"path/filepath"
)

var opener = template.Must(template.New("").Parse(`<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={{.}}"><title>AMS</title><a href="{{.}}">The page</a>`))

// Opener writes a file that leads a browser to an address. A browser is started with the name of that file: the address
// holds the token, and other users of the machine see the arguments of programs. remove takes the file away again.
func Opener(address string) (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "ams-view-") // 0700
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the browser: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "open.html")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		if err = opener.Execute(f, address); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("write a file for the browser: %w", err)
	}
	return path, remove, nil
}
