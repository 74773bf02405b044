package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// firstRows notes when the first event with its words is there, in ms since the navigation began.
const firstRows = `(() => {
	const look = () => {
		if (document.querySelector("article.event .label")) globalThis.firstRows = performance.now()
		else requestAnimationFrame(look)
	}
	requestAnimationFrame(look)
})()`

// frames does something in each frame for three seconds, and counts the frames.
const frames = `new Promise(done => {
	const act = %s, begin = performance.now()
	let n = 0
	const frame = () => {
		act(n)
		n++
		if (performance.now() - begin < 3000) requestAnimationFrame(frame)
		else done(n * 1000 / (performance.now() - begin))
	}
	requestAnimationFrame(frame)
})`

// TestMeasure prints what the page costs, and judges nothing: machines that run tests are busy. bench/page.sh runs it.
func TestMeasure(t *testing.T) {
	if os.Getenv("AMS_MEASURE") == "" {
		t.Skip("bench/page.sh measures the page")
	}
	browserContext(t)
	dir, _ := largeStore(t)
	generate(t, dir, "-records", "100000")
	address := view(t, largeName, "--local-dir", dir)
	fmt.Printf("%-44s %10s %12s %10s %8s\n", "30,000 events", "first rows", "scrolling", "zooming", "heap")
	for name, at := range map[string]string{
		"from the server":                 address,
		"a file, " + "plain":              exported(t, largeName, "--local-dir", dir),
		"a file, " + "packed (--compact)": exported(t, largeName, "--local-dir", dir, "--compact"),
	} {
		p := open(t, desk)
		if _, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: firstRows}); err != nil {
			t.Fatal(err)
		}
		best := 1e9
		for range 3 {
			p.goTo(at)
			p.until(`globalThis.firstRows`)
			best = min(best, eval[float64](p, `globalThis.firstRows`))
		}
		scroll := eval[float64](p, fmt.Sprintf(frames, `n => { document.querySelector(".story").scrollTop += 90 }`))
		zoom := eval[float64](p, fmt.Sprintf(frames, `n => document.querySelectorAll(".zoom button")[n % 40 < 20 ? 0 : 1].click()`))
		if _, err := chromedp.Call(p.ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
			t.Fatal(err)
		}
		heap := eval[float64](p, `performance.memory.usedJSHeapSize`)
		fmt.Printf("%-44s %8.2f s %8.0f fps %6.0f fps %5.1f MB\n", name, best/1000, scroll, zoom, heap/1e6)
	}
	assemble(t, "list", "--limit", "1", "--local-dir", dir) // keeps what it read of the index
	p := open(t, desk)
	p.goTo(view(t, "--local-dir", dir))
	for _, q := range []string{"", "q=outcome:failed", "sort=cost"} {
		ms := eval[float64](p, fmt.Sprintf(`(async () => {
			let best = 1e9
			for (let i = 0; i < 8; i++) {
				const begin = performance.now()
				await (await fetch("/api/list?from=0&n=100&%s")).json()
				best = Math.min(best, performance.now() - begin)
			}
			return best
		})()`, q))
		fmt.Printf("list of 100,000, warm, %-21s %8.0f ms\n", filepath.Base("/"+q), ms)
	}
}
