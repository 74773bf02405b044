package wordindex

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/search"
)

// body is a stored Session with a text in it.
func body(t testing.TB, name, text string) []byte {
	t.Helper()
	input, err := json.Marshal(map[string]any{"text": text})
	if err != nil {
		t.Fatal(err)
	}
	b, err := schema.Encode(&schema.Session{SchemaVersion: schema.Version, SessionID: name, Events: []schema.Event{
		{Seq: 1, Prompt: text}, {Seq: 2, Tool: &schema.Tool{Name: "Bash", Input: input}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func compile(t testing.TB, text string, o search.Options) *search.Pattern {
	t.Helper()
	p, err := search.Compile(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fill adds sessions named by their texts' keys, in version v1.
func fill(t testing.TB, x *Index, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		if _, err := x.Add(name, "v1", body(t, name, text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Flush(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
}

// candidates are which of some sessions may hold a text.
func candidates(t testing.TB, x *Index, text string, names ...string) string {
	t.Helper()
	may := x.Candidates(t.Context(), compile(t, text, search.Options{}))
	return strings.Join(slices.DeleteFunc(names, func(name string) bool { return !may(name, "v1") }), " ")
}

func TestCandidatesAreWhoMayHoldTheText(t *testing.T) {
	x := Open(filepath.Join(t.TempDir(), "words"))
	if got := candidates(t, x, "refused", "a"); got != "a" {
		t.Errorf("without an index: got %q", got)
	}
	fill(t, x, map[string]string{
		"a": "connection REFUSED by /usr/lib/some_file.go:443", "b": "拒绝连接 und Straße, Δοκιμή", "c": "k\u0301 \u212aelvin e\u0301t\u00e9 🛠️🛠️",
	})
	for text, want := range map[string]string{
		"refused": "a", "fuse": "a", "USED": "a", "sed": "a", "connection refused": "a", "e_fil": "a", "some_file.go:443": "a",
		"拒绝": "b", "绝连": "b", "接": "b", "traSSe": "", "straße": "b", "ΔΟΚΙΜΉ": "b", "kelvin": "c", "e\u0301t\u00e9": "c", "\u00e9t": "", "🛠️": "c",
		"nowhere": "", "ref used": "a", "a": "a b c", "//": "a b c", "xyz": "", "connection xyz0": "",
	} {
		if got := candidates(t, x, text, "a", "b", "c"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	may := x.Candidates(t.Context(), compile(t, "nowhere", search.Options{}))
	if !may("a", "v2") || !may("d", "v1") {
		t.Error("what the index does not have is no candidate")
	}
	for expr, want := range map[string]string{`REFUSED|nowhere`: "a", `conn\w+ refused`: "a", `nowhere|nothing`: "", `(拒绝|x)`: "a b c", `re.used`: "a", `(?i)elvin`: "c"} {
		may := x.Candidates(t.Context(), compile(t, expr, search.Options{Regexp: true}))
		got := strings.Join(slices.DeleteFunc([]string{"a", "b", "c"}, func(name string) bool { return !may(name, "v1") }), " ")
		if got != want {
			t.Errorf("%q: got %q, want %q", expr, got, want)
		}
	}
}

// alphabet has what folds, is spelled and is cut in odd ways: two letters that are k, three that are s, ß, dotted and
// dotless i, final sigma, titlecase digraphs, marks, scripts without spaces, emoji, joiners, controls, blanks of all
// kinds, what is no text.
var alphabet = []rune("aakKKsSſßẞiIİıσςΣDžDŽdžéÉe\u0301中文ไทยกำ字🛠\ufe0f👩\u200d💻__00912--./\\\"\x00\x01\t\n   \u00a0\u2003\u3000\u0085\u2028\ufeff\ufffd\U0010ffffØøﬁⅷⅧ")

func someText(r *rand.Rand, n int) string {
	out := make([]rune, n)
	for i := range out {
		out[i] = alphabet[r.Intn(len(alphabet))]
	}
	return string(out)
}

// someNeedle is a part of a text, changed as a person would not notice, or any other text.
func someNeedle(r *rand.Rand, text string) string {
	runes := []rune(text)
	if r.Intn(4) == 0 {
		return someText(r, 1+r.Intn(6))
	}
	from := r.Intn(len(runes))
	part := string(runes[from:min(from+1+r.Intn(12), len(runes))])
	switch r.Intn(4) {
	case 0:
		part = strings.ToUpper(part)
	case 1:
		part = strings.ToLower(part)
	case 2:
		part = strings.Join(strings.Fields(part), "  \n")
	}
	return part
}

// TestTheSameIsFoundWithAndWithout holds candidates to the search: no session with a hit is left out.
func TestTheSameIsFoundWithAndWithout(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	x := Open(filepath.Join(t.TempDir(), "words"))
	sessions := map[string]*schema.Session{}
	var texts []string
	for i := range 120 {
		name, text := fmt.Sprintf("s-%d", i), someText(r, 60)
		if i%10 == 0 {
			text = strings.Repeat(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < '0' }), ""), 200) // a very long word
		}
		b := body(t, name, text)
		if i%7 == 0 { // lone surrogates, and other escapes of an encoder that is not ours
			b = bytes.ReplaceAll(b, []byte("a"), []byte(`\ud800\u0061`))
		}
		s, err := schema.Decode(b)
		if err != nil {
			continue // of escaped names
		}
		sessions[name], texts = s, append(texts, text)
		x.Add(name, "v1", b)
	}
	if err := x.Flush(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	hits, spared := 0, 0
	for range 800 {
		needle, o := someNeedle(r, texts[r.Intn(len(texts))]), search.Options{Case: r.Intn(2) == 0, Regexp: r.Intn(3) == 0}
		if o.Regexp {
			needle = regexp.QuoteMeta(needle) + []string{"", "+", "|ab1", "[a-z]*", "{0,2}", "(?i:KS)?"}[r.Intn(6)]
		}
		p, err := search.Compile(needle, o)
		if err != nil {
			continue
		}
		may := x.Candidates(t.Context(), p)
		for name, s := range sessions {
			found := len(p.Find(s)) > 0
			if found && !may(name, "v1") {
				t.Fatalf("%q %+v is found in %q and the index says no: asked %s", needle, o, s.Events[0].Prompt, ask(p.Needs()))
			}
			if found {
				hits++
			} else if !may(name, "v1") {
				spared++
			}
		}
	}
	if len(sessions) < 100 || hits < 500 || spared < 5_000 {
		t.Errorf("%d sessions, %d hits, %d spared: too few to say anything", len(sessions), hits, spared)
	}
}

// TestASessionOfTooManyGramsIsACandidate has one with megabytes of base64.
func TestASessionOfTooManyGramsIsACandidate(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	noise := make([]byte, 3<<20)
	for i := range noise {
		noise[i] = codes[r.Intn(len(codes))]
	}
	x := Open(filepath.Join(t.TempDir(), "words"))
	fill(t, x, map[string]string{"large": string(noise), "small": "text"})
	if got := candidates(t, x, "nowhere", "large", "small"); got != "large" {
		t.Errorf("got %q", got)
	}
	if !x.Known(t.Context())("large", "v1") {
		t.Error("it would be read again each time")
	}
	if err := x.Forget("large"); err != nil {
		t.Fatal(err)
	}
	if got := candidates(t, x, "text", "small"); got != "small" {
		t.Errorf("after it left: got %q", got)
	}
}

// TestADamagedIndexIsNotBelieved changes, cuts and removes what is on disk, a piece at a time.
func TestADamagedIndexIsNotBelieved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "words")
	texts := map[string]string{"a": "needle", "b": "hay"}
	whole := func() *Index {
		x := Open(dir)
		fill(t, x, texts)
		if got := candidates(t, x, "needle", "a", "b"); got != "a" {
			t.Fatalf("whole: got %q", got)
		}
		return x
	}
	whole()
	db, err := os.ReadFile(filepath.Join(dir, "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	harms := map[string]func(path string) error{
		"gone":    os.Remove,
		"empty":   func(path string) error { return os.Truncate(path, 0) },
		"cut":     func(path string) error { return os.Truncate(path, int64(len(db)/2)) },
		"foreign": func(path string) error { return os.WriteFile(path, []byte("amswords0 of another version"), 0o600) },
		"a link":  func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/etc/passwd", path)) },
		"a folder": func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		},
	}
	for at := 0; at < len(db); at += 997 {
		harms[fmt.Sprintf("byte %d", at)] = func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte{0xa5}, int64(at))
			return errors.Join(err, f.Close())
		}
	}
	for what, harm := range harms {
		for _, file := range []string{"index.db", "seal"} {
			if strings.HasPrefix(what, "byte") && file == "seal" && what != "byte 0" {
				continue
			}
			if err := harm(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
			for _, x := range []*Index{Open(dir)} {
				if got := candidates(t, x, "needle", "a", "b"); got != "a b" {
					t.Errorf("%s, %s: got %q, want both", file, what, got)
				}
				if x.Known(t.Context())("a", "v1") {
					t.Errorf("%s, %s: it is known", file, what)
				}
			}
			whole()
		}
	}
}

// TestWhatLeavesIsNotInTheFile looks for the grams of a word in the bytes on disk.
func TestWhatLeavesIsNotInTheFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "words")
	x := Open(dir)
	texts := map[string]string{"secret-session": "xq7zk9wv 秘密の合言葉"}
	for i := range 50 {
		texts[fmt.Sprintf("s-%d", i)] = fmt.Sprintf("session number%d says things", i)
	}
	fill(t, x, texts)
	grams := []string{"xq7z", "q7zk", "zk9w", "秘密の合", "合言葉", "secret-session"}
	if got := inFiles(t, dir, grams); len(got) != len(grams) {
		t.Fatalf("before: %q are in the files, want all", got)
	}
	if err := x.Forget("secret-session", "never-was"); err != nil {
		t.Fatal(err)
	}
	if got := inFiles(t, dir, grams); len(got) > 0 {
		t.Errorf("after: %q are in the files", got)
	}
	if got := candidates(t, x, "number7", "s-7", "s-8"); got != "s-7" {
		t.Errorf("of the others: got %q", got)
	}

	x.Add("s-7", "v2", body(t, "s-7", "vq8xreplaced"))
	if err := errors.Join(x.Flush(t.Context(), time.Second), x.Tidy(t.Context(), time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := inFiles(t, dir, []string{"ber7", "vq8x"}); !slices.Equal(got, []string{"vq8x"}) {
		t.Errorf("of an older version: %q are in the files", got)
	}
	var all []string
	for name := range texts {
		all = append(all, name)
	}
	if err := x.Forget(all...); err != nil {
		t.Fatal(err)
	}
	if got := inFiles(t, dir, []string{"numb", "vq8x", "s-7"}); len(got) > 0 {
		t.Errorf("when all left: %q are in the files", got)
	}
	fill(t, x, map[string]string{"new": "begins"})
	if got := candidates(t, x, "begin", "new"); got != "new" {
		t.Errorf("and anew: got %q", got)
	}
}

// inFiles are which of some texts are in the files of a folder.
func inFiles(t *testing.T, dir string, texts []string) []string {
	t.Helper()
	var all []byte
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return !bytes.Contains(all, []byte(text)) })
}

// TestSeveralAtOnce writes, reads and forgets at the same time by indexes of their own, as processes do.
func TestSeveralAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "words")
	const each = 12
	ended := make(chan error)
	for w := range 3 {
		go func() {
			x := Open(dir)
			for i := range each {
				name := fmt.Sprintf("w%d-%d", w, i)
				x.Add(name, "v1", body(t, name, "needle"+name))
				if err := x.Flush(context.Background(), time.Minute); err != nil {
					ended <- err
					return
				}
				if i%5 == 4 {
					if err := x.Forget(name); err != nil {
						ended <- err
						return
					}
				}
			}
			ended <- nil
		}()
	}
	x := Open(dir)
	for left := 3; left > 0; {
		select {
		case err := <-ended:
			if left--; err != nil {
				t.Error(err)
			}
		default:
			if got := candidates(t, x, "needlew1-3", "w1-3", "w9-9"); got != "w1-3 w9-9" {
				t.Errorf("meanwhile: got %q", got)
			}
		}
	}
	known := x.Known(t.Context())
	for w := range 3 {
		for i := range each {
			if name := fmt.Sprintf("w%d-%d", w, i); known(name, "v1") != (i%5 != 4) {
				t.Errorf("%s: known %v", name, known(name, "v1"))
			}
		}
	}
	if got := x.Strays(func(name string) bool { return name != "w1-3" }); !slices.Equal(got, []string{"w1-3"}) {
		t.Errorf("strays: got %q", got)
	}
}

// TestALockedIndexIsDoneWithout has another process at work.
func TestALockedIndexIsDoneWithout(t *testing.T) {
	x := Open(filepath.Join(t.TempDir(), "words"))
	fill(t, x, map[string]string{"a": "needle", "b": "hay"})
	unlock, err := safefile.Lock(x.dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	x.Add("c", "v1", body(t, "c", "text"))
	if err := x.Flush(t.Context(), 0); !errors.Is(err, safefile.ErrLocked) {
		t.Errorf("flush: got %v", err)
	}
	if got := candidates(t, x, "needle", "a", "b", "c"); got != "a c" {
		t.Errorf("to read it needs no lock: got %q", got)
	}
	unlock()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	x.Add("c", "v1", body(t, "c", "text"))
	if err := x.Flush(ended, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("flush at the end: got %v", err)
	}
	if got := candidates(t, x, "needle", "a", "b", "c"); got != "a c" {
		t.Errorf("what was undone: got %q", got)
	}
}
