package assemble_test

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"ams/pkg/assemble"
	"ams/pkg/transcript"
)

// TestMangledCasesStaySane loses, repeats and moves hooks and lines of every case, as crashes, rewritten files and
// hooks that were registered late do. What is left must still be a sane Session, and the same one twice.
func TestMangledCasesStaySane(t *testing.T) {
	forEachCase(t, func(t *testing.T, whole assemble.Input, set assemble.Settings) {
		for seed := range uint64(10) {
			in := mangle(whole, rand.New(rand.NewPCG(seed, 1)))
			first := encode(t, assemble.Session(in, set))
			checkSane(t, in, set)
			if again := encode(t, assemble.Session(in, set)); string(first) != string(again) {
				t.Errorf("the second assembly differs:\n%s", firstDifference(again, first))
			}
			if t.Failed() {
				t.Fatalf("with seed %d", seed)
			}
		}
	})
}

// forEachCase runs a test on the input of every case in testdata.
func forEachCase(t *testing.T, test func(t *testing.T, in assemble.Input, set assemble.Settings)) {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			in, set := readCase(t, archive)
			test(t, in, set)
		})
	}
}

// mangle returns a damaged copy of in.
func mangle(in assemble.Input, r *rand.Rand) assemble.Input {
	in.Records = damage(in.Records, r)
	in.Files = slices.Clone(in.Files)
	for i := range in.Files {
		in.Files[i].Lines = damage(in.Files[i].Lines, r)
		if a := in.Files[i].Agent; a != nil && r.IntN(3) == 0 {
			mangled := *a
			mangled.Meta = mangleMeta(a.Meta, in.Files, r)
			in.Files[i].Agent = &mangled
		}
	}
	if len(in.Files) > 0 && r.IntN(8) == 0 {
		in.Files = in.Files[1:] // the main file is gone
	}
	return in
}

// mangleMeta lets an agent name another parent, now and then one below it.
func mangleMeta(m *transcript.Meta, files []transcript.File, r *rand.Rand) *transcript.Meta {
	if m == nil || r.IntN(2) == 0 {
		return nil
	}
	mangled := *m
	if a := files[r.IntN(len(files))].Agent; a != nil {
		mangled.ParentAgentID = a.AgentID
	}
	return &mangled
}

// damage drops, repeats and swaps elements of s.
func damage[T any](s []T, r *rand.Rand) []T {
	var out []T
	for _, v := range s {
		switch n := r.IntN(12); {
		case n < 2:
		case n == 2:
			out = append(out, v, v)
		default:
			out = append(out, v)
		}
	}
	for range len(out) / 8 {
		a, b := r.IntN(len(out)), r.IntN(len(out))
		out[a], out[b] = out[b], out[a]
	}
	return out
}
