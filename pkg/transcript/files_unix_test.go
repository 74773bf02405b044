//go:build unix

package transcript

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"time"

	"ams/pkg/safefile"
)

func link(t testing.TB, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func TestFindRefusesWhatIsNoRegularFile(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, dir, path string){
		"symlink to another session": func(t *testing.T, dir, path string) { link(t, filepath.Join(dir, "projects/q/good.jsonl"), path) },
		"symlink to outside":         func(t *testing.T, dir, path string) { link(t, filepath.Join(dir, "secret"), path) },
		"symlink to nothing":         func(t *testing.T, dir, path string) { link(t, "nothing", path) },
		"symlink to itself":          func(t *testing.T, dir, path string) { link(t, path, path) },
		"device":                     func(t *testing.T, dir, path string) { link(t, "/dev/zero", path) },
		"FIFO": func(t *testing.T, dir, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Skip(err)
			}
		},
		"folder": func(t *testing.T, dir, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, map[string]string{"projects/q/good.jsonl": `{"sessionId":"good"}`, "secret": `{"sessionId":"good"}`, "projects/p/x": "", "projects/q/good/subagents/x": ""})
			main := filepath.Join(dir, "projects/p/"+sessionID+".jsonl")
			make(t, dir, main)
			for _, recorded := range []string{main, ""} {
				files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, recorded, anybody)
				if !errors.Is(err, ErrUnsafe) || len(files.Paths()) != 0 {
					t.Errorf("main file, recorded %q: Find = %q, %v; want ErrUnsafe", recorded, found(dir, files), err)
				}
			}
			make(t, dir, filepath.Join(dir, "projects/q/good/subagents/agent-a.jsonl"))
			make(t, dir, filepath.Join(dir, "projects/q/good/subagents/agent-a.meta.json"))
			make(t, dir, filepath.Join(dir, "projects/q/agent-89d9f7c5.jsonl"))
			files, err := (&Finder{ClaudeDir: dir}).Find("good", "", anybody)
			if want := []string{"projects/q/good.jsonl"}; err != nil || !reflect.DeepEqual(found(dir, files), want) {
				t.Errorf("agent files: Find = %q, %v; want %q", found(dir, files), err, want)
			}
		})
	}
}

// TestFindEntersNoFolderThatIsASymlink has folders below the project folder that lead out of it. The project folder
// itself, and what is above it, may be a symlink: people keep ~/.claude on another disk.
func TestFindEntersNoFolderThatIsASymlink(t *testing.T) {
	main := "projects/p/" + sessionID + ".jsonl"
	for name, at := range map[string]struct{ link, target string }{
		"session folder":   {"projects/p/" + sessionID, "outside"},
		"subagents folder": {"projects/p/" + sessionID + "/subagents", "outside/subagents"},
		"workflows folder": {"projects/p/" + sessionID + "/subagents/workflows", "outside/subagents/workflows"},
		"run folder":       {"projects/p/" + sessionID + "/subagents/workflows/wf_1", "outside/subagents/workflows/wf_1"},
		"another session":  {"projects/p/" + sessionID, "projects/p/other"},
	} {
		dir := tree(t, map[string]string{
			main:                              "x",
			"outside/subagents/agent-a.jsonl": "x",
			"outside/subagents/workflows/wf_1/agent-b.jsonl":     "x",
			"outside/subagents/workflows/wf_1/agent-b.meta.json": "{}",
			"projects/p/other/subagents/agent-c.jsonl":           "x",
		})
		link(t, filepath.Join(dir, at.target), filepath.Join(dir, at.link))
		for _, recorded := range []string{filepath.Join(dir, main), ""} {
			files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, recorded, anybody)
			if want := []string{main}; err != nil || !reflect.DeepEqual(found(dir, files), want) {
				t.Errorf("%s is a symlink, recorded %q: Find = %q, %v; want %q", name, recorded, found(dir, files), err, want)
			}
		}
	}
}

func TestFindFollowsASymlinkedProjectFolder(t *testing.T) {
	dir := tree(t, map[string]string{"disk/" + sessionID + ".jsonl": "x", "disk/" + sessionID + "/subagents/agent-a.jsonl": "x"})
	link(t, filepath.Join(dir, "disk"), filepath.Join(dir, "projects/p"))
	want := []string{"projects/p/" + sessionID + ".jsonl", "projects/p/" + sessionID + "/subagents/agent-a.jsonl = a"}
	for _, recorded := range []string{filepath.Join(dir, "projects/p/"+sessionID+".jsonl"), ""} {
		files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, recorded, anybody)
		if got := found(dir, files); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("recorded %q: Find = %q, %v; want %q", recorded, got, err, want)
		}
	}
}

func TestFindRefusesFilesOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const nobody = 65534
	agents := "projects/p/" + sessionID + "/subagents/"
	main := "projects/p/" + sessionID + ".jsonl"
	dir := tree(t, map[string]string{
		main: "x", agents + "agent-a.jsonl": "x", agents + "agent-b.jsonl": "x", agents + "agent-b.meta.json": `{"toolUseId":"toolu_1"}`,
		"projects/p/agent-89d9f7c5.jsonl": `{"sessionId":"` + sessionID + `"}`,
	})
	give := func(paths ...string) {
		for _, p := range paths {
			if err := os.Chown(filepath.Join(dir, p), nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	give(agents+"agent-a.jsonl", agents+"agent-b.meta.json", "projects/p/agent-89d9f7c5.jsonl")
	files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, "", safefile.User(0))
	if want := []string{main, agents + "agent-b.jsonl = b"}; err != nil || !reflect.DeepEqual(found(dir, files), want) {
		t.Errorf("agents of another user: Find = %q, %v; want %q", found(dir, files), err, want)
	}
	give(main)
	for _, recorded := range []string{filepath.Join(dir, main), ""} {
		if files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, recorded, safefile.User(0)); !errors.Is(err, ErrUnsafe) {
			t.Errorf("main file of another user, recorded %q: Find = %q, %v; want ErrUnsafe", recorded, found(dir, files), err)
		}
	}
	if files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, filepath.Join(dir, main), safefile.User(nobody)); err != nil || len(files.Paths()) != 3 {
		t.Errorf("own files: Find = %q, %v; want 3", found(dir, files), err)
	}
	if files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, "", anybody); err != nil || len(files.Paths()) != 4 {
		t.Errorf("anybody's files: Find = %q, %v; want 4", found(dir, files), err)
	}
}

// TestReadFilesLooksAgain has files that are changed for something else between the look and the reading. A FIFO
// would be waited for without end.
func TestReadFilesLooksAgain(t *testing.T) {
	agent := "projects/p/" + sessionID + "/subagents/agent-a.jsonl"
	for _, name := range []string{"projects/p/" + sessionID + ".jsonl", agent} {
		for change, fn := range map[string]func(path string) error{
			"symlink": func(path string) error { return os.Symlink(filepath.Join(filepath.Dir(path), "other"), path) },
			"FIFO":    func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"folder":  func(path string) error { return os.Mkdir(path, 0o700) },
			"file of another user": func(path string) error {
				if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
					return err
				}
				return os.Chown(path, 65534, 65534)
			},
		} {
			if change == "file of another user" && os.Geteuid() != 0 {
				continue
			}
			dir := tree(t, map[string]string{"projects/p/" + sessionID + ".jsonl": "x", agent: "x"})
			path := filepath.Join(dir, name)
			write(t, filepath.Join(filepath.Dir(path), "other"), user("secret", 5))
			files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, "", safefile.Me())
			if err != nil || len(files.Paths()) != 2 {
				t.Fatalf("Find = %q, %v; want 2 files", files.Paths(), err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := fn(path); err != nil {
				t.Fatal(err)
			}
			read := make(chan error, 1)
			go func() {
				_, err := ReadFiles(files)
				read <- err
			}()
			select {
			case err := <-read:
				if !errors.Is(err, ErrUnsafe) {
					t.Errorf("%s became a %s: ReadFiles = %v, want ErrUnsafe", name, change, err)
				}
			case <-time.After(5 * time.Second):
				t.Errorf("%s became a %s: ReadFiles hangs", name, change)
			}
		}
	}
}

func TestSiblingsAreTranscriptsThatMayBeRead(t *testing.T) {
	dir := tree(t, map[string]string{"projects/p/" + sessionID + ".jsonl": at("a", 1), "projects/p/theirs.jsonl": at("a", 1) + at("b", 2), "outside": at("a", 1)})
	link(t, filepath.Join(dir, "outside"), filepath.Join(dir, "projects/p/linked.jsonl"))
	files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, "", safefile.Me())
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(filepath.Join(dir, "projects/p/theirs.jsonl"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if got, _ := NewArchive(safefile.Owner{}).Siblings(files, []File{{Lines: []*Line{{UUID: "a"}}}}); len(got) != 0 {
			t.Errorf("siblings %+v, want none: one is a symlink, one another user's", got)
		}
	}
	for _, id := range []string{"linked", "theirs"} {
		if id == "theirs" && os.Geteuid() != 0 {
			continue
		}
		MainLines(files, id, "", "user", func(l *Line, _ time.Time) { t.Errorf("MainLines read %s of %s", l.UUID, id) })
	}
}

// TestRawGivesNothingThatTookAFilesPlace changes files for something else after they were found, as
// an agent may while they are read.
func TestRawGivesNothingThatTookAFilesPlace(t *testing.T) {
	main, agent, note := "projects/p/"+sessionID+".jsonl", "projects/p/"+sessionID+"/subagents/agent-a.jsonl", "projects/p/"+sessionID+"/subagents/agent-a.meta.json"
	for name, refused := range map[string]bool{main: true, agent: true, note: false} {
		for change, fn := range map[string]func(path string) error{
			"symlink": func(path string) error { return os.Symlink("other", path) },
			"FIFO":    func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"folder":  func(path string) error { return os.Mkdir(path, 0o700) },
			"nothing": func(string) error { return nil },
			"large":   func(path string) error { return os.WriteFile(path, make([]byte, maxMeta+1), 0o600) },
		} {
			dir := tree(t, map[string]string{main: user("mine", 5), agent: user("mine too", 6), note: "{}"})
			path := filepath.Join(dir, name)
			write(t, filepath.Join(filepath.Dir(path), "other"), "secret")
			files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, "", safefile.Me())
			if err == nil {
				err = os.Remove(path)
			}
			if err == nil {
				err = fn(path)
			}
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			err = Raw(files, maxMeta, func(name string, body []byte) {
				names = append(names, name)
				if string(body) == "secret" {
					t.Errorf("%s became a %s: the secret is given as %s", name, change, name)
				}
			})
			if want := refused && change != "nothing"; errors.Is(err, ErrUnsafe) != want || !want && (err != nil || len(names) != 2) {
				t.Errorf("%s became a %s: Raw gave %q, %v", name, change, names, err)
			}
		}
	}
}
