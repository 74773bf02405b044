package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// generated is the session that the walk looks for: of 900 events, with a title that nothing else in the store has.
const generated = "1a46e000-0000-4000-8000-000000000900"

// dearest is the subagent of a session that cost most, as the Session has it.
type dearest struct {
	Description, Why string
	USD              float64
}

func dearestOf(t *testing.T, id string) dearest {
	t.Helper()
	var s struct {
		Events []struct {
			Subagent *struct {
				Description         string  `json:"description"`
				InvocationReasoning string  `json:"invocation_reasoning"`
				CostUSD             float64 `json:"cost_usd"`
			} `json:"subagent"`
		} `json:"events"`
	}
	if err := json.Unmarshal([]byte(assemble(t, "show", id, "--json")), &s); err != nil {
		t.Fatal(err)
	}
	var most dearest
	for _, e := range s.Events {
		if a := e.Subagent; a != nil && a.CostUSD > most.USD {
			most = dearest{a.Description, a.InvocationReasoning, a.CostUSD}
		}
	}
	if most.Description == "" {
		t.Fatal("the session has no subagent")
	}
	return most
}

// TestWalk is what the page is for: find one session by a word, open it, learn why its dearest subagent was started, see where the time
// went, and get the session as one file to send; by keys and by mouse, wide and narrow, dark and light.
func TestWalk(t *testing.T) {
	address := view(t)
	want := dearestOf(t, generated)
	for _, l := range looks {
		for name, w := range map[string]walker{"keys": byKeys{}, "mouse": byMouse{}} {
			t.Run(name+" "+l.name, func(t *testing.T) {
				t.Parallel()
				p := open(t, l)
				p.seen = name == "mouse" // by keys the same is seen
				p.goTo(address)
				p.sees("session")
				p.accessible()
				p.shot("1-list")

				w.find(p, `"long day"`)
				p.sees("A long day of work")
				p.until(`document.querySelectorAll(".list-scroller .list-row a").length === 1`)
				p.accessible()
				p.shot("2-found")

				w.open(p)
				p.until(`location.pathname.startsWith("/s/")`)
				p.ready()
				p.until(`document.querySelector("article.event .label")`)
				p.accessible()
				p.shot("3-session")

				w.dearest(p, want)
				p.until(fmt.Sprintf(`document.querySelector("article.chosen")?.innerText.includes(%q)`, firstSentence(want.Why)))
				p.accessible()
				p.shot("4-agent")

				w.time(p)
				p.shot("5-time")

				file := w.export(p)
				p.accessible()
				sent := open(t, l)
				sent.goTo("file://" + file)
				sent.sees("A long day of work")
				sent.onlyAsked("file://" + file)
				sent.shot("6-file")
			})
		}
	}
}

// firstSentence is as much of a text as stands on a page without code in it.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, "`")
	return strings.TrimSpace(text)
}

// walker is a way to use the page.
type walker interface {
	find(p *tab, words string)
	open(p *tab)
	dearest(p *tab, want dearest)
	time(p *tab)
	export(p *tab) (file string)
}

type byKeys struct{}

func (byKeys) find(p *tab, words string) { p.keys("/", words, "Enter") }

func (byKeys) open(p *tab) {
	p.keys("Escape", "j", "Enter")
}

// dearest goes from agent to agent, reads what each cost, and comes back to the dearest.
func (byKeys) dearest(p *tab, want dearest) {
	p.t.Helper()
	for range 100 {
		before := eval[string](p, `location.search`)
		p.keys("a")
		p.until(fmt.Sprintf(`location.search !== %q || document.getElementById("said")?.classList.contains("shown")`, before))
		p.until(`document.querySelector("article.chosen .card")`)
		if eval[bool](p, fmt.Sprintf(`document.querySelector("article.chosen").innerText.includes(%q)`, want.Description)) {
			return
		}
	}
	p.t.Fatalf("%s: %q is not reached", p.look.name, want.Description)
}

// time zooms into the timeline.
func (byKeys) time(p *tab) {
	p.t.Helper()
	p.tabTo(`document.activeElement.tagName === "CANVAS"`)
	before := eval[string](p, `document.querySelector("canvas").toDataURL()`)
	p.keys("+", "+")
	p.until(fmt.Sprintf(`document.querySelector("canvas").toDataURL().length !== %d`, len(before)))
	p.keys("0")
}

func (byKeys) export(p *tab) string {
	p.t.Helper()
	dir := p.downloads()
	p.tabTo(`document.activeElement.tagName === "SUMMARY" && document.activeElement.innerText === "Export"`)
	p.keys("Enter")
	p.tabTo(`document.activeElement.innerText?.startsWith("HTML")`)
	p.keys("Enter")
	return p.download(dir)
}

