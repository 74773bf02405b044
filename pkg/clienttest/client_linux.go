package clienttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const npmPackage = "@anthropic-ai/claude-code"

// DefaultCacheDir is where client versions are kept between runs: AMS_TEST_CLIENT_DIR, else ams-test-clients in the
// user's cache folder.
func DefaultCacheDir() (string, error) {
	if dir := os.Getenv("AMS_TEST_CLIENT_DIR"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder: %w", err)
	}
	return filepath.Join(dir, "ams-test-clients"), nil
}

// Install returns the client of a version, from cacheDir/VERSION if it is there, else from npm. It needs npm and node
// in the PATH and may be called by several processes at once: one installs, the others wait. The folder appears under
// its name only when whole.
func Install(ctx context.Context, version, cacheDir string) (*Client, error) {
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return nil, fmt.Errorf("make the client cache: %w", err)
	}
	dir := filepath.Join(cacheDir, version)
	if client, err := load(version, dir); err == nil {
		return client, nil
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if client, err := load(version, dir); err == nil {
		return client, nil // another process installed it meanwhile
	}
	// Under the lock, what stands there is what a killed process or a hand left behind.
	partial := dir + ".partial"
	if err := errors.Join(os.RemoveAll(dir), os.RemoveAll(partial)); err != nil {
		return nil, fmt.Errorf("clear the client cache: %w", err)
	}
	if err := npmInstall(ctx, version, partial); err != nil {
		return nil, fmt.Errorf("install client %s: %w", version, err)
	}
	if err := os.Rename(partial, dir); err != nil {
		return nil, fmt.Errorf("install client %s: %w", version, err)
	}
	return load(version, dir)
}

// npmInstall installs a version into dir. Whether npm runs a package's scripts differs between npm versions and
// users' settings. So it is told not to, and the one script that puts the native binary in its place is run here;
// clients up to 2.0 have none.
func npmInstall(ctx context.Context, version, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	// With a package.json of its own, npm does not look for a project in the folders above.
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private": true}`), 0o644); err != nil {
		return err
	}
	err := runIn(ctx, dir, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier",
		"--fetch-retries=1", "--fetch-retry-mintimeout=1000", npmPackage+"@"+version)
	if err != nil {
		return err
	}
	script := filepath.Join(packageDir(dir), "install.cjs")
	if _, err := os.Stat(script); err != nil {
		return nil
	}
	return runIn(ctx, packageDir(dir), "node", script)
}

func packageDir(dir string) string {
	return filepath.Join(dir, "node_modules", filepath.FromSlash(npmPackage))
}

func runIn(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	// The lock ends with this process, so what writes under it must too. The parent that counts is the thread.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, errors.Join(err, ctx.Err()), bytes.TrimSpace(out))
	}
	return nil
}

// load finds the client in an installed folder: a native binary since 2.1, a script for node before.
func load(version, dir string) (*Client, error) {
	manifest := filepath.Join(packageDir(dir), "package.json")
	b, err := os.ReadFile(manifest)
	if err != nil {
		return nil, err
	}
	var pkg struct {
		Version string            `json:"version"`
		Bin     map[string]string `json:"bin"`
	}
	if err := json.Unmarshal(b, &pkg); err != nil {
		return nil, fmt.Errorf("read %s: %w", manifest, err)
	}
	if pkg.Version != version || pkg.Bin["claude"] == "" {
		return nil, fmt.Errorf("%s is of version %q with the commands %v, want %q and claude", manifest, pkg.Version, pkg.Bin, version)
	}
	path := filepath.Join(packageDir(dir), filepath.FromSlash(pkg.Bin["claude"]))
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	client := &Client{Version: version, argv: []string{path}}
	switch filepath.Ext(path) {
	case ".js", ".cjs", ".mjs":
		node, err := exec.LookPath("node")
		if err != nil {
			return nil, fmt.Errorf("client %s needs node: %w", version, err)
		}
		client.argv = []string{node, path}
	}
	return client, nil
}

// lockPoll is how often a process that waits for another's installation looks again.
const lockPoll = 100 * time.Millisecond

// lock takes an exclusive lock on the file, which stays.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for another installation to release %s: %w", path, ctx.Err())
		}
	}
}
