package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnlyMainHasTheStreams holds that nothing writes past the door: only main names the streams.
func TestOnlyMainHasTheStreams(t *testing.T) {
	for _, root := range []string{".", "../../pkg"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == "main.go" ||
				strings.Contains(filepath.ToSlash(path), "/clienttest/") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, stream := range []string{"os.Stdout", "os.Stderr", "fmt.Print", "log.Print", "\tprintln("} {
				if bytes.Contains(b, []byte(stream)) {
					t.Errorf("%s writes to %s, past what main puts before a terminal", path, strings.TrimSpace(stream))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
