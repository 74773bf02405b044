//go:build unix

package install

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnEnvFileOfAnotherUserIsNotRead(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT TESTED: an env file of another user: only root can give files away")
	}
	const nobody = 65534 // a user that no test runs as
	path := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(path, []byte("AMS_S3_BUCKET=theirs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	none := func(string) (string, bool) { return "", false }
	err := LoadEnv(path, none, func(name, value string) error {
		t.Errorf("%s=%s was set", name, value)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "it belongs to user 65534, not to user 0") {
		t.Errorf("got %v", err)
	}
}
