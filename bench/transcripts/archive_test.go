package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// small is an archive with everything that the full one has.
var small = plan{bytes: 12_000_000, sessions: 9, agents: 11, largest: 4_000_000, projects: 2, longest: 100_000}

func TestGenerateGivesThePlannedArchive(t *testing.T) {
	dir := t.TempDir()
	if err := generate(dir, small, cores); err != nil {
		t.Fatal(err)
	}
	files, size, err := extent(dir)
	if err != nil || files != small.sessions+small.agents {
		t.Errorf("%d files, %v; want %d", files, err, small.sessions+small.agents)
	}
	if want := int64(small.bytes); size < want*9/10 || size > want*11/10 {
		t.Errorf("%d bytes, want about %d", size, want)
	}
	paths, err := transcripts(dir)
	if err != nil {
		t.Fatal(err)
	}
	longest := 0
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(body) {
			longest = max(longest, len(line))
			if !json.Valid(line) {
				t.Fatalf("%s: no JSON: %.300s", path, line)
			}
		}
	}
	if longest < small.longest {
		t.Errorf("longest line has %d bytes, want at least %d", longest, small.longest)
	}
}

func TestGenerateGivesTheSameBytesAgain(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	for _, dir := range []string{one, two} {
		if err := generate(dir, small, cores); err != nil {
			t.Fatal(err)
		}
	}
	paths, err := transcripts(one)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name, err := filepath.Rel(one, path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(two, name))
		want, err2 := os.ReadFile(path)
		if err != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs, or %v, %v", name, err, err2)
		}
	}
}
