package browser

import (
	"strings"
	"testing"
)

// TestReport walks through the sums: bars by day, by something else, from a bar to its sessions and back, by keys and by mouse.
func TestReport(t *testing.T) {
	address := view(t)
	for _, l := range []look{desk, bed} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			p := open(t, l)
			p.goTo(address)
			p.click(`.bar a[href^="/report"]`)
			p.until(`document.documentElement.dataset.ready === "report"`)
			if n := eval[int](p, `document.querySelectorAll(".columns .column a").length`); n < 2 {
				t.Errorf("%d bars by day", n)
			}
			if !eval[bool](p, `[...document.querySelectorAll(".column-bar")].some(b => b.getBoundingClientRect().height > 100)`) {
				t.Error("no bar is high")
			}
			p.accessible()
			p.shot("days")

			eval[bool](p, `(() => { const s = document.getElementById("by1"); s.value = "tool"; s.dispatchEvent(new Event("change")); return true })()`)
			p.until(`new URLSearchParams(location.search).get("by") === "tool" && document.querySelector(".report-table th")?.innerText === "tool"`)
			p.sees("Bash")
			p.accessible()
			p.shot("tools")

			sessions := eval[string](p, `[...document.querySelectorAll(".report-table tr")].find(r => r.cells[0].innerText === "Read").cells[2].innerText`)
			eval[bool](p, `([...document.querySelectorAll(".report-table tr")].find(r => r.cells[0].innerText === "Read").querySelector("a.bar-link").id = "bar", true)`)
			p.click("#bar")
			p.until(`location.pathname === "/" && document.documentElement.dataset.ready === "list"`)
			p.until(`document.querySelector(".chip")?.innerText.includes("tool:Read")`)
			if got := eval[string](p, `document.querySelector(".status b").innerText`); got != sessions+" sessions" {
				t.Errorf("the bar has %s sessions, its list %s", sessions, got)
			}
			p.shot("list-of-a-bar")
			eval[bool](p, `history.back(), true`)
			p.until(`location.pathname === "/report" && document.querySelector(".report-table th")?.innerText === "tool"`)
		})
	}
}

// TestReportOfNothing says what there is not, and what a report cannot do.
func TestReportOfNothing(t *testing.T) {
	p := open(t, desk)
	address := strings.Replace(view(t), "/?", "/report?", 1)
	p.goTo(address + "&q=project:nowhere")
	p.sees("nothing to sum up")
	p.accessible()
	p.goTo(address + "&q=project:")
	p.until(`document.querySelector("[role=alert]")`)
	p.accessible()
	for _, f := range p.takeFaults() {
		if !strings.Contains(f, "400 (Bad Request)") {
			t.Error(f)
		}
	}
}
