package install

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"ams/pkg/clientsettings"
	"ams/pkg/screen"
)

// clientTime bounds how long the client may take to say its version; a cold start on a slow disk
// takes seconds.
const clientTime = 20 * time.Second

// ClientVersion asks the client, a program in PATH, for its version.
func ClientVersion(ctx context.Context, client string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTime)
	defer cancel()
	path, err := exec.LookPath(client)
	if err != nil {
		return "", fmt.Errorf("the client %s is not in PATH", client)
	}
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	version := clientsettings.VersionOf(string(out))
	if version == "" {
		return "", fmt.Errorf("%s --version says %q", path, screen.Cut(screen.Line(string(out)), 60))
	}
	return version, nil
}
