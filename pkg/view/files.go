package view

import "embed"

// Files are the page's own files, below static: page.html, styles and ES modules. They need no build.
//
//go:embed static
var Files embed.FS
