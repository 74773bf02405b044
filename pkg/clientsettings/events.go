package clientsettings

import (
	"slices"
	"strconv"
	"strings"
)

// everywhere are the events that every client since 2.0.56 knows, as in hooks.example.json. Measured with 2.0.56, 2.1.0, 2.1.20, 2.1.50,
// 2.1.80, 2.1.90 and 2.1.100: one name more, and these clients run no hook of the file at all, without a word.
var everywhere = []string{
	"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "SubagentStart", "SubagentStop",
	"Notification", "PreCompact", "Stop", "SessionEnd",
}

// since2_1_100 are the events that 2.1.100 knows, too.
var since2_1_100 = []string{"PermissionRequest", "PostCompact", "StopFailure", "Setup", "TaskCompleted", "Elicitation"}

// since2_1_110 are the other events that tell a fact. From 2.1.110 on a client ignores a name that it does not know,
// and runs the rest. Left out on purpose: WorktreeCreate, where a silent hook breaks worktrees; MessageDisplay, which
// delays the screen and joins to nothing; PostToolBatch, which repeats every result; FileChanged, which needs the
// name of a file; PreModelSwitch and UserPromptExpansion, whose facts other events have.
var since2_1_110 = []string{
	"PermissionDenied", "PostModelSwitch", "TaskCreated", "ElicitationResult", "CwdChanged", "DirectoryAdded", "ConfigChange",
	"InstructionsLoaded", "WorktreeRemove", "TeammateIdle",
}

// since2_1_332 is new there. An interactive client that does not know a name stops at a dialog at every start.
var since2_1_332 = []string{"PreSkillShellCommand"}

// never must not be registered, whatever the client; the map says why.
var never = map[string]string{
	"WorktreeCreate": "a silent hook there breaks worktrees",
	"MessageDisplay": "it delays the screen",
	"PostToolBatch":  "it repeats every result",
}

// Shared are the events for settings that others share, whose clients may be older.
func Shared() []string { return slices.Clone(everywhere) }

// Events are the events to register for a client of a version such as 2.1.330; "" is a version that is not known.
func Events(version string) []string {
	switch v, ok := parseVersion(version); {
	case !ok || less(v, [3]int{2, 1, 100}):
		return Shared()
	case less(v, [3]int{2, 1, 110}):
		return slices.Concat(everywhere, since2_1_100)
	case less(v, [3]int{2, 1, 332}):
		return slices.Concat(everywhere, since2_1_100, since2_1_110)
	}
	return slices.Concat(everywhere, since2_1_100, since2_1_110, since2_1_332)
}

// Accepts reports whether a client of a version runs the hooks of a file that names this event. A version that is not
// known is taken for a new one.
func Accepts(version, event string) bool {
	v, ok := parseVersion(version)
	return !ok || !less(v, [3]int{2, 1, 110}) || slices.Contains(Events(version), event)
}

// StopsAt reports whether a client of a version, used in a terminal, stops at a dialog at every start because a file
// names this event.
func StopsAt(version, event string) bool {
	v, ok := parseVersion(version)
	return ok && less(v, [3]int{2, 1, 332}) && slices.Contains(since2_1_332, event)
}

// WhyNever says why an event must not be registered, "" for one that may.
func WhyNever(event string) string { return never[event] }

// VersionOf finds the version in what claude --version prints, such as "2.1.330 (Claude Code)"; "" if there is none.
func VersionOf(output string) string {
	for _, word := range strings.Fields(output) {
		if _, ok := parseVersion(word); ok {
			return word
		}
	}
	return ""
}

func parseVersion(s string) (v [3]int, ok bool) {
	parts := strings.SplitN(s, ".", 3)
	if len(parts) != 3 {
		return v, false
	}
	parts[2], _, _ = strings.Cut(parts[2], "-")
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return v, false
		}
		v[i] = n
	}
	return v, true
}

func less(a, b [3]int) bool { return slices.Compare(a[:], b[:]) < 0 }
