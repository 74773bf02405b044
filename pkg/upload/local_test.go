package upload_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

func TestLocalIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) upload.Store {
		return upload.NewLocal(filepath.Join(t.TempDir(), "not", "there", "yet"))
	})
}

// Two values on one folder are what two processes have.
func TestTwoLocalsShareAFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no lock between processes there")
	}
	storetest.Run(t, func(t *testing.T) upload.Store {
		dir := t.TempDir()
		return &alternating{stores: [2]upload.Store{upload.NewLocal(dir), upload.NewLocal(dir)}, next: make(chan int, 1)}
	})
}

type alternating struct {
	stores [2]upload.Store
	next   chan int
}

func (a *alternating) store() upload.Store {
	i := 0
	select {
	case i = <-a.next:
	default:
	}
	select {
	case a.next <- 1 - i:
	default:
	}
	return a.stores[i]
}

func (a *alternating) Put(ctx context.Context, key string, body []byte, opt upload.PutOptions) (string, error) {
	return a.store().Put(ctx, key, body, opt)
}

func (a *alternating) Get(ctx context.Context, key string) ([]byte, string, error) {
	return a.store().Get(ctx, key)
}

func (a *alternating) List(ctx context.Context, prefix string, fn func(upload.Object) error) error {
	return a.store().List(ctx, prefix, fn)
}

func (a *alternating) Delete(ctx context.Context, key string) error {
	return a.store().Delete(ctx, key)
}

// files lists everything below dir but the lock, hidden or not.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".lock" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestLocalIsForItsOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such modes there")
	}
	top := t.TempDir()
	s := upload.NewLocal(filepath.Join(top, "share", "ams"))
	if _, err := s.Put(t.Context(), "sessions/2026/11/22/a.json", []byte("{}"), upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Join(top, "share"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: mode %o, want %o", path, got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadingMakesNoFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ams")
	s := upload.NewLocal(dir)
	if _, _, err := s.Get(t.Context(), "a"); !errors.Is(err, upload.ErrNotFound) {
		t.Errorf("Get: got %v, want ErrNotFound", err)
	}
	if err := s.List(t.Context(), "", nil); err != nil {
		t.Errorf("List: %v", err)
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if n, err := s.Clean(t.Context(), time.Now()); n != 0 || err != nil {
		t.Errorf("Clean: got %d, %v", n, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

func TestFailedPutLeavesNoTempFile(t *testing.T) {
	dir := t.TempDir()
	s := upload.NewLocal(dir)
	if err := os.MkdirAll(filepath.Join(dir, "index", "folder.json", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "index/folder.json", []byte("x"), upload.PutOptions{}); err == nil {
		t.Error("a Put over a folder: got no error")
	}
	if _, err := s.Put(t.Context(), "index/a.json", []byte("x"), upload.PutOptions{IfMatch: "other"}); !errors.Is(err, upload.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("files left: %q", got)
	}
}

func TestCleanRemovesWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	s := upload.NewLocal(dir)
	if _, err := s.Put(t.Context(), "index/a.json", []byte("x"), upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	limit := time.Now().Add(-time.Hour)
	for name, age := range map[string]time.Duration{"index/.tmp-old": 2 * time.Hour, "index/.tmp-new": 0, "index/.other": 2 * time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	var listed []string
	if err := s.List(t.Context(), "", func(o upload.Object) error { listed = append(listed, o.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(listed, []string{"index/a.json"}) {
		t.Errorf("listed: got %q", listed)
	}
	if n, err := s.Clean(t.Context(), limit); n != 1 || err != nil {
		t.Errorf("Clean: got %d, %v, want 1", n, err)
	}
	if got, want := files(t, dir), []string{"index/.other", "index/.tmp-new", "index/a.json"}; !slices.Equal(got, want) {
		t.Errorf("files: got %q, want %q", got, want)
	}
}

// TestTidyingIsDoneOnceADay has a leftover and a Put at work, and leftovers of a later hour and of the next day.
func TestTidyingIsDoneOnceADay(t *testing.T) {
	dir := t.TempDir()
	s := upload.NewLocal(dir)
	if err := upload.NewLocal(filepath.Join(dir, "none")).Tidy(t.Context(), time.Now()); err != nil {
		t.Errorf("no store yet: %v", err)
	}
	begin := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	leave := func(name string, at time.Time) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte("half"), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		after time.Duration
		want  []string
	}{
		{0, []string{".tidied", ".tmp-new"}},
		{3 * time.Hour, []string{".tidied", ".tmp-new", ".tmp-old"}},
		{25 * time.Hour, []string{".tidied", ".tmp-new"}},
		{-100 * time.Hour, []string{".tidied", ".tmp-new"}}, // the clock was set back
	} {
		now := begin.Add(step.after)
		leave(".tmp-old", now.Add(-2*time.Hour))
		leave(".tmp-new", now.Add(-2*time.Minute))
		if err := s.Tidy(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if got := files(t, dir); !slices.Equal(got, step.want) {
			t.Errorf("%v later: got %q, want %q", step.after, got, step.want)
		}
	}
}

func TestLinksDoNotLeadOutOfTheFolder(t *testing.T) {
	top := t.TempDir()
	dir, outside := filepath.Join(top, "ams"), filepath.Join(top, "outside")
	for _, d := range []string{dir, outside} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	secret := filepath.Join(outside, "secret.json")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"index": outside, "up": "../outside", "file.json": secret, "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	s := upload.NewLocal(dir)
	for _, key := range []string{"index/secret.json", "up/secret.json", "file.json", "loop"} {
		if body, _, err := s.Get(t.Context(), key); err == nil {
			t.Errorf("Get(%s): got %q", key, body)
		}
	}
	for _, key := range []string{"index/new.json", "up/new.json", "index/secret.json", "loop/a"} {
		if _, err := s.Put(t.Context(), key, []byte("x"), upload.PutOptions{}); err == nil {
			t.Errorf("Put(%s): got no error", key)
		}
		_ = s.Delete(t.Context(), key) // whatever it says, the check below decides
	}
	if err := s.List(t.Context(), "", func(o upload.Object) error { t.Errorf("listed %s", o.Key); return nil }); err != nil {
		t.Errorf("List: %v", err)
	}
	// The name itself is the store's: a Put replaces the link, not its target.
	if _, err := s.Put(t.Context(), "file.json", []byte("x"), upload.PutOptions{}); err != nil {
		t.Errorf("Put over a link: %v", err)
	}
	if got := files(t, outside); !slices.Equal(got, []string{"secret.json"}) {
		t.Errorf("outside: got %q", got)
	}
	if body, err := os.ReadFile(secret); err != nil || string(body) != "secret" {
		t.Errorf("the file outside: got %q, %v", body, err)
	}
}

func TestErrorsNameTheKeyOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := upload.NewLocal(dir) // a store in what is no folder
	_, err := s.Put(t.Context(), "index/a.json", nil, upload.PutOptions{})
	if err == nil || !strings.HasPrefix(err.Error(), "put index/a.json: ") {
		t.Errorf("Put: got %v", err)
	}
	if err := s.List(t.Context(), "", nil); err == nil {
		t.Error("List: got no error")
	}
}
