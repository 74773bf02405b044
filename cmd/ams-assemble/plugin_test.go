package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ams/pkg/clienttest"
	"ams/pkg/spool"
)

const pluginDir = "../../plugin"

// pluginClient is the version of the client that the plugin and the marketplace are tested with.
const pluginClient = "2.1.332"

func TestPluginRegistersWhatTheExampleDoes(t *testing.T) {
	if got, want := readText(t, pluginDir+"/hooks/hooks.json"), readText(t, "../../hooks.example.json"); got != want {
		t.Errorf("plugin/hooks/hooks.json differs from hooks.example.json: copy it\ngot  %s\nwant %s", got, want)
	}
}

func TestPluginReadmeSaysWhatToInstall(t *testing.T) {
	text := readText(t, pluginDir+"/README.md")
	if n := len(strings.Fields(text)); n < 40 || !strings.Contains(text, "must be installed first") {
		t.Errorf("the plugin's README has %d words, want 40 and that the programs must be installed first:\n%s", n, text)
	}
}

// TestPluginIsOfTheNewestVersion holds the plugin to the changelog: the client updates a plugin only when its version
// changes.
func TestPluginIsOfTheNewestVersion(t *testing.T) {
	var manifest struct{ Version string }
	if err := json.Unmarshal([]byte(readText(t, pluginDir+"/.claude-plugin/plugin.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`).FindStringSubmatch(readText(t, "../../CHANGELOG.md"))
	if newest == nil || manifest.Version != newest[1] {
		t.Errorf("the plugin is of version %q, the changelog's newest is %q", manifest.Version, newest)
	}
}

// marketplace makes a copy of what the client reads of this repository when it is added as a marketplace.
func marketplace(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ams")
	copyFolder(t, "../../.claude-plugin", filepath.Join(dir, ".claude-plugin"))
	copyFolder(t, pluginDir, filepath.Join(dir, "plugin"))
	copyFolder(t, "../../plugin-read", filepath.Join(dir, "plugin-read"))
	return dir
}

// claude runs a command of the client that must end with the exit code, and returns all that it said.
func claude(t *testing.T, client *clienttest.Client, setup clienttest.Setup, code int, args ...string) string {
	t.Helper()
	setup.Args = args
	ran, stdout, err := client.Command(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	said := stdout + ran.Stderr
	if ran.ExitCode != code {
		t.Fatalf("claude %v: exit code %d, want %d\n%s", args, ran.ExitCode, code, said)
	}
	return said
}

func TestPluginAndMarketplacePassTheClientsOwnCheck(t *testing.T) {
	client := clienttest.Available(t, pluginClient)
	dir := marketplace(t)
	plugin, setup := filepath.Join(dir, "plugin"), clienttest.Setup{Dir: t.TempDir()}
	claude(t, client, setup, 0, "plugin", "validate", "--strict", plugin)
	claude(t, client, setup, 0, "plugin", "validate", "--strict", dir)

	// One event that no client knows: the check finds it, so it does read the hooks.
	hooks := filepath.Join(plugin, "hooks", "hooks.json")
	writeText(t, hooks, strings.Replace(readText(t, hooks), `"SubagentStop"`, `"SubagentStopped"`, 1))
	if said := claude(t, client, setup, 1, "plugin", "validate", "--strict", plugin); !strings.Contains(said, "SubagentStopped") {
		t.Errorf("the check of a plugin with an unknown event says %s", said)
	}
	manifest := filepath.Join(dir, ".claude-plugin", "marketplace.json")
	writeText(t, manifest, strings.Replace(readText(t, manifest), `"./plugin"`, `7`, 1))
	claude(t, client, setup, 1, "plugin", "validate", "--strict", dir)
}

// pluginEvents are the events of the plugin that a client without a person in front of it sends: all but Notification.
var pluginEvents = []string{"PostToolUse", "PostToolUseFailure", "PreCompact", "PreToolUse", "SessionEnd", "SessionStart", "Stop",
	"SubagentStart", "SubagentStop", "UserPromptSubmit"}

func TestInstalledPluginRecordsEveryEvent(t *testing.T) {
	client := clienttest.Available(t, pluginClient)
	spoolDir := filepath.Join(t.TempDir(), "spool")
	setup := clienttest.Setup{Dir: t.TempDir(), Env: []string{"AMS_SPOOL_DIR=" + spoolDir}}
	claude(t, client, setup, 0, "plugin", "marketplace", "add", marketplace(t))
	claude(t, client, setup, 0, "plugin", "install", "ams@ams")

	ran, err := client.Run(t.Context(), clienttest.Story("Agent"), setup)
	if err != nil {
		t.Fatal(err)
	}
	setup.Args = []string{"--resume", ran.SessionID}
	summary := clienttest.Reply{Blocks: []clienttest.Block{clienttest.Text("<summary>The folder is empty.</summary>")}}
	compact := clienttest.Scenario{Prompt: "/compact", Script: clienttest.Script{"main": {summary}}}
	if _, err := client.Run(t.Context(), compact, setup); err != nil {
		t.Fatal(err)
	}
	if got := recordedEvents(t, spoolDir, ran.SessionID); !slices.Equal(got, pluginEvents) {
		t.Errorf("recorded events:\ngot  %v\nwant %v", got, pluginEvents)
	}
}

// TestPluginWithoutTheProgramHarmsNothing runs the client where ams-hook is not in PATH: it works as ever, and doctor
// says what is missing.
func TestPluginWithoutTheProgramHarmsNothing(t *testing.T) {
	client := clienttest.Available(t, pluginClient)
	spoolDir := filepath.Join(t.TempDir(), "spool")
	setup := clienttest.Setup{Dir: t.TempDir()}
	claude(t, client, setup, 0, "plugin", "marketplace", "add", marketplace(t))
	claude(t, client, setup, 0, "plugin", "install", "ams@ams")
	dirs := slices.DeleteFunc(filepath.SplitList(os.Getenv("PATH")), func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "ams-hook"))
		return err == nil
	})
	path := "PATH=" + strings.Join(dirs, string(os.PathListSeparator))
	setup.Env = []string{"AMS_SPOOL_DIR=" + spoolDir, path}
	ran, err := client.Run(t.Context(), clienttest.Story("Agent"), setup)
	if err != nil {
		t.Fatal(err)
	}
	if ran.ExitCode != 0 || ran.IsError {
		t.Errorf("exit code %d, error %v: %s", ran.ExitCode, ran.IsError, ran.Answer)
	}
	if !strings.Contains(ran.Stderr, `Executable not found in $PATH: "ams-hook"`) {
		t.Errorf("the client says %q, want what the plugin's README quotes", ran.Stderr)
	}
	if _, err := os.Stat(spoolDir); err == nil {
		t.Errorf("%s is there: some ams-hook was found", spoolDir)
	}

	doctor := exec.Command("ams-assemble", "doctor")
	doctor.Env = []string{path, "HOME=" + t.TempDir(), "CLAUDE_CONFIG_DIR=" + ran.ConfigDir}
	said, err := doctor.Output()
	if err == nil || !regexp.MustCompile(`(?m)^problem +program +ams-hook cannot be started: .*not found in \$PATH$`).Match(said) {
		t.Errorf("doctor ends with %v and says\n%s", err, said)
	}
}

// recordedEvents are the names of the events in a session's spool, sorted, each once.
func recordedEvents(t *testing.T, spoolDir, id string) []string {
	t.Helper()
	found, err := spool.Read(spoolDir, spool.FileName(id))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range found.Records {
		var payload struct {
			Event string `json:"hook_event_name"`
		}
		if err := json.Unmarshal(bytes.TrimSpace(r.Raw), &payload); err != nil {
			t.Fatalf("record %s: %v", r.Raw, err)
		}
		names = append(names, payload.Event)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestTheReadingPluginRegistersNoHook holds the two plugins apart: one records, the other reads, and both are of one version.
func TestTheReadingPluginRegistersNoHook(t *testing.T) {
	const dir = "../../plugin-read"
	for _, c := range []struct{ dir, has, lacks string }{{dir, ".mcp.json", "hooks"}, {pluginDir, "hooks", ".mcp.json"}} {
		if _, err := os.Stat(filepath.Join(c.dir, c.has)); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(c.dir, c.lacks)); err == nil {
			t.Errorf("%s has %s", c.dir, c.lacks)
		}
	}
	var one, other struct{ Version string }
	for path, into := range map[string]any{pluginDir: &one, dir: &other} {
		if err := json.Unmarshal([]byte(readText(t, path+"/.claude-plugin/plugin.json")), into); err != nil {
			t.Fatal(err)
		}
	}
	if one != other {
		t.Errorf("the plugins are of versions %s and %s", one.Version, other.Version)
	}
}
