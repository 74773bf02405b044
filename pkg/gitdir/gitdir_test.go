package gitdir

import (
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAWorktreeIsOneThatItsRepositoryKnows has folders that say whose worktrees they are, and those
// that only say so.
func TestAWorktreeIsOneThatItsRepositoryKnows(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("shop/.git/HEAD"), "ref: refs/heads/main\n")
	write(t, at("shop/.git/worktrees/tree/gitdir"), at("tree/.git")+"\n")
	write(t, at("tree/.git"), "gitdir: "+at("shop/.git/worktrees/tree")+"\n")
	write(t, at("shop/.git/worktrees/relative/gitdir"), "../../../../relative/.git\n")
	write(t, at("relative/.git"), "gitdir: ../shop/.git/worktrees/relative\n")
	write(t, at("thief/.git"), "gitdir: "+at("shop/.git/worktrees/tree")+"\n")
	write(t, at("liar/.git"), "gitdir: "+at("shop/.git/worktrees/none")+"\n")
	write(t, at("shop/vendor/part/.git"), "gitdir: ../../.git/modules/part\n")
	write(t, at("shop/src/x.go"), "package x\n")
	if err := os.MkdirAll(at("plain/below"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("shop/src"), at("link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"shop": "shop", "shop/src": "shop", "shop/gone/deep": "shop", "link": "shop", "tree": "shop", "tree/web": "shop", "relative": "shop",
		"thief": "thief", "liar": "liar", "shop/vendor/part": "shop/vendor/part", "plain/below": "", "none": "",
	} {
		if want != "" {
			want = at(want)
		}
		if got := Repository(at(name)); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := Repository("shop"); got != "" {
		t.Errorf("a path that is not absolute: got %q", got)
	}
}
