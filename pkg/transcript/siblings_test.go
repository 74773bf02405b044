package transcript

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/safefile"
)

// at is a user line with a uuid and a second.
func at(uuid string, second int) string {
	return `{"type":"user","uuid":"` + uuid + `","timestamp":"` + time.Unix(int64(second), 0).UTC().Format(time.RFC3339) + `"}` + "\n"
}

// dropped is a line that no Session needs.
func dropped(uuid string, second int) string {
	return strings.Replace(at(uuid, second), `"type":"user"`, `"type":"attachment","attachment":{"type":"hook_success"}`, 1)
}

// siblingsOf are the siblings of a session, by what of their path is below projects.
func siblingsOf(t *testing.T, a *Archive, dir string) (map[string]Sibling, Standing) {
	t.Helper()
	files := find(t, dir)
	read, err := ReadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	siblings, own := a.Siblings(files, read)
	out := map[string]Sibling{}
	for _, s := range siblings {
		rel, err := filepath.Rel(filepath.Join(dir, "projects"), s.Path)
		if err != nil {
			t.Fatal(err)
		}
		out[rel] = s
	}
	return out, own
}

func TestSiblingsShareLinesWhereverTheyStand(t *testing.T) {
	dir := tree(t, map[string]string{
		"projects/p/" + sessionID + ".jsonl": dropped("h", 1) + at("a", 2) + at("b", 3) + at("c", 4),
		"projects/p/fork.jsonl":              `{"type":"mode"}` + "\n" + at("a", 2) + at("b", 3) + at("x", 9) + at("y", 8),
		"projects/p/no-head.jsonl":           at("b", 3),
		"projects/p/own-head.jsonl":          at("w", 7) + "{broken\n" + at("a", 2) + at("v", 7) + at("c", 4),
		"projects/p/spelled.jsonl":           strings.ReplaceAll(at("a", 2), `":`, `" : `),
		"projects/p/sorted.jsonl":            `{"timestamp":"1970-01-01T00:00:03Z","type":"user","uuid":"b"}`, // without its newline
		"projects/q/elsewhere.jsonl":         at("c", 4),
		"projects/p/stranger.jsonl":          at("z", 1) + `{"type":"user","message":{"role":"user","content":"{\"uuid\":\"a\"}"},"uuid":"q"}` + "\n",
		"projects/p/hook-only.jsonl":         dropped("h", 1),
		"projects/p/empty.jsonl":             "",
		"projects/p/agent-89d9f7c5.jsonl":    at("a", 2),
		"projects/p/fork.jsonl.bak":          at("a", 2),
		"other/r/outside.jsonl":              at("a", 2),
	})
	got, own := siblingsOf(t, NewArchive(safefile.Owner{}), dir)
	want := map[string]string{
		"p/fork.jsonl": "a b", "p/no-head.jsonl": "b", "p/own-head.jsonl": "a c", "p/spelled.jsonl": "a", "p/sorted.jsonl": "b",
		"q/elsewhere.jsonl": "c",
	}
	shared := map[string]string{}
	for name, s := range got {
		shared[name] = strings.Join(slices.Sorted(maps.Keys(s.Shared)), " ")
	}
	if !maps.Equal(shared, want) {
		t.Errorf("siblings share %q, want %q", shared, want)
	}
	sec := func(n int64) time.Time { return time.Unix(n, 0).UTC() }
	if want := (Standing{Begun: sec(1), LastShared: sec(4)}); own != want {
		t.Errorf("own standing %+v, want %+v", own, want)
	}
	if got, want := got["p/fork.jsonl"].Standing, (Standing{Begun: sec(2), LastShared: sec(3), Goes: true}); got != want {
		t.Errorf("standing of the fork %+v, want %+v", got, want)
	}
	if got, _ := NewArchive(safefile.Owner{}).Siblings(Files{}, nil); got != nil {
		t.Errorf("siblings of nothing %+v", got)
	}
}

func TestWhoseNameTheLinesBear(t *testing.T) {
	named := func(uuid, session string) string {
		return `{"type":"user","uuid":"` + uuid + `","sessionId":"` + session + `","timestamp":"2026-01-01T00:00:00Z"}` + "\n"
	}
	const copyID = "aaaaaaaa-0000-4000-8000-000000000009"
	dir := tree(t, map[string]string{
		"projects/p/" + sessionID + ".jsonl": named("a", sessionID),
		"projects/p/" + copyID + ".jsonl":    named("a", sessionID),
		"projects/p/backup.jsonl":            named("a", sessionID),
		"projects/q/" + sessionID + ".jsonl": named("a", sessionID),
	})
	got, own := siblingsOf(t, NewArchive(safefile.Owner{}), dir)
	if !own.Named || len(got) != 1 || got["p/"+copyID+".jsonl"].Named {
		t.Errorf("own %+v, siblings %+v; want own named, and the one copy under another session's name not", own, got)
	}
}

