// Package browser walks through the page in a real browser: Debian's chromium, driven by chromedp. It is a module of its own, so that
// neither it nor a browser is part of the product.
//
//	.ci/check-page
//
// AMS_SCREENSHOTS names a folder for pictures, AMS_AXE the file axe.min.js of axe-core, AMS_CHROMIUM the browser. Without a
// browser the tests are skipped and say so; where CI is set they fail.
package browser

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// programs is the folder of ams-hook and ams-assemble, built from this checkout, and of the store.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ams-browser-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	if path := os.Getenv("AMS_SCREENSHOTS"); path != "" {
		if err := os.MkdirAll(path, 0o755); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if findBrowser() != "" {
		build := exec.Command("go", "build", "-o", dir+"/", "./cmd/...")
		build.Dir = "../.."
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
	}
	status := m.Run()
	if stopBrowser != nil {
		stopBrowser()
	}
	return status
}

// findBrowser is the path of a browser, "" for none.
func findBrowser() string {
	if path := os.Getenv("AMS_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

var (
	startBrowser sync.Once
	allTabs      context.Context
	stopBrowser  context.CancelFunc
)

// browserContext is the browser of all tests.
func browserContext(t testing.TB) context.Context {
	t.Helper()
	path := findBrowser()
	if path == "" {
		const word = "NOT TESTED: the page in a browser; there is no chromium (apt-get install chromium)"
		if os.Getenv("CI") != "" {
			t.Fatal(word)
		}
		t.Skip(word)
	}
	startBrowser.Do(func() {
		opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true), chromedp.Flag("enable-precise-memory-info", true), chromedp.WindowSize(1280, 900))
		if os.Getuid() == 0 {
			opts = append(opts, chromedp.NoSandbox) // it refuses to start as root else
		}
		all, stop := chromedp.NewExecAllocator(context.Background(), opts...)
		allTabs, stopBrowser = chromedp.NewContext(all)
		_ = chromedp.Do(allTabs)
		cancel := stopBrowser
		stopBrowser = func() { cancel(); stop() }
	})
	return allTabs
}

// assemble runs ams-assemble and returns what it prints.
func assemble(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs, "ams-assemble"), args...)
	cmd.Env = environment(t)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ams-assemble %s: %v\n%s", strings.Join(args, " "), err, errs.Bytes())
	}
	return string(out)
}

// environment has a home of its own: nothing of the person who runs the test is read or changed.
func environment(t testing.TB) []string {
	home := filepath.Join(programs, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TZ=UTC", "LC_ALL=C.UTF-8", "AMS_LOCAL_DIR=" + filepath.Join(home, "store"),
		"AMS_SPOOL_DIR=" + filepath.Join(home, "spool")}
}

var fillStore sync.Once

// store fills the store with what the repository has recorded: the demo, and recordings of the client of all kinds.
func store(t testing.TB) {
	t.Helper()
	fillStore.Do(func() {
		captures := "../../cmd/ams-assemble/testdata/captures"
		folders, err := os.ReadDir(captures)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range folders {
			dir := filepath.Join(captures, f.Name())
			assemble(t, "spool", "load", filepath.Join(dir, "hooks.jsonl"))
			assemble(t, "run", "--quiet", "--now", "--claude-dir", dir)
		}
		generate(t, filepath.Join(programs, "home", "store"), "-events", "900")
	})
}

// generate puts sessions that no client recorded into a store.
func generate(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", append(append([]string{"run", "./bench/page"}, args...), dir)...)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("bench/page: %v\n%s", err, out)
	}
}

// view starts the page over the store and returns its address, with the token, until the test ends.
func view(t testing.TB, args ...string) string {
	t.Helper()
	browserContext(t)
	store(t)
	cmd := exec.Command(filepath.Join(programs, "ams-assemble"), append([]string{"view"}, args...)...)
	cmd.Env = environment(t)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		_ = cmd.Wait()
	})
	address, said := regexp.MustCompile(`http://\S+`), ""
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := address.FindString(lines.Text()); found != "" {
			go func() {
				for lines.Scan() {
				}
			}()
			return found
		}
		said += lines.Text() + "\n"
	}
	t.Fatalf("ams-assemble view says no address\n%s", said)
	return ""
}
