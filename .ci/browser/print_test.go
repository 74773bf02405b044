package browser

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// onPaper shows the page as a printer gets it.
func (p *tab) onPaper() {
	p.t.Helper()
	const page = 718 // px of A4 between its margins
	p.do(chromedp.EmulateViewport(page, 1000))
	media := emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: p.look.scheme}}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, media); err != nil {
		p.t.Fatal(err)
	}
}

// cut are elements on paper of which a part is not seen: cut off, shortened, beside the page, or on top of each other.
const cut = `(() => {
	const bad = [], seen = [...document.querySelectorAll(".printed > *")]
	for (const e of document.querySelectorAll(".printed, .printed *")) {
		const style = getComputedStyle(e), r = e.getBoundingClientRect()
		if (style.display === "none" || r.width === 0 || e.closest(".sr")) continue
		if (style.overflow !== "visible" && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)) bad.push("cut off: " + e.outerHTML.slice(0, 120))
		if (style.display !== "inline" && r.right > innerWidth + 1) bad.push("beside: " + e.outerHTML.slice(0, 120))
	}
	for (let k = 1; k < seen.length; k++) {
		if (seen[k].getBoundingClientRect().top < seen[k - 1].getBoundingClientRect().bottom - 1) bad.push("on top: " + seen[k].outerHTML.slice(0, 120))
	}
	return bad.slice(0, 8)
})()`

// TestPrint holds what is printed to the whole of what is open: every row, all prose, nothing cut without a word, in light colours; by the
// menu, by Ctrl-P in a file, and by a browser that prints by itself.
func TestPrint(t *testing.T) {
	address, file := view(t, generated), exported(t, generated)
	for name, at := range map[string]string{"page": address, "file": file} {
		for _, l := range []look{night, phone} {
			t.Run(name+" "+l.name, func(t *testing.T) {
				t.Parallel()
				p := open(t, l)
				p.goTo(at)
				p.keys("E")
				eval[bool](p, `globalThis.print = () => { globalThis.prints = (globalThis.prints || 0) + 1 }, true`)
				rows := eval[int](p, `Number(document.querySelector("article[aria-setsize]").getAttribute("aria-setsize"))`)
				if name == "page" {
					p.click(".menu summary")
					p.click(".menu-list button")
				} else {
					eval[bool](p, `document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "p", ctrlKey: true, bubbles: true, cancelable: true})), true`)
				}
				p.until(`globalThis.prints === 1 && document.querySelector(".printed")`)
				p.onPaper()
				if got := eval[int](p, `document.querySelectorAll(".printed article").length`); got != rows {
					t.Errorf("%d rows on paper, want %d", got, rows)
				}
				if got := eval[int](p, `document.querySelectorAll(".printed .waiting, .printed button:not(.fold):not(.ref)").length - document.querySelectorAll(".printed .actions button").length`); got > 0 {
					t.Errorf("%d rows or buttons that say nothing on paper", got)
				}
				if bad := eval[[]string](p, cut); len(bad) > 0 {
					t.Errorf("cut: %q", bad)
				}
				if colour := eval[string](p, `getComputedStyle(document.body).backgroundColor`); colour != "rgb(255, 255, 255)" {
					t.Errorf("paper is %s", colour)
				}
				p.shot("paper")
				eval[bool](p, `dispatchEvent(new Event("afterprint")), true`)
				p.until(`!document.querySelector(".printed") && getComputedStyle(document.getElementById("app")).display !== "none"`)
			})
		}
	}
}

// TestPrintByTheBrowser prints as the menu of a browser does, which asks the page for nothing.
func TestPrintByTheBrowser(t *testing.T) {
	p := open(t, night)
	p.goTo(view(t, generated))
	p.sees("Prompt")
	pdf, err := chromedp.Call(p.ctx, page.PrintToPDF, page.PrintToPDFParams{})
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("AMS_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, t.Name()+".pdf"), pdf.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if pages := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf.Data, -1)); pages < 5 {
		t.Errorf("%d pages, %d bytes", pages, len(pdf.Data))
	}
	p.until(`!document.querySelector(".printed")`)
}
