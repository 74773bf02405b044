package htmlpage

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
	"ams/pkg/view"
)

func written(t testing.TB, s *schema.Session, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, s, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var dataBlock = regexp.MustCompile(`(?s)<script type="application/json" id="([a-z0-9-]+)">(.*?)</script>`)

// blocks are the blocks of data of a page, unpacked.
func blocks(t *testing.T, page string, packed bool) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, m := range dataBlock.FindAllStringSubmatch(page, -1) {
		text := m[2]
		if packed && strings.HasPrefix(m[1], "events-") {
			z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%s is no JSON: %.200s", m[1], text)
		}
		out[m[1]] = text
	}
	return out
}

// TestPageHoldsTheSession reads the blocks back: the same events in both forms, each once, the same bytes each time.
func TestPageHoldsTheSession(t *testing.T) {
	s := schematest.Large(450)
	plain := written(t, s, Options{})
	packed := written(t, s, Options{Compact: true})
	if plain != written(t, s, Options{}) || packed != written(t, s, Options{Compact: true}) {
		t.Error("the same Session gives other bytes")
	}
	if len(packed) > len(plain)*2/3 {
		t.Errorf("%d bytes packed, %d plain", len(packed), len(plain))
	}
	a, b := blocks(t, plain, false), blocks(t, packed, true)
	if len(a) != 2+3 || len(b) != len(a) {
		t.Fatalf("%d and %d blocks", len(a), len(b))
	}
	seen := 0
	for n := range 3 {
		id := fmt.Sprintf("events-%d", n)
		if strings.ReplaceAll(a[id], `\u003c`, "<") != b[id] {
			t.Errorf("%s differs", id)
		}
		var events []struct {
			Index int    `json:"i"`
			ID    string `json:"id"`
		}
		if err := json.Unmarshal([]byte(a[id]), &events); err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Index != seen || e.ID != s.Events[seen].ID {
				t.Fatalf("event %d is %+v", seen, e)
			}
			seen++
		}
	}
	if seen != len(s.Events) {
		t.Errorf("%d of %d events", seen, len(s.Events))
	}
}

// TestPolicyNamesWhatRuns holds the policy to the one script and the one style, by their hashes.
func TestPolicyNamesWhatRuns(t *testing.T) {
	page := written(t, schematest.Large(10), Options{})
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(page)
	if policy == nil || strings.Contains(policy[1], "unsafe") {
		t.Fatalf("policy %v", policy)
	}
	for _, m := range regexp.MustCompile(`(?s)<(style|script type="module" async)>(.*?)</(?:style|script)>`).FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(m[2]))
		if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; strings.Count(policy[1], want) != 1 {
			t.Errorf("%s is not in %s", want, policy[1])
		}
	}
	if !strings.HasPrefix(policy[1], "default-src 'none'; script-src 'sha256-") || !strings.Contains(policy[1], "; img-src data:") {
		t.Errorf("policy %s", policy[1])
	}
	head, _, _ := strings.Cut(page, `<script type="application/json"`)
	if found := regexp.MustCompile(`(?i)(?:src|href)="(?:https?:|/)[^"]*"`).FindAllString(regexp.MustCompile(`(?s)<script type="module" async>.*?</script>`).ReplaceAllString(head, ""), -1); len(found) > 0 {
		t.Errorf("the page asks for %q", found)
	}
	if strings.Index(page, policy[0]) > strings.Index(page, "<style>") {
		t.Error("the policy comes behind what it is for")
	}
}

// TestHostileTextsStayText looks for anything that could end a block, in a session all of whose texts would.
func TestHostileTextsStayText(t *testing.T) {
	for _, compact := range []bool{false, true} {
		page := written(t, schematest.Hostile(), Options{Compact: compact})
		opened, closed := strings.Count(page, "<script"), strings.Count(page, "</script>")
		if want := 1 + 3; opened != want || closed != want {
			t.Errorf("%d scripts begin and %d end, want %d", opened, closed, want)
		}
		for id, text := range blocks(t, page, compact) {
			if strings.Contains(text, "<") && !compact {
				t.Errorf("%s has a <", id)
			}
		}
		for _, mark := range []string{"<img", "<svg", "<!--", "<iframe", "<base", "<meta http-equiv=refresh"} {
			if strings.Contains(page, mark) {
				t.Errorf("%q stands in the page as it is", mark)
			}
		}
	}
}

// TestPicturesStandInTheFile holds that a raster picture is there, and what only calls itself one is not.
func TestPicturesStandInTheFile(t *testing.T) {
	page := blocks(t, written(t, schematest.Hostile(), Options{}), false)["events-0"]
	if !strings.Contains(page, `"data":"iVBORw0KGgo`) || strings.Contains(page, `"data":"PHN2Z`) {
		t.Errorf("pictures: %.300q", regexp.MustCompile(`.{100}(?:iVBORw0KGgo|PHN2Z)`).FindAllString(page, 3))
	}
}

// TestLongTextsAreCut bounds what one text may make of a page.
func TestLongTextsAreCut(t *testing.T) {
	s := schematest.Large(10)
	for i := range s.Events {
		if s.Events[i].LLM != nil {
			s.Events[i].LLM.Text = strings.Repeat("long ", 4<<20)
		}
	}
	if n := len(written(t, s, Options{})); n > 10*mostText {
		t.Errorf("%d bytes", n)
	}
}

// TestEmptySession has no events and nothing known.
func TestEmptySession(t *testing.T) {
	if page := written(t, &schema.Session{SessionID: "s1"}, Options{}); !strings.Contains(page, `"blocks":0`) {
		t.Errorf("got %.300s", page)
	}
}

// TestEveryModuleLinks holds all of the page's modules to the forms that a file can be made of.
func TestEveryModuleLinks(t *testing.T) {
	files, err := fs.Sub(view.Files, "static")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "*.js")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d modules: %v", len(names), err)
	}
	for _, name := range names {
		if _, err := link(files, path.Base(name)); err != nil {
			t.Error(err)
		}
	}
}

// TestFullDisk hands an error of the writer on.
func TestFullDisk(t *testing.T) {
	full := errors.New("no space left")
	for _, compact := range []bool{false, true} {
		if err := Write(limited{full}, schematest.Large(3000), Options{Compact: compact}); !errors.Is(err, full) {
			t.Errorf("got %v, want %v", err, full)
		}
	}
}

type limited struct{ err error }

func (l limited) Write([]byte) (int, error) { return 0, l.err }

func BenchmarkWrite(b *testing.B) {
	s := schematest.Large(30_000)
	for name, o := range map[string]Options{"plain": {}, "compact": {Compact: true}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := Write(io.Discard, s, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
