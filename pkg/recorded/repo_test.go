package recorded

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMainFolderOfAWorktree(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"tree/.git":      "gitdir: /home/dev/shop/.git/worktrees/tree\n",
		"windows/.git":   "gitdir: C:/home/dev/shop/.git/worktrees/tree\r\n",
		"bare/.git":      "gitdir: /srv/git/shop.git/worktrees/bare\n",
		"submodule/.git": "gitdir: ../.git/modules/submodule\n",
		"odd/.git":       "gitdir:\n",
		"empty/.git":     "",
		"main/.git/HEAD": "ref: refs/heads/main\n",
		"tree/web/x.go":  "package x\n",

		"tree/vendor/.git/HEAD": "ref: refs/heads/main\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for cwd, want := range map[string]string{
		"tree": "shop", "tree/web": "shop", "tree/gone/deep": "shop", "windows": "shop", "bare": "shop",
		"submodule": "", "odd": "", "empty": "", "main": "", "none": "",
		"tree/vendor": "",
	} {
		if got := mainFolder(filepath.Join(dir, cwd)); got != want {
			t.Errorf("%s: got %q, want %q", cwd, got, want)
		}
	}
	if got := mainFolder("tree"); got != "" {
		t.Errorf("a path that is not absolute: got %q, want nothing: it is nobody's working folder", got)
	}
}
