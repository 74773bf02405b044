package clienttest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"
)

// A Client is an installed version of Claude Code.
type Client struct {
	Version string
	argv    []string // the program and what stands before its arguments
}

// A Setup is everything around a [Scenario]. Only Dir is needed.
type Setup struct {
	// Dir is an existing folder of the run's own. Run makes the folders home, tmp, config and project in it, where
	// they are missing, and leaves them; a later run in the same Dir can resume the session.
	Dir      string
	Settings []byte        // the client's settings.json; none if nil
	Args     []string      // further arguments
	Env      []string      // further environment, "name=value", which wins; nothing is inherited but PATH
	Timeout  time.Duration // the client is killed after it; 0 means [DefaultTimeout]
}

// DefaultTimeout bounds a run: a [Story] takes about 10 s on a small machine.
const DefaultTimeout = 2 * time.Minute

// A Run is what a client left behind.
type Run struct {
	ProjectDir  string // its working folder
	ConfigDir   string // its CLAUDE_CONFIG_DIR
	ProjectsDir string // the folder of the transcripts, in ConfigDir

	ExitCode int
	Lines    []json.RawMessage // its output, one JSON object each
	Stderr   string

	// From the last line, of type result.
	SessionID    string
	Answer       string
	IsError      bool
	TotalCostUSD float64

	Requests []Request
}

// installTimeout bounds the installation of one version: 370 MB, 7 s on a good line.
const installTimeout = 8 * time.Minute

// Available returns the installed client of a version, after a trial of everything else that [Client.Run] needs.
// Where the machine cannot make a network namespace, or cannot get the client (npm is missing, or has no way to its
// registry), it skips the test; with CI=true in the environment that is fatal, as a CI that skips it has checked
// nothing.
func Available(t testing.TB, version string) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	client, err := available(ctx, version)
	switch {
	case err == nil:
		return client
	case errors.Is(err, errNoEnter) || os.Getenv("CI") == "true":
		t.Fatalf("cannot run the real client %s: %v", version, err)
	default:
		t.Skipf("NOT TESTED with the real client %s: %v", version, err)
	}
	return nil
}

// errNoEnter is most likely a mistake of the test, and not of the machine.
var errNoEnter = errors.New("the process in the namespace said nothing: does TestMain call clienttest.Enter before all else?")