// tabTo presses Tab until the focus is where it should be: within a round through the page.
func (p *tab) tabTo(there string) {
	p.t.Helper()
	for range 150 {
		if eval[bool](p, "!!("+there+")") {
			return
		}
		p.keys("Tab")
	}
	p.t.Fatalf("%s: Tab does not lead to %s", p.look.name, there)
}

type byMouse struct{}

func (byMouse) find(p *tab, words string) {
	p.click("#search")
	p.keys(words)
}

func (byMouse) open(p *tab) { p.click(".list-scroller .list-row a") }

// dearest reads the costs beside the story.
func (byMouse) dearest(p *tab, want dearest) {
	p.t.Helper()
	if p.look.width < 700 {
		p.click(".outline-button")
	}
	at := fmt.Sprintf(`[...document.querySelectorAll(".outline .agent-line")].find(e => e.innerText.includes(%q))`, want.Description)
	for range 200 { // the outline shows what is seen of it
		if eval[bool](p, "!!"+at) {
			break
		}
		eval[bool](p, `document.querySelector(".outline-list").scrollBy(0, 200), true`)
		p.settle()
	}
	p.until(at)
	eval[bool](p, "("+at+`).id = "dearest", true`)
	p.click("#dearest")
}

// time points at the timeline and reads what was there, then chooses it.
func (byMouse) time(p *tab) {
	p.t.Helper()
	before := eval[string](p, `location.search`)
	box := eval[[]float64](p, `(() => { const r = document.querySelector("canvas").getBoundingClientRect(); return [r.x, r.y, r.width] })()`)
	x, y := box[0]+box[2]/2, box[1]+18+9 // the first lane, below the axis
	for ; x < box[0]+box[2]; x += 7 {
		p.do(chromedp.MouseEvent("mouseMoved", x, y))
		if eval[bool](p, `document.querySelector(".tip").classList.contains("shown")`) {
			break
		}
	}
	p.do(chromedp.MouseClickXY(x, y))
	p.until(fmt.Sprintf(`location.search !== %q`, before))
}

func (byMouse) export(p *tab) string {
	p.t.Helper()
	dir := p.downloads()
	p.click(".menu summary")
	p.click(`.menu a[href$=".html"]`)
	return p.download(dir)
}

// downloads lets the browser keep what it downloads, in a folder.
func (p *tab) downloads() string {
	p.t.Helper()
	dir := p.t.TempDir()
	allow := browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID}
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, allow); err != nil {
		p.t.Fatal(err)
	}
	return dir
}

// download waits for the file that the browser downloads.
func (p *tab) download(dir string) string {
	p.t.Helper()
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(20 * time.Millisecond) {
		files, err := filepath.Glob(filepath.Join(dir, "*.html"))
		if err != nil {
			p.t.Fatal(err)
		}
		if len(files) == 1 {
			return files[0]
		}
	}
	entries, _ := os.ReadDir(dir)
	p.t.Fatalf("%s: nothing was downloaded: %v", p.look.name, entries)
	return ""
}

// TestSearchesWithoutResult shows an empty store, a query that fits nothing, and one that does not parse.
func TestSearchesWithoutResult(t *testing.T) {
	address := view(t)
	p := open(t, desk)
	p.goTo(address)
	p.keys("/", "outcome:completed nosuchword", "Enter")
	p.sees("fits")
	p.sees("Take away nosuchword")
	p.accessible()
	p.shot("nothing")
	p.keys(" cost:>abc", "Enter")
	p.until(`document.querySelector("[role=alert], .problem, .notes p")`)
	p.accessible()
	p.shot("does-not-parse")
	for _, f := range p.takeFaults() {
		if !strings.Contains(f, "400 (Bad Request)") { // which a browser tells of every refusal
			t.Error(f)
		}
	}
}

// TestEmptyStore says what to do where nothing is stored.
func TestEmptyStore(t *testing.T) {
	p := open(t, phone)
	p.goTo(view(t, "--local-dir", t.TempDir(), "--spool-dir", t.TempDir()))
	p.sees("No session is stored yet")
	p.accessible()
	p.shot("empty")
}

// TestHostileSession opens a session in which every text would be markup, a script or a link, from the server.
func TestHostileSession(t *testing.T) {
	browserContext(t)
	dir, hostile := largeStore(t)
	p := open(t, desk)
	p.goTo(view(t, hostile, "--local-dir", dir))
	p.sees(`<script>document.title="pwned"</script>`)
	p.walkAll()
	p.harmless()
	p.shot("hostile")
	p.goTo(view(t, "--local-dir", dir))
	p.sees(`<script>document.title="pwned"</script>`)
	p.harmless()
	p.shot("hostile-list")
}
