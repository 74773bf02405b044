package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestDocPictures takes the two pictures of docs/page.md anew, into the folder that AMS_DOC_PICTURES names.
func TestDocPictures(t *testing.T) {
	dir := os.Getenv("AMS_DOC_PICTURES")
	if dir == "" {
		t.Skip("AMS_DOC_PICTURES=$PWD/docs .ci/check-page -run DocPictures takes them anew")
	}
	browserContext(t)
	demo := filepath.Join(t.TempDir(), "demo")
	assemble(t, "demo", "--dir", demo)
	stored, spool := filepath.Join(demo, "store"), filepath.Join(demo, "no-spool")
	generate(t, stored, "-records", "400")

	p := open(t, look{"docs", 1200, 520, "light"})
	p.goTo(view(t, "--local-dir", stored, "--spool-dir", spool))
	p.keys("/", "project:orders,payments cost:>1", "Enter", "Escape")
	p.until(`document.querySelectorAll(".chip").length === 2`)
	p.keys("j", "j", "j")
	p.until(`document.querySelector(".list-row.chosen")`)
	p.keep(filepath.Join(dir, "page-list.png"))

	p = open(t, look{"docs", 1200, 640, "light"})
	p.goTo(view(t, "last", "--local-dir", stored, "--spool-dir", spool))
	p.keys("a")
	p.until(`document.querySelector("article.chosen .card")`)
	p.keep(filepath.Join(dir, "page-session.png"))
}

// keep writes a picture to a file.
func (p *tab) keep(path string) {
	p.t.Helper()
	p.settle()
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(path, picture, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
