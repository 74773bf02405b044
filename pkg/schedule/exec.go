package schedule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// maxOutput bounds what is kept of a program's output. The longest crontab that cron reads is far shorter.
const maxOutput = 4 << 20

// ErrTooLong says that a program wrote more than we keep. What was kept is not to be used: a crontab cut short would
// lose lines.
var ErrTooLong = errors.New("its output is too long")

// Exec runs argv, as [Machine] wants it of Run.
func Exec(ctx context.Context, stdin string, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.WaitDelay = time.Second
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bounded
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		return stdout.String() + stderr.String(), err
	}
	if stdout.cut {
		return "", fmt.Errorf("%s: %w", argv[0], ErrTooLong)
	}
	return stdout.String(), nil
}

// bounded keeps the first maxOutput bytes and takes the rest, so that the program is not held up.
type bounded struct {
	bytes.Buffer
	cut bool
}

// Write never fails.
func (b *bounded) Write(p []byte) (int, error) {
	room := min(maxOutput-b.Len(), len(p))
	b.cut = b.cut || room < len(p)
	b.Buffer.Write(p[:room])
	return len(p), nil
}
