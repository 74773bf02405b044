package main

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// crash does, in a child, what ams-hook's main must survive in its own way. It
// returns false for other words.
func crash(what string) bool {
	switch what {
	case "panic", "fault", "overflow", "memory", "limits", "goroutine":
		protect(false)
	default:
		return false
	}
	switch what {
	case "panic":
		_ = guard(func() error { panic("of our own") })
	case "fault":
		_ = guard(func() error { return touch(nil) })
	case "overflow":
		_ = guard(func() error { return overflow(0) })
	case "memory":
		_ = guard(func() error { return touch(make([]byte, 1<<46)) })
	case "goroutine":
		go panic("in a goroutine of somebody's library")
		select {}
	case "limits":
		b, _ := os.ReadFile("/proc/self/limits")
		_ = os.WriteFile(os.Getenv("AMS_TEST_OUT"), b, 0o600)
	}
	return true
}

func touch(b []byte) error {
	p := &b[0]
	*p = 1
	return nil
}

func overflow(n int) error {
	if n < 0 {
		return nil
	}
	var pad [1000]byte
	pad[n%len(pad)] = 1
	err := overflow(n + 1)
	runtime.KeepAlive(pad)
	return err
}

// TestNoCrashBlocks holds that a crash ends with 0 where it can be recovered, and
// else by a signal: status 2 would block the agent's tool call. And that it is
// silent.
func TestNoCrashBlocks(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for what, recovers := range map[string]bool{
		"panic": true, "fault": true, "overflow": false, "memory": false, "goroutine": false,
	} {
		t.Run(what, func(t *testing.T) {
			var out bytes.Buffer
			cmd := exec.Command(self)
			cmd.Env = []string{"AMS_TEST_CHILD=" + what}
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			code := cmd.ProcessState.ExitCode()
			if recovers && code != 0 || code == 2 && runtime.GOOS != "windows" {
				t.Errorf("exit status %d, %v", code, err)
			}
			if out.Len() > 0 {
				t.Errorf("printed %.300q", out.String())
			}
		})
	}
}

func TestLimits(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir() + "/limits"
	cmd := exec.Command(self)
	cmd.Env = []string{"AMS_TEST_CHILD=limits", "AMS_TEST_OUT=" + out}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Max cpu time 10 10 seconds", "Max core file size 1 1 bytes"} {
		found := false
		for line := range strings.Lines(string(b)) {
			found = found || strings.Join(strings.Fields(line), " ") == want
		}
		if !found {
			t.Errorf("no line %q in\n%s", want, b)
		}
	}
}
