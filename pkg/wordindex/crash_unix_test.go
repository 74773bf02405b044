//go:build unix

package wordindex

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// crashDir names the index for a child of [TestACrashAtAnyMomentCostsTimeOnly].
const crashDir = "AMS_TEST_WORDS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeForEver(Open(dir))
	}
	os.Exit(m.Run())
}

// writeForEver adds, replaces and forgets sessions until it is killed.
func writeForEver(x *Index) {
	t := new(testing.T)
	for i := 0; ; i++ {
		for n := range 4 {
			name := fmt.Sprintf("s-%d", (i+n)%7)
			_, _ = x.Add(name, "v1", body(t, name, fmt.Sprintf("needle%d hay", (i+n)%7)))
		}
		_ = x.Flush(context.Background(), time.Second)
		if i%5 == 0 {
			_ = x.Forget(fmt.Sprintf("s-%d", i%7))
		}
	}
}

// TestACrashAtAnyMomentCostsTimeOnly kills a process that writes: what is left is right or not believed.
func TestACrashAtAnyMomentCostsTimeOnly(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "words")
	r := rand.New(rand.NewSource(1))
	for range 12 {
		child := exec.Command(self)
		child.Env = append(os.Environ(), crashDir+"="+dir)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+r.Intn(120)) * time.Millisecond)
		_ = child.Process.Kill()
		_ = child.Wait()
		for n := range 7 {
			name := fmt.Sprintf("s-%d", n)
			if got := candidates(t, Open(dir), fmt.Sprintf("needle%d", n), name); got != name {
				t.Fatalf("%s holds the text and is no candidate", name)
			}
		}
		x := Open(dir)
		fill(t, x, map[string]string{"after": "the crash"})
		if got := candidates(t, x, "crash", "after", "s-9"); got != "after s-9" {
			t.Errorf("after the crash: got %q", got)
		}
	}
}
