package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/commandline"
)

func TestCompleteOffersWhatMayStandThere(t *testing.T) {
	home := t.TempDir()
	world := env{now: time.Now, getenv: func(name string) string { return map[string]string{"HOME": home}[name] }}
	for _, c := range []struct{ before, cur, want string }{
		{"", "se", "session"},
		{"", "sp", "spool"},
		{"", "ma", ""}, // man is for those who build packages
		{"", "--vers", "--version"},
		{"", "--ret", "--retain"}, // run is what runs without a command
		{"run", "--ret", "--retain"},
		{"run --quiet --jobs 2", "--ret", "--retain"},
		{"--quiet run", "--ret", "--retain"},
		{"spool", "", "list dump load rm"},
		{"spool rm", "--for", "--force"},
		{"--spool-dir run", "spool", "spool"}, // run is a folder here
		{"session 1234", "", ""},              // files
		{"run --", "--ret", ""},
		{"run --storage", "", "local s3 exec"},
		{"run --storage=local --redact", "y", "yes"},
		{"run", "--storage=l", "--storage=local"},
		{"run --storage =", "l", "local"}, // as bash breaks it
		{"run --storage", "=", "local s3 exec"},
		{"run --spool-dir", "", ""}, // files
		{"frobnicate", "", ""},
		{"completion", "", "bash zsh fish powershell"},
		{"help", "sh", "show"},
		{"help spool", "d", "dump"},
	} {
		var got []string
		for _, found := range commandline.Complete(newApp(world), offers{world, strings.Fields(c.before)}, c.cur, strings.Fields(c.before)) {
			got = append(got, found.Word)
		}
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%q, then %q: got %q, want %q", c.before, c.cur, got, want)
		}
	}
}

func TestCompleteKnowsNoFlagThatIsNotThere(t *testing.T) {
	takesValue := commandline.FlagsWithValue(newApp(env{}))
	for name := range flagValues {
		if !takesValue[name][true] {
			t.Errorf("--%s has values to offer and is no flag with a value", name)
		}
	}
}

// ask is a script for each shell that prints, one a line, what it would offer for the words of a line, and needs no
// terminal.
var ask = map[string]string{
	"bash": `source ./script
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_ams_assemble && printf '%s\n' "${COMPREPLY[@]}"
`,
	"fish": `source ./script
complete -C "$argv" | string replace -r '\t.*' ''
exit 0
`,
	// The completion itself needs the line editor: its helpers are replaced by ones that print.
	"zsh": `compdef() { : }
source ./script
_describe() { print -rl -- "${(@)${(P)2}%%:*}" }
_files() { print files }
words=("$@"); CURRENT=$#
_ams_assemble
`,
}

// TestScriptsCompleteInTheirShells runs each shell that is installed.
func TestScriptsCompleteInTheirShells(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				notHere(t, shell)
			}
			dir := t.TempDir()
			writeText(t, filepath.Join(dir, "script"), string(assembleBy(t, "", "completion", shell)))
			writeText(t, filepath.Join(dir, "ask"), ask[shell])
			for _, c := range []struct {
				words []string
				want  string
			}{
				{[]string{"se"}, "session"},
				{[]string{"run", "--ret"}, "--retain"},
				{[]string{"spool", ""}, "dump list load rm"},
				{[]string{"run", "--storage", ""}, "exec local s3"},
				{[]string{"run", "--local-dir", "$(touch evil)", "--ret"}, "--retain"},
			} {
				args := append([]string{"ask", "ams-assemble"}, c.words...)
				if shell == "fish" {
					args = []string{"ask", "ams-assemble " + strings.Join(c.words, " ")}
				}
				cmd := exec.Command(path, args...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "HOME="+dir)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%q: %v\n%s", c.words, err, out)
				}
				got := strings.Fields(string(out))
				slices.Sort(got)
				if strings.Join(got, " ") != c.want {
					t.Errorf("%q: got %q, want %q", c.words, got, c.want)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil {
				t.Error("a command of the line was run")
			}
		})
	}
}

// zshLine types a line and a tab into an interactive zsh on a terminal of its own, and prints what the line then is.
const zshLine = `zmodload zsh/zpty
zpty line zsh -f -i
zpty -w line "autoload -Uz compinit; compinit -D -u; source ./script
show() { print -r -- \"FOUND:\$BUFFER:\"; BUFFER= }; zle -N show; bindkey '^X' show; print REA''DY"
zpty -r line out '*READY*'
zpty -w -n line "$1"$'\t\x18'
zpty -r line out '*FOUND:*:*'
print -r -- "${${out##*FOUND:}%%:*}"
zpty -d line
`

func TestZshCompletesOnATerminal(t *testing.T) {
	zsh, err := exec.LookPath("zsh")
	if err != nil {
		notHere(t, "zsh")
	}
	dir := t.TempDir()
	writeText(t, filepath.Join(dir, "script"), string(assembleBy(t, "", "completion", "zsh")))
	writeText(t, filepath.Join(dir, "ask"), zshLine)
	for typed, want := range map[string]string{
		"ams-assemble se":           "ams-assemble session",
		"ams-assemble run --ret":    "ams-assemble run --retain",
		"ams-assemble session scri": "ams-assemble session script",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		cmd := exec.CommandContext(ctx, zsh, "-f", "ask", typed)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+dir, "TERM=dumb")
		out, err := cmd.CombinedOutput()
		cancel()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s and a tab: got %q (%v), want %q", typed, got, err, want)
		}
	}
}
