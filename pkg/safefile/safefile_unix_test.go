//go:build unix

package safefile

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is a user that no test runs as.
const nobody = 65534

// TestOpenRefusesWhatWasPlanted has all that can stand in a file's place. Nothing of it is waited
// for: the test would not end.
func TestOpenRefusesWhatWasPlanted(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("file"), "text")
	put(t, at("open"), "text")
	for _, err := range []error{
		os.Symlink("file", at("link")), os.Symlink("nothing", at("dangling")), os.Symlink("loop", at("loop")), os.Symlink("fifo", at("link to fifo")),
		os.Symlink("/dev/zero", at("link to device")), syscall.Mkfifo(at("fifo"), 0o600), os.Chmod(at("open"), 0o620),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if s, err := net.Listen("unix", at("socket")); err == nil { // a long temporary folder has no room for one
		defer s.Close()
	} else {
		put(t, at("socket"), "")
		t.Log(err)
	}
	for _, c := range []struct {
		name  string
		rules Rules
		why   string // of the refusal; "" is another error
	}{
		{"link", Rules{}, "no regular file but a link"},
		{"dangling", Rules{}, "no regular file but a link"},
		{"dangling", Rules{Links: true}, ""},
		{"loop", Rules{}, "no regular file but a link"},
		{"loop", Rules{Links: true}, ""},
		{"fifo", Rules{}, "no regular file but a FIFO"},
		{"fifo", Rules{Links: true}, "no regular file but a FIFO"},
		{"link to fifo", Rules{Links: true}, "no regular file but a FIFO"},
		{"link to device", Rules{}, "no regular file but a link"},
		{"link to device", Rules{Links: true}, "no regular file but a device"},
		{"open", Rules{Private: true}, "others may write to it (mode 0620)"},
		{"file", Rules{Owner: User(nobody)}, fmt.Sprintf("it belongs to user %d, not to user %d", os.Geteuid(), nobody)},
		{"file/below", Rules{}, ""},
	} {
		_, err := Read(at(c.name), c.rules)
		var refused *Refusal
		if is := errors.As(err, &refused); err == nil || is != (c.why != "") || is && refused.Why != c.why {
			t.Errorf("%s with %+v: got %v, want %q", c.name, c.rules, err, c.why)
		}
	}
	if b, err := Read(at("link"), Rules{Links: true, Owner: Me(), Private: true, MaxBytes: 4}); err != nil || string(b) != "text" {
		t.Errorf("a link that may be followed: %q, %v", b, err)
	}
}

// TestOpenLooksAgain changes the file between the look and the opening, again and again: what is
// behind the link must never be read.
func TestOpenLooksAgain(t *testing.T) {
	dir := t.TempDir()
	path, spare := filepath.Join(dir, "f"), filepath.Join(dir, "spare")
	put(t, filepath.Join(dir, "secret"), "secret")
	put(t, path, "text")
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		for i := 0; err == nil; i++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			switch i % 3 {
			case 0:
				err = os.Symlink("secret", spare)
			case 1:
				err = syscall.Mkfifo(spare, 0o600)
			default:
				err = os.WriteFile(spare, []byte("text"), 0o600)
			}
			if err == nil {
				err = os.Rename(spare, path)
			}
		}
		stopped <- err
	}()
	for range 3000 {
		b, err := Read(path, Rules{})
		var refused *Refusal
		if err == nil && strings.Contains(string(b), "secret") || err != nil && !errors.As(err, &refused) {
			t.Errorf("got %q, %v", b, err)
			break
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}

func TestWriteReplacesALinkAndGivesModeAndOwner(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "f"), filepath.Join(dir, "other")
	put(t, other, "old")
	if err := os.Symlink("other", path); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(other, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(path, []byte("new"), WriteOptions{Mode: 0o640, Like: other}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info, err)
	}
	if os.Geteuid() == 0 && uidOf(info) != nobody {
		t.Errorf("it belongs to %d", uidOf(info))
	}
	if b, err := os.ReadFile(other); err != nil || string(b) != "old" {
		t.Errorf("what the link led to: %q, %v", b, err)
	}
}

func TestSameSeesThroughLinks(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{file, link, true}, {dir, dir + "/./", true}, {file, dir, false},
		{dir + "/gone", dir + "/gone", true}, {dir + "/gone", file, false},
	} {
		if got := Same(c.a, c.b); got != c.want {
			t.Errorf("Same(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
