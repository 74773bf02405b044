//go:build unix

package upload_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ams/pkg/program"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// example is the script of docs/storage.md, in a folder of its own.
func example(t *testing.T) program.Command {
	t.Helper()
	for _, tool := range []string{"flock", "sha256sum", "sync"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT TESTED: a store in shell: %v", err)
		}
	}
	script, err := filepath.Abs("testdata/store.sh")
	if err != nil {
		t.Fatal(err)
	}
	return program.Command{"env", "STORE_DIR=" + t.TempDir(), "sh", script}
}

func TestExecIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) upload.Store { return upload.NewExec(upload.ExecOptions{Command: example(t)}) })
}

// TestExecWithoutConditionsLooksFirst is of a command that puts on no condition, and says so.
func TestExecWithoutConditionsLooksFirst(t *testing.T) {
	none := program.Command{"sh", "-c", `case $AMS_IF_MATCH$AMS_IF_ABSENT in ?*) exit 51 ;; esac; exec "$@"`, "sh"}
	s, ctx, key := upload.NewExec(upload.ExecOptions{Command: append(none, example(t)...)}), t.Context(), "index/a.json"
	put := func(body string, opt upload.PutOptions, want error) (etag string) {
		t.Helper()
		etag, err := s.Put(ctx, key, []byte(body), opt)
		if !errors.Is(err, want) {
			t.Errorf("put %s %+v: got %v, want %v", body, opt, err, want)
		}
		return etag
	}
	put("0", upload.PutOptions{IfMatch: "x"}, upload.ErrChanged)
	first := put("1", upload.PutOptions{IfAbsent: true}, nil)
	put("2", upload.PutOptions{IfAbsent: true}, upload.ErrChanged)
	put("3", upload.PutOptions{IfMatch: first}, nil)
	put("4", upload.PutOptions{IfMatch: first}, upload.ErrChanged)
	if body, _, err := s.Get(ctx, key); string(body) != "3" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
	if got := fmt.Sprint(s.Lacks()); got != "[AMS_IF_ABSENT AMS_IF_MATCH]" {
		t.Errorf("it lacks %s", got)
	}
}

// script is the store of a script of its own, which finds a folder in $DIR.
func script(t *testing.T, text string) *upload.Exec {
	t.Helper()
	timeout := time.Duration(0) // the usual
	if strings.Contains(text, "sleep 600") {
		timeout = time.Second
	}
	command := program.Command{"env", "DIR=" + t.TempDir(), "sh", "-c", text, "sh"}
	return upload.NewExec(upload.ExecOptions{Command: command, Timeout: timeout})
}

// acts calls each method of a store, on conditions and without.
func acts(ctx context.Context, s upload.Store) map[string]error {
	errs := map[string]error{}
	_, errs["put"] = s.Put(ctx, "index/a.json", []byte("{}"), upload.PutOptions{})
	_, errs["put if absent"] = s.Put(ctx, "index/a.json", []byte("{}"), upload.PutOptions{IfAbsent: true})
	_, errs["put if match"] = s.Put(ctx, "index/a.json", []byte("{}"), upload.PutOptions{IfMatch: "x"})
	_, _, errs["get"] = s.Get(ctx, "index/a.json")
	errs["list"] = s.List(ctx, "index/", func(upload.Object) error { return nil })
	errs["delete"] = s.Delete(ctx, "index/a.json")
	return errs
}

// TestACommandThatFailsIsSaid has a command for each way to fail. Every act must end, in time, with an
// error of its own that names the command and is none that callers take for an answer.
func TestACommandThatFailsIsSaid(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
		fine               string // acts that may go well, or badly as the contract says
	}{
		{"ends with 1", "echo 'no route to host' >&2; exit 1", "exit code 1: no route to host", ""},
		{"megabytes on stderr", "yes complaint | head -c 5000000 >&2; exit 3", "exit code 3: complaint complaint", ""},
		{"dies in the middle", `printf '{"half'; kill -9 $$`, "it was killed", ""},
		{"ends well without an ETag", "cat >/dev/null", "it ended well and wrote no ETag", "list,delete"},
		{"gives half a body and no ETag", `printf '{"half'`, "", "delete"},
		{"an ETag of two words", `echo "a b" >"$AMS_ETAG_FILE"`, "its ETag is not", "list,delete"},
		{"an endless ETag", `head -c 100000 /dev/zero | tr '\0' x >"$AMS_ETAG_FILE"`, "wrote no ETag", "list,delete"},
		{"a pipe for an ETag", `rm -f "$AMS_ETAG_FILE"; mkfifo "$AMS_ETAG_FILE"`, "wrote no ETag", "list,delete"},
		{"changed without a condition", "exit 49", "exit code 49, which says nothing of such a", "put if absent,put if match"},
		{"no conditions where there is none", "exit 51", "exit code 51, which says nothing of such a", ""},
		{"not there where it is put", "exit 44", "exit code 44, which says nothing of such a put", "put if match,get,list,delete"},
		{"a list of garbage", `[ "$1" != list ] || printf 'index/a.json 5\n'; echo x >"$AMS_ETAG_FILE"`, "line 1 is no KEY SIZE TIME ETAG: 2 fields",
			"put,put if absent,put if match,get,delete"},
		{"not found by the system", "exec /no/such/program", "exit code 127", ""},
		{"hangs", "exec sleep 600", "it did not end in time", ""},
		{"hangs in a child", "sleep 600 & wait", "it did not end in time", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // most wait
			for act, err := range acts(t.Context(), script(t, c.script)) {
				var failed *upload.ExecError
				isFine := strings.Contains(","+c.fine+",", ","+act+",")
				switch {
				case isFine && errors.As(err, &failed):
					t.Errorf("%s: got %v, want none of its own", act, err)
				case isFine:
				case !errors.As(err, &failed) || errors.Is(err, upload.ErrNotFound) || errors.Is(err, upload.ErrChanged):
					t.Errorf("%s: got %v, want a failure of the command", act, err)
				case !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "the store command env: ") || len(err.Error()) > 800:
					t.Errorf("%s: got %q, want %q in a short line", act, err, c.want)
				}
			}
		})
	}
}

