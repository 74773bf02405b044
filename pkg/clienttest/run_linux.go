package clienttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Run runs the client once, in print mode and with all permissions, and waits for its end. The error says that it
// could not run, took too long or gave no result, or that scenario and requests disagree (see [API.Err]); the Run is
// there with all but the first. A client that ends with an error of its own is no error here: see ExitCode and
// IsError.
func (c *Client) Run(ctx context.Context, scenario Scenario, setup Setup) (*Run, error) {
	api := NewAPI(scenario.Script)
	setup.Args = append([]string{"-p", scenario.Prompt, "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions"},
		setup.Args...)
	run, stdout, err := c.start(ctx, api, setup)
	if run == nil {
		return nil, err
	}
	run.Requests = api.Requests()
	if readErr := run.read(stdout); err == nil {
		err = readErr
	}
	if err == nil {
		err = api.Err()
	}
	if err != nil {
		return run, fmt.Errorf("client %s, exit status %d: %w\n%s", c.Version, run.ExitCode, err, strings.TrimSpace(run.Stderr))
	}
	return run, nil
}

// Command runs the client with the arguments of setup alone, such as "plugin", "validate" and a folder, and returns
// what it wrote to standard output. No API answers. The error says that the client could not run or took too long;
// for a failure of its own, see the Run's ExitCode.
func (c *Client) Command(ctx context.Context, setup Setup) (*Run, string, error) {
	run, stdout, err := c.start(ctx, http.NotFoundHandler(), setup)
	return run, string(stdout), err
}

// start runs the client with the arguments of setup, and waits for its end. Without a Run it could not run; an error
// beside a Run says that it was stopped.
func (c *Client) start(ctx context.Context, api http.Handler, setup Setup) (*Run, []byte, error) {
	timeout := setup.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("client %s took longer than %v", c.Version, timeout))
	defer cancel()
	run, env, err := prepare(setup)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare a run in %s: %w", setup.Dir, err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.argv[0])
	cmd.Args = append(c.argv[:len(c.argv):len(c.argv)], setup.Args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = run.ProjectDir, env, &stdout, &stderr
	if err := runInside(cmd, api); err != nil {
		return nil, nil, fmt.Errorf("run client %s: %w", c.Version, err)
	}
	run.ExitCode, run.Stderr = cmd.ProcessState.ExitCode(), stderr.String()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return run, stdout.Bytes(), err
}

// prepare makes the folders of a run and its environment.
func prepare(setup Setup) (*Run, []string, error) {
	dir, err := filepath.Abs(setup.Dir)
	if err != nil {
		return nil, nil, err
	}
	home, temp := filepath.Join(dir, "home"), filepath.Join(dir, "tmp")
	run := &Run{ProjectDir: filepath.Join(dir, "project"), ConfigDir: filepath.Join(dir, "config")}
	run.ProjectsDir = filepath.Join(run.ConfigDir, "projects")
	for _, d := range []string{home, temp, run.ConfigDir, run.ProjectDir} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, nil, err
		}
	}
	if setup.Settings != nil {
		if err := os.WriteFile(filepath.Join(run.ConfigDir, "settings.json"), setup.Settings, 0o600); err != nil {
			return nil, nil, err
		}
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"TMPDIR=" + temp, // else the client litters /tmp
		"LANG=C.UTF-8",
		"CLAUDE_CONFIG_DIR=" + run.ConfigDir,
		"ANTHROPIC_BASE_URL=http://" + apiAddress,
		"ANTHROPIC_API_KEY=dummy-key-for-a-scripted-api",
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
		"DISABLE_AUTOUPDATER=1",
		"DISABLE_TELEMETRY=1",
		"IS_SANDBOX=1", // root may skip permissions
	}
	return run, append(env, setup.Env...), nil
}

// read takes over the client's output.
func (r *Run) read(stdout []byte) error {
	seen := false
	for line := range bytes.Lines(stdout) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var result struct {
			Type         string  `json:"type"`
			SessionID    string  `json:"session_id"`
			Result       string  `json:"result"`
			IsError      bool    `json:"is_error"`
			TotalCostUSD float64 `json:"total_cost_usd"`
		}
		if err := json.Unmarshal(line, &result); err != nil {
			return fmt.Errorf("read the output line %q: %w", line, err)
		}
		r.Lines = append(r.Lines, line)
		if result.Type == "result" {
			seen = true
			r.SessionID, r.Answer, r.IsError, r.TotalCostUSD = result.SessionID, result.Result, result.IsError, result.TotalCostUSD
		}
	}
	if !seen {
		return errors.New("the output has no result line")
	}
	return nil
}

// available tries a namespace first, which is quick, and then gets the client.
func available(ctx context.Context, version string) (*Client, error) {
	if err := tryNamespace(ctx); err != nil {
		return nil, err
	}
	dir, err := DefaultCacheDir()
	if err != nil {
		return nil, err
	}
	return Install(ctx, version, dir)
}