func TestSiblingsAgentsAreComparedToo(t *testing.T) {
	dir := tree(t, map[string]string{
		"projects/p/" + sessionID + ".jsonl":                    at("a", 2),
		"projects/p/" + sessionID + "/subagents/agent-a1.jsonl": at("s1", 3) + at("s2", 4),
		"projects/p/" + sessionID + "/subagents/agent-a2.jsonl": at("s3", 3),
		"projects/q/copy.jsonl":                                 at("a", 2),
		"projects/q/copy/subagents/agent-a1.jsonl":              at("s1", 3),
		"projects/q/copy/subagents/workflows/r/agent-a2.jsonl":  at("s3", 3),
		"projects/p/stranger.jsonl":                             at("z", 2),
		"projects/p/stranger/subagents/agent-a2.jsonl":          at("s3", 3),
	})
	got, _ := siblingsOf(t, NewArchive(safefile.Owner{}), dir)
	if shared := slices.Sorted(maps.Keys(got["q/copy.jsonl"].Shared)); len(got) != 1 || !slices.Equal(shared, []string{"a", "s1"}) {
		t.Errorf("siblings %+v, want the copy with a, s1", got)
	}
}

// TestArchiveIsKept goes through what may happen between two runs.
func TestArchiveIsKept(t *testing.T) {
	main := "projects/p/" + sessionID + ".jsonl"
	dir := tree(t, map[string]string{main: at("a", 2) + at("b", 3), "projects/p/fork.jsonl": at("a", 2) + at("x", 3)})
	cache := filepath.Join(t.TempDir(), "ids")
	old := time.Now().Add(-time.Hour)
	age := func() {
		t.Helper()
		for _, path := range []string{"projects", "projects/p", main, "projects/p/fork.jsonl"} {
			if err := os.Chtimes(filepath.Join(dir, path), old, old); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
	check := func(when, want string, changed bool) {
		t.Helper()
		a := OpenArchive(cache, safefile.Owner{})
		if got := a.Changed(); got != changed {
			t.Errorf("%s: Changed = %v", when, got)
		}
		got, _ := siblingsOf(t, a, dir)
		if shared := strings.Join(slices.Sorted(maps.Keys(got["p/fork.jsonl"].Shared)), " "); shared != want {
			t.Errorf("%s: shared %q, want %q", when, shared, want)
		}
		a.Settle()
		if err := a.Save(); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	write := func(name, body string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	age()
	check("at first", "a", false)
	check("a second time", "a", false)
	write("projects/p/fork.jsonl", at("a", 2)+at("b", 3))
	check("grown", "a b", false)
	write("projects/p/fork.jsonl", at("x", 3))
	check("rewritten by the client: what went is a copy still", "a b", false)
	if err := os.Remove(filepath.Join(dir, "projects/p/fork.jsonl")); err != nil {
		t.Fatal(err)
	}
	check("gone", "a b", true)
	age()
	check("long gone", "a b", true)
	check("nothing new", "a b", false)
	if files := OpenArchive(cache, safefile.Owner{}).SiblingFiles(filepath.Join(dir, main)); len(files) != 0 {
		t.Errorf("a file that is gone is an input: %+v", files)
	}
	if err := os.Mkdir(filepath.Join(dir, "projects/new"), 0o700); err != nil {
		t.Fatal(err)
	}
	check("a new project", "a b", true)
}

// TestDamagedCacheIsNotBelieved changes every byte of a cache, and cuts it at each: of a damaged head nothing is
// known, and ids that are damaged are read from their file again.
func TestDamagedCacheIsNotBelieved(t *testing.T) {
	dir := tree(t, map[string]string{"projects/p/" + sessionID + ".jsonl": at("a", 2), "projects/p/fork.jsonl": at("a", 2)})
	cache := filepath.Join(t.TempDir(), "ids")
	a := OpenArchive(cache, safefile.Owner{})
	siblingsOf(t, a, dir)
	if err := a.Save(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(cache)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(OpenArchive(cache, safefile.Owner{}).folders); n != 2 {
		t.Fatalf("%d folders kept, want 2", n)
	}
	const ids = 2 * 8 // two files of one line
	for i := range whole {
		for _, b := range [][]byte{whole[:i], slices.Concat(whole[:i], []byte{whole[i] ^ 0x41}, whole[i+1:])} {
			if err := os.WriteFile(cache, b, 0o600); err != nil {
				t.Fatal(err)
			}
			damaged := OpenArchive(cache, safefile.Owner{})
			if len(b) < len(whole) || i < len(whole)-ids {
				if n := len(damaged.folders); n != 0 {
					t.Fatalf("%d folders from a cache that is damaged at byte %d of %d", n, i, len(whole))
				}
				continue
			}
			for f := range damaged.all {
				if got := len(damaged.idsOf(f, nil)); got != ids/2 {
					t.Fatalf("%d bytes of ids of %s, want %d: the cache is damaged at byte %d of %d", got, f.path, ids/2, i, len(whole))
				}
			}
			if !damaged.changed {
				t.Fatalf("what is damaged at byte %d of %d is not written anew", i, len(whole))
			}
		}
	}
}

// FuzzArchiveCache reads what bears the right checksum and is anything behind it.
func FuzzArchiveCache(f *testing.F) {
	f.Add([]byte{1, 1, 'x', 0, 1, 1, 'y', 0, 0, 0, 2, 1, 0, 1, 'z', 0, 0})
	f.Add([]byte{255, 255, 255, 255, 7})
	f.Fuzz(func(t *testing.T, body []byte) {
		r := cacheReader{b: body}
		r.folders()
		if held := cap(r.b); held > len(body) {
			t.Errorf("%d bytes left of %d", held, len(body))
		}
	})
}

// TestFamiliesAreFoundInAnyOrder compares families found file by file, in any order, with those found at once.
func TestFamiliesAreFoundInAnyOrder(t *testing.T) {
	bodies := map[string]string{}
	for i := range 12 {
		var b strings.Builder
		for range 4 {
			b.WriteString(at(fmt.Sprint("id", rand.IntN(40)), i))
		}
		bodies[fmt.Sprintf("s%02d.jsonl", i)] = b.String()
	}
	families := func(a *Archive) map[string]string {
		out := map[string]string{}
		for f := range a.all {
			if f.family != nil {
				var names []string
				for _, m := range f.family.members {
					names = append(names, filepath.Base(m.path))
				}
				out[filepath.Base(f.path)] = strings.Join(names, " ")
			}
		}
		return out
	}
	var want map[string]string
	for round := range 20 {
		dir := tree(t, map[string]string{"projects/p/x.txt": ""})
		cache := filepath.Join(t.TempDir(), "ids")
		project := filepath.Join(dir, "projects/p")
		names := slices.Sorted(maps.Keys(bodies))
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		var a *Archive
		for i, name := range names {
			if err := os.WriteFile(filepath.Join(project, name), []byte(bodies[name]), 0o600); err != nil {
				t.Fatal(err)
			}
			if round == 0 && i < len(names)-1 {
				continue // all at once
			}
			a = OpenArchive(cache, safefile.Owner{})
			a.SiblingFiles(filepath.Join(project, name))
			if err := a.Save(); err != nil {
				t.Fatal(err)
			}
		}
		if got := families(a); want == nil {
			want = got
		} else if !maps.Equal(got, want) {
			t.Fatalf("families %q\nin the order %q, want %q", got, names, want)
		}
	}
}

func TestMainLinesReadsOnlyASiblingsMainFile(t *testing.T) {
	dir := tree(t, map[string]string{
		"projects/p/" + sessionID + ".jsonl": at("a", 1),
		"projects/p/fork.jsonl":              at("a", 1) + at("b", 2) + `{"type":"cost-state","totalCostUSD":1}` + "\n",
		"projects/q/other.jsonl":             `{"type":"cost-state","totalCostUSD":1}` + "\n",
	})
	files := find(t, dir)
	for id, want := range map[string]int{"fork": 1, "gone": 0, "../q/other": 0, filepath.Join(dir, "projects/q/other"): 0, "": 0} {
		n := 0
		MainLines(files, id, "", "cost-state", func(l *Line, before time.Time) {
			n++
			if !before.Equal(time.Unix(2, 0)) {
				t.Errorf("time before %v, want second 2", before)
			}
		})
		if n != want {
			t.Errorf("session %q: %d lines, want %d", id, n, want)
		}
	}
}

// TestWhatAFileHeldIsBounded has a file that held as much as is kept before: what it holds now comes first.
func TestWhatAFileHeldIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.jsonl")
	if err := os.WriteFile(path, []byte(at("a", 1)+at("b", 2)+at("a", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, maxHeld - 3, maxHeld - 2, maxHeld - 1, maxHeld} {
		before := &held{lines: make([]heldLine, n)}
		for i := range before.lines {
			before.lines[i].id = uint64(i)
		}
		h := owner{}.heldBy(path, before)
		if want := min(n+2, maxHeld); len(h.lines) != want || h.lines[0].id != idHash("a") || h.lines[1].id != idHash("b") {
			t.Errorf("%d lines before: %d kept, want %d, its own first", n, len(h.lines), want)
		}
	}
}
