package transcript

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// at is a user line with a uuid and a second.
func at(uuid string, second int) string {
	return `{"type":"user","uuid":"` + uuid + `","timestamp":"` + time.Unix(int64(second), 0).UTC().Format(time.RFC3339) + `"}` + "\n"
}

func TestSiblingsShareHistory(t *testing.T) {
	dir := tree(t, map[string]string{
		"projects/p/" + sessionID + ".jsonl": at("a", 1) + at("b", 2) + at("c", 3),
		"projects/p/fork.jsonl":              `{"type":"mode"}` + "\n" + at("a", 1) + at("b", 2) + at("x", 9) + at("y", 8),
		"projects/p/copy.jsonl":              at("a", 1) + "{broken\n" + at("b", 2),
		"projects/p/stranger.jsonl":          at("z", 1) + at("a", 1),
		"projects/p/empty.jsonl":             "",
		"projects/p/agent-89d9f7c5.jsonl":    at("a", 1),
		"projects/p/fork.jsonl.bak":          at("a", 1),
		"projects/q/elsewhere.jsonl":         at("a", 1),
	})
	files := find(t, dir)
	read, err := ReadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	got := new(Finder).Siblings(files, read[0].Lines)
	if len(got) != 2 || got[0].SessionID != "copy" || got[1].SessionID != "fork" {
		t.Fatalf("siblings %+v, want copy and fork", got)
	}
	for i, own := range []time.Time{{}, time.Unix(8, 0)} {
		if shared := slices.Sorted(maps.Keys(got[i].Shared)); !slices.Equal(shared, []string{"a", "b"}) {
			t.Errorf("%s shares %q, want a, b", got[i].SessionID, shared)
		}
		if !got[i].Begun.Equal(time.Unix(1, 0)) || !got[i].Own.Equal(own) {
			t.Errorf("%s begun %v, own %v; want second 1, %v", got[i].SessionID, got[i].Begun, got[i].Own, own)
		}
	}
	if got := new(Finder).Siblings(files, nil); got != nil {
		t.Errorf("siblings of nothing %+v", got)
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
		MainLines(files, id, "cost-state", func(l *Line, before time.Time) {
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
