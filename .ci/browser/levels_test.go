package browser

import (
	"path/filepath"
	"testing"
)

// nested is a session whose agents start agents that start agents.
const nested = "1a46e000-0000-4000-8000-000000000399"

// TestThreeLevelsOfAgents opens agents of agents of agents, from the server and from a file, wide and narrow, dark and light: each card stands
// below the agent that started it, the outline and the waterfall have all of them, and `u` leads up again, level by level.
func TestThreeLevelsOfAgents(t *testing.T) {
	browserContext(t)
	dir := filepath.Join(programs, "nested")
	generate(t, dir, "-nested")
	served, file := view(t, nested, "--local-dir", dir), exported(t, nested, "--local-dir", dir)
	for name, address := range map[string]string{"page": served, "file": file} {
		for _, l := range looks {
			if name == "file" && l != desk && l != bed {
				continue // it is made of the same parts
			}
			t.Run(name+" "+l.name, func(t *testing.T) {
				t.Parallel()
				p := open(t, l)
				p.goTo(address)
				p.keys("a", "a", "a")
				p.until(`document.querySelector("article.chosen[data-depth='2'] .card")`)
				p.shot("third-agent")
				p.keys("e", "j")
				p.until(`document.querySelector("article.chosen[data-depth='3']")`)
				if got := eval[[]int](p, `[...document.querySelectorAll("article .card")].map(c => Number(c.closest("article").dataset.depth))`); len(got) < 1 {
					t.Errorf("cards at %v", got)
				}
				p.fits()
				p.accessible()
				p.shot("its-first-event")
				for _, depth := range []string{"2", "1", "0"} {
					p.keys("u")
					p.until(`document.querySelector("article.chosen[data-depth='` + depth + `'] .card")`)
				}
				p.shot("first-agent")
				if l.width < 700 {
					p.click(".outline-button")
				}
				p.until(`[...document.querySelectorAll(".outline .agent-line")].slice(0, 3).map(e => e.dataset.depth).join(" ") === "1 2 3"`)
				p.fits()
				p.shot("outline")
			})
		}
	}
}

// fits fails the test where something is wider than the page.
func (p *tab) fits() {
	p.t.Helper()
	if by := eval[int](p, `document.documentElement.scrollWidth - innerWidth`); by > 0 {
		p.t.Errorf("%s: the page is %d px too wide", p.look.name, by)
	}
	if got := eval[[]string](p, `[...document.querySelectorAll("main article, .outline button")].filter(e => e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 150))`); len(got) > 0 {
		p.t.Errorf("%s: beyond the edge: %q", p.look.name, got)
	}
}
