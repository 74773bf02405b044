package browser

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var (
	fillLarge sync.Once
	largeName = "1a46e000-0000-4000-8000-000000030000"
)

// largeStore is a store with a session of 30,000 events and a hostile one.
func largeStore(t testing.TB) (dir, hostile string) {
	t.Helper()
	dir = filepath.Join(programs, "large")
	fillLarge.Do(func() {
		generate(t, dir, "-events", "30000", "-hostile")
	})
	names, err := filepath.Glob(filepath.Join(dir, "index", "x*.json"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v %v", names, err)
	}
	return dir, strings.TrimSuffix(filepath.Base(names[0]), ".json")
}

// exported writes a session as a file and returns its address.
func exported(t testing.TB, name string, args ...string) string {
	t.Helper()
	browserContext(t)
	path := filepath.Join(t.TempDir(), "session.html")
	assemble(t, append([]string{"show", name, "--html", path}, args...)...)
	return "file://" + path
}

// TestExportedSession opens a file from disk, plain and compact: the whole of it is read, found in and walked through by keys, and nobody
// is asked for anything.
func TestExportedSession(t *testing.T) {
	browserContext(t)
	store(t)
	for name, args := range map[string][]string{"plain": nil, "compact": {"--compact"}} {
		for _, l := range looks {
			if name == "compact" && l != desk && l != bed {
				continue // it shows the same
			}
			t.Run(name+" "+l.name, func(t *testing.T) {
				t.Parallel()
				address := exported(t, "a1e08680", args...)
				p := open(t, l)
				p.goTo(address)
				p.sees("general-purpose")
				p.accessible()
				p.keys("j", "j", "J")
				p.shot("keys")
				p.onlyAsked(address)
			})
		}
	}
}

// onlyAsked holds a tab to one file and what stands in it.
func (p *tab) onlyAsked(file string) {
	p.t.Helper()
	p.settle()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, address := range p.asked {
		if address != file && !strings.HasPrefix(address, "data:image/") {
			p.t.Errorf("it asks for %.200s", address)
		}
	}
}

// TestHostileExport opens a session in which every text would be markup, a script or a link.
func TestHostileExport(t *testing.T) {
	browserContext(t)
	dir, hostile := largeStore(t)
	for name, args := range map[string][]string{"plain": nil, "compact": {"--compact"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := exported(t, hostile, append(args, "--local-dir", dir)...)
			p := open(t, desk)
			p.goTo(address)
			p.sees(`<script>document.title="pwned"</script>`)
			p.walkAll()
			p.harmless()
			p.onlyAsked(address)
		})
	}
}

// walkAll goes through all events by keys, and opens each.
func (p *tab) walkAll() {
	p.t.Helper()
	for range 40 {
		p.keys("j", "Enter")
	}
	p.settle()
}

// harmless looks for what became markup, an address or a script of what an agent wrote.
func (p *tab) harmless() {
	p.t.Helper()
	if found := eval[[]string](p, `[...document.querySelectorAll("iframe, object, embed, base, form[action], link[rel=stylesheet][href^=http], svg a, [onerror], [onload], [srcdoc], meta[http-equiv=refresh]")].map(e => e.outerHTML.slice(0, 200))`); len(found) > 0 {
		p.t.Errorf("markup of a recorded text: %q", found)
	}
	if found := eval[[]string](p, `[...document.querySelectorAll("a[href], img[src]")].map(e => e.getAttribute("href") || e.getAttribute("src"))
		.filter(a => !/^(\/(?!\/)|#|\?|data:image\/(png|jpeg|gif|webp);base64,)/.test(a)).map(a => a.slice(0, 200))`); len(found) > 0 {
		p.t.Errorf("addresses of a recorded text: %q", found)
	}
	if title := eval[string](p, `document.title`); title == "pwned" {
		p.t.Error("a recorded script ran")
	}
}

// TestLargeExport opens 30,000 events from disk.
func TestLargeExport(t *testing.T) {
	browserContext(t)
	dir, _ := largeStore(t)
	for name, args := range map[string][]string{"plain": nil, "compact": {"--compact"}} {
		t.Run(name, func(t *testing.T) {
			address := exported(t, largeName, append(args, "--local-dir", dir)...)
			if info, err := os.Stat(strings.TrimPrefix(address, "file://")); err == nil {
				t.Logf("%.1f MB", float64(info.Size())/1e6)
			}
			p := open(t, desk)
			p.goTo(address)
			p.sees("A long day of work")
			p.onlyAsked(address)
			p.shot("top")
		})
	}
}
