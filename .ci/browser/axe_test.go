package browser

import (
	"os"
	"strings"
)

// violation is what axe finds wrong, and where.
type violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Where  []string `json:"where"`
}

// accessible fails the test for everything that axe finds on the page as it stands.
func (p *tab) accessible() {
	p.t.Helper()
	if p.seen {
		return
	}
	for _, v := range p.violations() {
		p.t.Errorf("%s: axe: %s (%s): %s\n\t%s", p.look.name, v.ID, v.Impact, v.Help, strings.Join(v.Where, "\n\t"))
	}
}

// violations is what axe finds. What the browser's tools evaluate is not subject to the page's policy.
func (p *tab) violations() []violation {
	p.t.Helper()
	path := os.Getenv("AMS_AXE")
	if path == "" {
		p.t.Log("NOT TESTED: accessibility; AMS_AXE must name axe.min.js of axe-core (.ci/check-page fetches it)")
		return nil
	}
	source, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	if !eval[bool](p, `"axe" in window`) {
		eval[bool](p, string(source)+";true")
	}
	return eval[[]violation](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({
		id: v.id, impact: v.impact || "", help: v.help, where: v.nodes.slice(0, 5).map(n => n.target.join(" ") + "  " + n.html.slice(0, 150) + "  " + (n.any[0]?.message || ""))
	})))`)
}
