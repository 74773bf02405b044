package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEnvFileFillsWhatIsNotSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	text := "# a comment\n\nAMS_A=1\nexport AMS_B = no\n"
	for _, c := range []struct{ line, name, value, fault string }{
		{"AMS_A=one two", "AMS_A", "one two", ""},
		{`AMS_A="quoted # not a comment"`, "AMS_A", "quoted # not a comment", ""},
		{"AMS_A='x'", "AMS_A", "x", ""},
		{"  export AMS_A=x  ", "AMS_A", "x", ""},
		{"AMS_A=a=b", "AMS_A", "a=b", ""},
		{"AMS_A=", "AMS_A", "", ""},
		{"# AMS_A=x", "", "", ""},
		{"AMS_A", "", "", "want NAME=VALUE"},
		{"=x", "", "", "want NAME=VALUE"},
		{"AMS A=x", "", "", "want NAME=VALUE"},
		{`AMS_A="open`, "", "", "AMS_A: the quote is not closed"},
	} {
		name, value, err := parseEnvLine(c.line)
		if name != c.name || value != c.value || (err == nil) != (c.fault == "") ||
			err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("parseEnvLine(%q) = %q, %q, %v; want %q, %q, %q", c.line, name, value, err, c.name, c.value, c.fault)
		}
	}
	env := map[string]string{"AMS_SET": "by hand"}
	lookup := func(n string) (string, bool) { v, ok := env[n]; return v, ok }
	set := func(n, v string) error { env[n] = v; return nil }
	if err := LoadEnv(path, lookup, set); err != nil {
		t.Errorf("LoadEnv of no file: %v", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := LoadEnv(path, lookup, set); err == nil || !strings.Contains(err.Error(), path+" line 4") {
		t.Errorf("LoadEnv of a bad line: %v, want its file and line", err)
	}
	if err := os.WriteFile(path, []byte("AMS_SET=file\nAMS_NEW=file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := LoadEnv(path, lookup, set); err != nil || env["AMS_SET"] != "by hand" || env["AMS_NEW"] != "file" {
		t.Errorf("LoadEnv: %v, got %v", err, env)
	}
}

func TestSetEnvLinesChangesOnlyWhatIsNamed(t *testing.T) {
	for _, c := range []struct {
		text string
		vars map[string]string
		want string // "": it cannot be written
	}{
		{"", map[string]string{"B": "2", "A": "1"}, "A=1\nB=2\n"},
		{"# mine\nexport A=0\nC=3", map[string]string{"A": "1"}, "# mine\nA=1\nC=3\n"},
		{"A=1\n", map[string]string{"A": "1"}, "A=1\n"},
		{"no line\nA=0\n", map[string]string{"A": "1"}, "no line\nA=1\n"},
		{"", map[string]string{"A": "two words"}, "A='two words'\n"},
		{"", map[string]string{"A": "it's"}, "A=\"it's\"\n"},
		{"", map[string]string{"A": "two\nlines"}, ""},
		{"", map[string]string{"A": " "}, "A=' '\n"},
	} {
		got, err := setEnvLines(c.text, c.vars)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("setEnvLines(%q, %v) = %q, %v; want %q", c.text, c.vars, got, err, c.want)
		}
	}
}

// TestAProgramIsNotNamedByAProject holds that an env file inside of a repository is not believed where it says what to run.
func TestAProgramIsNotNamedByAProject(t *testing.T) {
	project, elsewhere := t.TempDir(), t.TempDir()
	below := filepath.Join(project, "src", "deep")
	for _, dir := range []string{below, filepath.Join(project, ".git")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, home, dir string
		want            string
	}{
		{"a home of one's own", elsewhere, below, "store"},
		{"the project is no repository", below, elsewhere, "store"},
		{"the project itself", project, below, ""},
		{"a folder of the project", filepath.Join(project, "src"), project, ""},
	} {
		file := EnvFile(c.home)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("AMS_STORE_COMMAND=store\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		m := Machine{Home: c.home, Getenv: func(string) string { return "of the environment" }}
		if got := m.OwnVar("AMS_STORE_COMMAND", c.dir); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
