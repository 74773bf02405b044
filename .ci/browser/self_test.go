package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTheHarnessSeesFaults shows it a page with one of each fault: a test of pages that cannot fail tests nothing.
func TestTheHarnessSeesFaults(t *testing.T) {
	const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:`
	for name, c := range map[string]struct{ body, script, want string }{
		"a script of the page's text": {`<b onclick="x()">text</b><script>document.title = "run"</script>`, ``, "the policy refuses script-src"},
		"a picture of elsewhere":      {`<img src="http://192.0.2.1/x.png" alt="">`, ``, "the policy refuses img-src"},
		"an exception":                {``, `setTimeout(() => { throw new Error("wrong") })`, "exception: Uncaught Error: wrong"},
		"a promise without an end":    {``, `Promise.reject(new Error("wrong"))`, "Uncaught (in promise) Error: wrong"},
		"an error in the console":     {``, `console.error("wrong")`, "error: wrong"},
		"a file that is not there":    {``, `import("/none.js").catch(() => {})`, "error: Failed to load resource"},
		"nothing":                     {`<p>fine</p>`, ``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			browserContext(t)
			mux := http.NewServeMux()
			mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Security-Policy", policy)
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprintf(w, `<!doctype html><html lang=en><title>x</title><link rel=icon href="data:,"><main><h1>x</h1>%s</main><script type=module src=x.js></script>`, c.body)
			})
			mux.HandleFunc("GET /x.js", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/javascript")
				fmt.Fprintf(w, `document.documentElement.dataset.ready = ""; %s`, c.script)
			})
			server := httptest.NewServer(mux)
			defer server.Close()
			p := open(t, desk)
			p.goTo(server.URL + "/")
			got := strings.Join(p.takeFaults(), "\n")
			p.asked = nil // one was refused
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestTheHarnessTypes presses a key that focuses a box, and types into it; axe sees a box without a name.
func TestTheHarnessTypes(t *testing.T) {
	browserContext(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang=en><title>x</title><link rel=icon href="data:,"><main><h1>x</h1><input><button>push</button></main><script>
			addEventListener("keydown", e => { if (e.key === "/" && e.target.tagName !== "INPUT") { e.preventDefault(); document.querySelector("input").focus() } })
			addEventListener("click", e => { if (e.target.tagName === "BUTTON") document.title = "pushed" })
			document.documentElement.dataset.ready = ""</script>`)
	}))
	defer server.Close()
	p := open(t, phone)
	p.goTo(server.URL)
	p.keys("/", "a/B", "Backspace", "c")
	if got := eval[string](p, `document.querySelector("input").value`); got != "a/c" {
		t.Errorf("typed %q", got)
	}
	p.click("button")
	p.until(`document.title === "pushed"`)
	if width := eval[int](p, `innerWidth`); width != 390 {
		t.Errorf("%d px wide", width)
	}
	if found := p.violations(); found != nil && found[0].ID != "label" {
		t.Errorf("axe: %+v", found)
	}
	p.shot("typed")
}
