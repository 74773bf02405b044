package safefile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadTakesAFileThatKeepsTheRules(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	put(t, path, "text")
	for _, r := range []Rules{{}, {MaxBytes: 4}, {Owner: Me()}, {Private: true}, {Links: true}, {Owner: User(-1)}} {
		if b, err := Read(path, r); err != nil || string(b) != "text" {
			t.Errorf("%+v: %q, %v", r, b, err)
		}
	}
	var refused *Refusal
	if _, err := Read(path, Rules{MaxBytes: 3}); !errors.As(err, &refused) || refused.Why != "it is larger than 3 bytes" {
		t.Errorf("a byte too many: %v", err)
	}
	if err := Append(path, []byte(" and more"), Rules{}); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path, Rules{}); err != nil || string(b) != "text and more" {
		t.Errorf("appended: %q, %v", b, err)
	}
	if err := Append(path+"x", nil, Rules{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("append to nothing: %v", err)
	}
	if _, err := Read(path+"x", Rules{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := Read(filepath.Dir(path), Rules{Links: true}); !errors.As(err, &refused) || refused.Why != "no regular file but a folder" {
		t.Errorf("a folder: %v", err)
	}
}

func TestWritePutsAFileInPlaceOrLeavesTheOldOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	put(t, path, "old")
	full := errors.New("the disk is full")
	err := WriteFrom(path, WriteOptions{}, func(w io.Writer) error {
		_, err := io.WriteString(w, "ne")
		return errors.Join(err, full)
	})
	if b, _ := os.ReadFile(path); !errors.Is(err, full) || !strings.Contains(err.Error(), path) || string(b) != "old" {
		t.Errorf("a write that failed: %v, and %q is there", err, b)
	}
	for _, opt := range []WriteOptions{{}, {Mode: 0o644}, {Unsynced: true}, {Like: dir}} {
		if err := Write(path, []byte("new"), opt); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil || string(b) != "new" {
			t.Errorf("%+v: %q, %v", opt, b, err)
		}
	}
	if err := Write(filepath.Join(dir, "nowhere", "f"), nil, WriteOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}
