package clienttest

import (
	"bytes"
	"io"
	"os"
	"testing"
)

// recordVar names the file to which this test binary, run as a hook, appends what it reads.
const recordVar = "AMS_CLIENTTEST_RECORD"

func TestMain(m *testing.M) {
	Enter()
	if path := os.Getenv(recordVar); path != "" {
		record(path)
	}
	if mode := os.Getenv(standInVar); mode != "" {
		standIn(mode)
	}
	os.Exit(m.Run())
}

// record appends stdin as one line, in one write, and exits. The status is never 2, which would block a tool call.
func record(path string) {
	payload, err := io.ReadAll(os.Stdin)
	if err != nil {
		os.Exit(1)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		os.Exit(1)
	}
	// Clients up to 2.0 end the payload without a newline.
	if _, err := f.Write(append(bytes.TrimSpace(payload), '\n')); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}
