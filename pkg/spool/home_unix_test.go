//go:build unix && !darwin

package spool

import "testing"

func TestPasswdHome(t *testing.T) {
	const passwd = "root:x:0:0:root:/root:/bin/sh\n# note\nbroken:x:7\ndev:x:1000:1000:D,,:/home/dev:/bin/sh\nrel:x:8:8::home:/bin/sh"
	for uid, want := range map[int]string{0: "/root", 1000: "/home/dev", 7: "", 8: "", 9: ""} {
		got, err := passwdHome(passwd, uid)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("user %d: got %q, %v, want %q", uid, got, err, want)
		}
	}
}
