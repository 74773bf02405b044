//go:build unix

package program

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line string
		want Command // nil for none
		bad  bool
	}{
		{"", nil, false},
		{"  \t", nil, false},
		{"store", Command{"store"}, false},
		{"  ssh  host\tstore.sh ", Command{"ssh", "host", "store.sh"}, false},
		{`'/my programs/store' --to "a b"`, Command{"/my programs/store", "--to", "a b"}, false},
		{`a"b c"d ''`, Command{"ab cd", ""}, false},
		{`C:\store.exe $HOME ; | *`, Command{`C:\store.exe`, "$HOME", ";", "|", "*"}, false},
		{`"it's" 'say "no"'`, Command{"it's", `say "no"`}, false},
		{`store 'open`, nil, true},
		{`'' put`, nil, true},
		{"two\nlines", nil, true},
		{"a\x00b", nil, true},
	} {
		got, err := Parse(c.line)
		if !slices.Equal(got, c.want) || (err != nil) != c.bad {
			t.Errorf("Parse(%q) = %q, %v; want %q", c.line, got, err, c.want)
		}
		if again, err := Parse(got.String()); err != nil || !slices.Equal(again, got) {
			t.Errorf("Parse(%q) = %q, %v; want %q", got, again, err, got)
		}
	}
}

func shell(script string) Command { return Command{"sh", "-c", script, "sh"} }

func TestAProgramGetsWhatItIsHanded(t *testing.T) {
	r, err := shell(`cat; printf ' %s %s' "$1" "$AMS_X"; echo sorry >&2; exit 7`).Run(t.Context(), Call{
		Args: []string{"one two"}, Env: []string{"AMS_X=y"}, Stdin: []byte("body"), Most: 100, Timeout: time.Minute})
	if err != nil || string(r.Stdout) != "body one two y" || r.Code != 7 || r.Said != "sorry" {
		t.Errorf("got %q, code %d, said %q, %v", r.Stdout, r.Code, r.Said, err)
	}
}

// TestWhatGoesWrongIsBounded has a row for each way in which a program can be broken. Each of them
// would hold up or use up a program that did not look.
func TestWhatGoesWrongIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		name, script string
		call         Call
		want         error // nil: it ended by itself
	}{
		{"hangs", "exec sleep 600", Call{Timeout: 50 * time.Millisecond}, ErrTimeout},
		{"hangs in a child", "sleep 600; true", Call{Timeout: 50 * time.Millisecond}, ErrTimeout},
		{"trickles", "while :; do printf x; sleep 0.01; done", Call{Timeout: 50 * time.Millisecond, PerByte: time.Microsecond, Most: 1 << 20}, ErrTimeout},
		{"prints without end", "yes", Call{Most: 1 << 16}, ErrTooMuch},
		{"complains without end", "yes >&2 & sleep 0.2; kill $!", Call{}, nil},
		{"does not read", "exec <&-; exit 0", Call{Stdin: []byte(long)}, nil},
		{"is killed", "kill -9 $$", Call{}, ErrKilled},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.call.Timeout == 0 {
				c.call.Timeout = time.Minute
			}
			r, err := shell(c.script).Run(t.Context(), c.call)
			if !errors.Is(err, c.want) || len(r.Stdout) > c.call.Most || len(r.Said) > maxSaid {
				t.Errorf("got %v with %d bytes, said %d; want %v", err, len(r.Stdout), len(r.Said), c.want)
			}
		})
	}
	if _, err := (Command{filepath.Join(t.TempDir(), "none")}).Run(t.Context(), Call{Timeout: time.Minute}); !errors.Is(err, ErrNotStarted) {
		t.Errorf("of a program that is not there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := shell("sleep 600").Run(ctx, Call{Timeout: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("of a context that ended: %v", err)
	}
}

func TestWhatIsSaidMayBeShown(t *testing.T) {
	r, err := shell(`printf '\033[31mred\033[0m\n\007two' >&2`).Run(t.Context(), Call{Timeout: time.Minute})
	if want := `\x1b[31mred\x1b[0m \x07two`; err != nil || r.Said != want {
		t.Errorf("got %q, %v; want %q", r.Said, err, want)
	}
}

// TestChildrenEndWithTheCall holds that a child of a shell does not outlive a call that was given up.
func TestChildrenEndWithTheCall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	_, err := shell(`sleep 600 & echo $! > "$1"; wait`).Run(t.Context(), Call{Args: []string{file}, Timeout: 500 * time.Millisecond})
	if !errors.Is(err, ErrTimeout) {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		state, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if syscall.Kill(pid, 0) != nil || err == nil && strings.Contains(string(state), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the child %d lives", pid)
}