// TestAListIsBelievedWholeOrNotAtAll has lists that are no list, and some that are.
func TestAListIsBelievedWholeOrNotAtAll(t *testing.T) {
	for _, c := range []struct{ out, want string }{ // want: the keys, or what the error says
		{``, ``},
		{`index/b.json 1 1700000000 t1\nindex/a.json 2 2026-11-27T12:00:00Z t2\n`, `index/a.json index/b.json`},
		{`index/a.json\t2\t1700000000\tt1\n\n`, `index/a.json`},
		{`index/a.json 2 1700000000 t1\r\n`, `index/a.json`},
		{`../../etc/passwd 2 1700000000 t1\nINDEX/A 2 1700000000 t1\nother/a.json 1 1700000000 t\n`, ``},
		{`index/a.json 2 1700000000 t1`, `it breaks off`},
		{`index/a.json 2 1700000000 t1\nindex/b.js`, `line 2 is no KEY SIZE TIME ETAG`},
		{`index/a.json -2 1700000000 t1\n`, `the size is no number`},
		{`index/a.json 2 yesterday t1\n`, `the time is neither`},
		{`index/a.json 2 1700000000 t1 t2\n`, `5 fields`},
		{`index/a.json 2 1700000000 \001\n`, `the ETag is not printable`},
		{`index/a.json 2 1700000000 t1\nindex/a.json 2 1700000000 t1\n`, `lists index/a.json twice`},
		{`<html>\n`, `line 1 is no KEY SIZE TIME ETAG`},
	} {
		var keys []string
		err := script(t, "printf '"+c.out+"'").List(t.Context(), "index/", func(o upload.Object) error {
			keys = append(keys, o.Key)
			return nil
		})
		if err != nil && (!strings.Contains(err.Error(), c.want) || len(keys) > 0) || err == nil && strings.Join(keys, " ") != c.want {
			t.Errorf("list of %q: got %q, %v; want %s", c.out, keys, err, c.want)
		}
	}
}

// TestABodyIsNeverOnACommandLine holds that the command has two arguments, and conditions of ours alone.
func TestABodyIsNeverOnACommandLine(t *testing.T) {
	t.Setenv("AMS_IF_MATCH", "of a project")
	t.Setenv("AMS_IF_ABSENT", "1")
	s := script(t, `[ $# = 2 ] && [ "$AMS_IF_MATCH$AMS_IF_ABSENT" = "" ] && [ "$(cat)" = secret ] && echo 1 >"$AMS_ETAG_FILE"`)
	if _, err := s.Put(t.Context(), "a", []byte("secret"), upload.PutOptions{}); err != nil {
		t.Error(err)
	}
}

func TestExecBoundsWhatItTakes(t *testing.T) {
	s := script(t, "yes")
	if _, _, err := s.Get(t.Context(), "index/a.json"); !errors.Is(err, upload.ErrTooLarge) {
		t.Errorf("an endless record: %v, want ErrTooLarge", err)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "ams-store-*")); err == nil && len(left) > 64 {
		t.Errorf("folders stay: %d", len(left))
	}
}

func TestACommandThatIsNotThere(t *testing.T) {
	s := upload.NewExec(upload.ExecOptions{Command: program.Command{filepath.Join(t.TempDir(), "none")}})
	_, _, err := s.Get(t.Context(), "a")
	var failed *upload.ExecError
	if !errors.As(err, &failed) || !failed.Dead || !strings.Contains(err.Error(), "it cannot be started") {
		t.Errorf("got %v", err)
	}
}
