package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ams/pkg/otlp/otlptest"
)

// checkout is the top of the repository.
const checkout = "../.."

// block is one fenced block of a page.
type block struct {
	lang, text string
	line       int    // where it begins
	shows      string // the output that stands right below a block of commands, "" for none
}

var fence = regexp.MustCompile("(?ms)^ *```([a-z]*)\\n(.*?)^ *```$")

// languages are those of fenced blocks. What is sh or cron is run; whatever a person could run must be one of these.
// console is what no test can run, text is output and what is drawn.
var languages = []string{"sh", "cron", "console", "text", "", "sql", "go", "js", "json", "yaml", "dockerfile", "ini"}

// blocksOf are the fenced blocks of a page.
func blocksOf(t *testing.T, page string) []block {
	t.Helper()
	text := readText(t, page)
	var blocks []block
	end := 0
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		b := block{lang: text[m[2]:m[3]], text: text[m[4]:m[5]], line: 1 + strings.Count(text[:m[0]], "\n")}
		if !slices.Contains(languages, b.lang) {
			t.Errorf("%s:%d: a block of %q, want one of %q", page, b.line, b.lang, languages)
		}
		last := len(blocks) - 1
		if (b.lang == "" || b.lang == "text") && last >= 0 && blocks[last].lang == "sh" && strings.TrimSpace(text[end:m[0]]) == "" {
			blocks[last].shows = b.text
		}
		blocks, end = append(blocks, b), m[1]
	}
	return blocks
}

// pages are the Markdown files that people read.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(checkout, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err == nil && d.IsDir() && slices.Contains([]string{".git", "dist", "testdata"}, d.Name()):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) < 15 {
		t.Fatalf("%d pages, %v", len(found), err)
	}
	return found
}

// TestDocsAreTrue runs every command of every page in its order, each page with a home folder of its own in which the
// demo's session is stored, and compares the outputs that a page shows.
func TestDocsAreTrue(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands of the pages are for a POSIX shell")
	}
	origin := demonstrated(t)
	server, receiver := newBucketServer(t), otlptest.New(t)
	for _, page := range pages(t) {
		blocks := blocksOf(t, page)
		if !slices.ContainsFunc(blocks, func(b block) bool { return b.lang == "sh" || b.lang == "cron" || b.lang == "go" }) {
			continue
		}
		t.Run(strings.TrimPrefix(page, checkout+"/"), func(t *testing.T) {
			t.Parallel()
			r := newReader(t, origin)
			r.bucket, r.receiver = server.URL, receiver.URL
			for _, b := range blocks {
				t.Run(fmt.Sprintf("line %d", b.line), func(t *testing.T) { r.follow(t, b) })
			}
			r.checkRegistered(t)
		})
	}
}

// follow does what a block says.
func (r *reader) follow(t *testing.T, b block) {
	switch b.lang {
	case "sh":
		r.run(t, b)
	case "cron":
		fields := strings.SplitN(strings.TrimSpace(b.text), " ", 6)
		if len(fields) != 6 {
			t.Fatalf("no crontab line: %q", b.text)
		}
		r.checkCronShips(t, fields[5])
	case "go":
		file := filepath.Join(r.work, "main.go")
		writeText(t, file, b.text)
		r.shell(t, "go vet "+file, nil)
	}
}

// run runs a block of commands, and compares its output with what is shown of it.
func (r *reader) run(t *testing.T, b block) {
	t.Helper()
	if strings.TrimSpace(b.text) == "go test ./..." {
		return // it is what runs this
	}
	if _, err := exec.LookPath("jq"); err != nil && strings.Contains(b.text, "jq ") {
		notHere(t, "jq")
	}
	environ := append(os.Environ(), "PATH="+r.path+":"+os.Getenv("PATH"))
	if strings.Contains(b.text, "AMS_S3_BUCKET") {
		environ = append(environ, "AMS_S3_ENDPOINT_URL="+r.bucket)
	}
	if strings.Contains(b.text, "export otlp") {
		environ = append(environ, "AMS_OTLP_ENDPOINT="+r.receiver)
	}
	examines := strings.TrimSpace(b.text) == "ams-assemble doctor"
	script := b.text
	if examines {
		script = strings.TrimSpace(b.text) + " || true" // a problem of this machine is left to verdicts
	}
	out := r.shell(t, script, environ)
	got, want := out, b.shows
	if examines {
		got, want = verdicts(got), verdicts(want)
	}
	if rest := missing(volatile.ReplaceAllString(got, "~"), volatile.ReplaceAllString(want, "~")); rest != "" {
		t.Errorf("%s\nprints\n%s\nand not, as the page shows,\n%s", b.text, out, rest)
	}
}

// volatile are the parts of an output that differ from run to run: folders, days, times, versions, and on which
// machine it ran.
var volatile = regexp.MustCompile(`(?m)\S*/(ams-demo-\d+|\.local/share/ams)|\d{4}/\d\d/\d\d|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:[\d.+:]+)?|\d\d:\d\d:\d\d` +
	`| *\d+\.\ds|^  time .*$| on \S+, user \S+$`)

// missing is the part of what a page shows that an output lacks, "" for none. A line of a … stands for any lines.
func missing(got, shown string) string {
	parts := regexp.MustCompile(`(?m)^…\n`).Split(shown, -1)
	if shown != "" && len(parts) == 1 && got != shown {
		return shown
	}
	for _, part := range parts {
		_, after, found := strings.Cut(got, part)
		if !found {
			return part
		}
		got = after
	}
	return ""
}

// verdicts are the first two columns of what doctor prints: the rest is different on every machine. So is whether the
// hook is slow on it, its disk nearly full, or a client that somebody else runs short of memory.
func verdicts(out string) string {
	lines := regexp.MustCompile(`(?m)^(ok|warning|problem) +\w+`).FindAllString(out, -1)
	return regexp.MustCompile(`(?m)^(warning|problem)( +)(trial|spool|limits)$`).ReplaceAllString(strings.Join(lines, "\n"), "ok       $3")
}
