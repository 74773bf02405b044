package browser

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// growing is a recorded session of three turns, which is recorded anew bit by bit.
const growing = "493e0219-3185-4633-9464-7173f6e40da5"

// recording writes what a client and its hooks leave of a session, as if it had begun a moment ago.
type recording struct {
	t                 *testing.T
	spool, claude     string
	hooks, transcript []string // lines that are still to come
}

func record(t *testing.T) *recording {
	t.Helper()
	const folder = "projects/-home-dev-lab-n-multiturn-proj"
	from := "../../cmd/ams-assemble/testdata/captures/n-multiturn"
	r := &recording{t: t, spool: t.TempDir(), claude: t.TempDir()}
	hooks, transcript := readFile(t, filepath.Join(from, "hooks.jsonl")), readFile(t, filepath.Join(from, folder, growing+".jsonl"))
	shift := time.Until(time.Date(2026, 11, 22, 10, 1, 22, 0, time.UTC)) + time.Minute
	r.hooks, r.transcript = lines(earlier(hooks, shift)), lines(earlier(transcript, shift))
	if err := os.MkdirAll(filepath.Join(r.claude, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	r.claude = filepath.Join(r.claude, folder, growing+".jsonl")
	return r
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func lines(b []byte) []string { return strings.SplitAfter(strings.TrimSuffix(string(b), "\n"), "\n") }

var recordedTime = regexp.MustCompile(`2026-11-22T[0-9:.]+Z`)

// earlier puts the times of a recording as much earlier as shift says: a negative one brings them to today.
func earlier(b []byte, shift time.Duration) []byte {
	return recordedTime.ReplaceAllFunc(b, func(text []byte) []byte {
		at, err := time.Parse(time.RFC3339Nano, string(text))
		if err != nil {
			return text
		}
		return at.Add(-shift).AppendFormat(nil, "2006-01-02T15:04:05.000000Z")
	})
}

// further writes the next lines, up to the first of the hooks that has a word in it; none for all that is left.
func (r *recording) further(word string) {
	r.t.Helper()
	n := 0
	for n < len(r.hooks) && (word == "" || !strings.Contains(r.hooks[n], word)) {
		n++
	}
	some := r.hooks[:n]
	r.hooks = r.hooks[n:]
	m := len(r.transcript) * len(some) / (len(some) + len(r.hooks))
	r.append(r.claude, r.transcript[:m])
	r.transcript = r.transcript[m:]
	file := filepath.Join(r.t.TempDir(), "hooks.jsonl")
	r.append(file, some)
	assemble(r.t, "spool", "load", "--spool-dir", r.spool, file)
}

func (r *recording) append(path string, lines []string) {
	r.t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(bytes.TrimSpace([]byte(strings.Join(lines, ""))))
	}
	if err == nil {
		_, err = f.WriteString("\n")
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestASessionGrowsAsOneLooks appends to a session while its page is open: what is new stands below what was there, without a
// reload, and what a reader chose and looks at stays as it is. When it is over the page says so.
func TestASessionGrowsAsOneLooks(t *testing.T) {
	browserContext(t)
	r := record(t)
	r.further("PreModelSwitch")
	stored := t.TempDir()
	address := view(t, growing, "--spool-dir", r.spool, "--claude-dir", filepath.Dir(filepath.Dir(filepath.Dir(r.claude))), "--local-dir", stored)
	p := open(t, look{"small", 1280, 420, "light"})
	p.goTo(address)
	p.sees("running")
	eval[bool](p, `globalThis.same = document.querySelector(".session"), true`)
	before := eval[int](p, `Number(document.querySelector("article[aria-setsize]").getAttribute("aria-setsize"))`)
	p.keys("J", "J", "j")
	p.until(`document.querySelector("article.chosen")?.innerText.includes("asks for Bash")`)
	p.settle()
	const reads = `[document.querySelector("article.chosen .gutter").innerText, document.activeElement === document.querySelector("article.chosen")].join("|")`
	const top = `document.querySelector("article.chosen").getBoundingClientRect().top`
	was, wasAt := eval[string](p, reads), eval[float64](p, top)
	p.shot("running")

	r.further("SessionEnd")
	p.until(fmt.Sprintf(`Number(document.querySelector("article[aria-setsize]")?.getAttribute("aria-setsize")) > %d`, before))
	p.settle()
	if now, nowAt := eval[string](p, reads), eval[float64](p, top); now != was || math.Abs(nowAt-wasAt) > 2 {
		t.Errorf("the reader was at\n%s, %.0f px below the top\nand is at\n%s, %.0f px", was, wasAt, now, nowAt)
	}
	if !eval[bool](p, `globalThis.same === document.querySelector(".session")`) {
		t.Error("the page was loaded again")
	}
	p.accessible()
	p.shot("grown")
	r.further("")
	p.until(`document.querySelector(".bar .outcome").innerText === "completed"`)
	p.shot("over")
}
