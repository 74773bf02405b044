package upload_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ams/pkg/upload"
)

// crashFolder makes TestPutUntilKilled the process that is killed.
const crashFolder = "AMS_TEST_CRASH_FOLDER"

// TestPutUntilKilled is no test of its own: it puts two bodies in turn for ever.
func TestPutUntilKilled(t *testing.T) {
	dir := os.Getenv(crashFolder)
	if dir == "" {
		t.Skip("only as the child of TestKilledPutLeavesAWholeObject")
	}
	s := upload.NewLocal(dir)
	for i := 0; ; i++ {
		body := strings.Repeat(string(rune('a'+i%2)), 300_000)
		if _, err := s.Put(t.Context(), "index/a.json", []byte(body), upload.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("put\n")
	}
}

func TestKilledPutLeavesAWholeObject(t *testing.T) {
	dir := t.TempDir()
	s := upload.NewLocal(dir)
	for round := range 20 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPutUntilKilled$")
		cmd.Env = append(os.Environ(), crashFolder+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for i := 0; i < 1+round%3 && lines.Scan(); i++ { // at least one Put has returned
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed, and says so
		body, _, err := s.Get(t.Context(), "index/a.json")
		if err != nil || len(body) != 300_000 || strings.Trim(string(body), string(body[0])) != "" {
			t.Fatalf("round %d: got %d bytes, %v", round, len(body), err)
		}
	}
	// The lock died with its holder, and what is left over can be swept.
	if _, err := s.Put(t.Context(), "index/a.json", nil, upload.PutOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := s.Clean(t.Context(), time.Now().Add(time.Minute)); err != nil {
		t.Error(err)
	}
	if got := files(t, dir); len(got) != 1 || got[0] != "index/a.json" {
		t.Errorf("files: got %q", got)
	}
	if _, _, err := s.Get(t.Context(), "index/b.json"); !errors.Is(err, upload.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
