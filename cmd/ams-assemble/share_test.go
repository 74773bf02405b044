package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"ams/pkg/upload"
)

// pages are the keys of the pages that were handed over.
func (b *bucketServer) pages(t *testing.T) (keys []string) {
	t.Helper()
	err := b.store(t).List(t.Context(), upload.SharePrefix, func(o upload.Object) error {
		keys = append(keys, o.Key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestASessionIsHandedOver stores two sessions, hands both over, reads a page as somebody without keys
// would, and sees the pages go: of the session that is removed at once, of the other when its time is
// over.
func TestASessionIsHandedOver(t *testing.T) {
	b := newBucketServer(t)
	spoolDir, now := t.TempDir(), time.Now()
	fillSpool(t, spoolDir, "sid-1", now.Add(-time.Hour))
	fillSpool(t, spoolDir, "sid-2", now.Add(-time.Hour))
	flags := b.flags(spoolDir)
	in := func(now time.Time, want int, args ...string) (stdout, stderr string) {
		t.Helper()
		code, stdout, stderr := runIn(t, now, append(args, flags...)...)
		if code != want {
			t.Fatalf("ams-assemble %v: exit code %d, want %d\n%s%s", args, code, want, stdout, stderr)
		}
		return stdout, stderr
	}
	in(now, exitDone, "run", "--redact-secrets", "no")
	if pages := b.pages(t); len(pages) > 0 {
		t.Errorf("without being asked: %v", pages)
	}
	address, said := in(now, exitDone, "show", "sid-1", "--url", "--expires", "2d")
	if !strings.Contains(said, "whoever has this address can read the session; ams-assemble rm sid-1 takes it away") || strings.Count(address, "\n") != 1 {
		t.Errorf("it says %s, and prints %s", said, address)
	}
	r, err := b.Client().Get(strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d, %s: %s", r.StatusCode, r.Header.Get("Content-Type"), page)
	}
	for _, want := range []string{"Hello from sid-1", `content="default-src 'none'; `, `name="referrer" content="no-referrer"`} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}

	// A second link is another page; one that is too long is none.
	in(now, exitDone, "show", "sid-1", "--url")
	in(now, exitDone, "show", "sid-2", "--url", "--expires", "1h")
	_, said = in(now, exitUsage, "show", "sid-2", "--url", "--expires", "8d")
	if !strings.Contains(said, "--expires must be 1m to 7d") {
		t.Errorf("it says %s", said)
	}
	if pages := b.pages(t); len(pages) != 3 {
		t.Errorf("pages %v, want three", pages)
	}

	// Removed with the session; and by a run that has nothing else to do, when the link ended.
	in(now, exitDone, "rm", "sid-1")
	if pages := b.pages(t); len(pages) != 1 || !strings.HasPrefix(pages[0], "share/sid-2/") {
		t.Errorf("after rm: %v", pages)
	}
	in(now.Add(30*time.Minute), exitDone, "run")
	if pages := b.pages(t); len(pages) != 1 {
		t.Errorf("before its end: %v", pages)
	}
	in(now.Add(3*time.Hour), exitDone, "run")
	if pages := b.pages(t); len(pages) != 0 {
		t.Errorf("after its end: %v", pages)
	}
}

// TestAHandedOverPageRunsNothing is of a session with hostile texts, and of a secret that was stored.
func TestAHandedOverPageRunsNothing(t *testing.T) {
	b := newBucketServer(t)
	spoolDir, now := t.TempDir(), time.Now()
	secret := "ghp_" + strings.Repeat("aB3x", 9)
	fillSpool(t, spoolDir, "<script>alert(1)</script></pre> "+secret, now.Add(-time.Hour))
	flags := b.flags(spoolDir)
	if code, _, said := runIn(t, now, append([]string{"run", "--redact-secrets", "no"}, flags...)...); code != exitDone {
		t.Fatal(said)
	}
	code, address, said := runIn(t, now, append([]string{"show", "last", "--url"}, flags...)...)
	if code != exitDone {
		t.Fatal(said)
	}
	r, err := b.Client().Get(strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if text := string(page); err != nil || strings.Contains(text, "<script") || strings.Count(text, "</pre>") != 1 || strings.Contains(text, "Hello from <") {
		t.Errorf("%v\n%s", err, page)
	}
	if _, prompt, _ := strings.Cut(string(page), "Hello from"); prompt == "" || strings.Contains(prompt, secret) {
		t.Errorf("the prompt is %.200q", prompt)
	}
}

func TestOnlyABucketHandsOver(t *testing.T) {
	code, _, said := runIn(t, time.Now(), "show", "x", "--url", "--local-dir", t.TempDir())
	if code != exitUsage || !strings.Contains(said, "--url: only a bucket can be read by a link") || !strings.Contains(said, "hint: --markdown") {
		t.Errorf("exit code %d: %s", code, said)
	}
	code, _, said = runIn(t, time.Now(), "show", "x", "--url", "--json")
	if code != exitUsage || !strings.Contains(said, "--url hands the whole session over") {
		t.Errorf("exit code %d: %s", code, said)
	}
}
