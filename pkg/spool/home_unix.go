//go:build unix && !darwin

package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// userHome reads /etc/passwd itself: package os/user would link the C library,
// whose start costs a hook more than everything it does.
func userHome() (string, error) {
	b, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return "", fmt.Errorf("home folder: HOME is not set, and %w", err)
	}
	return passwdHome(string(b), os.Getuid())
}

// passwdHome returns the sixth field of the line of a user id.
func passwdHome(passwd string, uid int) (string, error) {
	for line := range strings.Lines(passwd) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) >= 7 && f[2] == strconv.Itoa(uid) && filepath.IsAbs(f[5]) {
			return f[5], nil
		}
	}
	return "", fmt.Errorf("home folder: HOME is not set, and user %d is not in /etc/passwd", uid)
}
