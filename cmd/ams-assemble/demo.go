package main

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/lax"
	"ams/pkg/library"
	"ams/pkg/price"
	"ams/pkg/query"
	"ams/pkg/recorded"
	"ams/pkg/screen"
	"ams/pkg/story"
	"ams/pkg/upload"
)

// recording is one session of client 2.1.330, as its hooks and its files had it. The model was a script; the client, its hooks, its
// tools and its bill were real. Lines that no Session needs are left out.
//
//go:embed all:demo
var recording embed.FS

// recordedRoot is where the recorded client kept its files.
const recordedRoot = "/home/dev/demo/config"

func demoCommand(e env) *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "replay a recorded session through the real ams-hook, assemble it and tell its story",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "keep everything in `DIR` (default: a new folder for temporary files)"},
			&cli.StringFlag{Name: "hook", Usage: "the ams-hook `PROGRAM` (default: the one beside ams-assemble, else in PATH)"},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("demo takes no arguments")
			}
			hook, err := machineOf(e).FindHook(c.String("hook"))
			if err != nil {
				return err
			}
			dir := c.String("dir")
			if dir == "" {
				dir, err = os.MkdirTemp("", "ams-demo-")
			} else if dir, err = filepath.Abs(dir); err == nil {
				err = os.MkdirAll(dir, 0o700)
			}
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			layout, _, err := layoutOf(e, c)
			if err != nil {
				return err
			}
			return demo(c.Context, e, dir, hook, layout)
		},
	}
}

// demo replays, assembles, stores and tells.
func demo(ctx context.Context, e env, dir, hook string, layout screen.Screen) error {
	events, err := demoEvents(dir)
	if err != nil {
		return err
	}
	claude, spoolDir := filepath.Join(dir, "claude"), filepath.Join(dir, "spool")
	fmt.Fprintf(e.stderr, "ams-assemble: replaying %d hook events through %s\n", len(events), hook)
	begin := e.now()
	for i := range events {
		due := begin.Add(events[i].recorded.Sub(events[0].recorded))
		if err := wait(ctx, due.Sub(e.now())); err != nil {
			return err
		}
		events[i].replayed = e.now()
		if err := machineOf(e).StartHook(ctx, hook, events[i].raw, "AMS_SPOOL_DIR="+spoolDir, "AMS_AGENT_NAME=demo", "AMS_TAGS=demo"); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	if err := demoTranscript(claude, events); err != nil {
		return err
	}
	// The demo has its own folders and no settings but the defaults, whatever the environment says.
	prices, err := price.Embedded()
	if err != nil {
		return err
	}
	set := settings{spoolDir: spoolDir, claudeDir: claude, localDir: filepath.Join(dir, "store"), now: true, join: joinSettings(prices)}
	if err := runAll(ctx, e, set, runOptions{jobs: 1, quiet: true}); err != nil {
		return err
	}
	return tellStored(ctx, e, dir, set, layout)
}

// tellStored says where the files are, lists what is stored, which is one session, and tells it.
func tellStored(ctx context.Context, e env, dir string, set settings, layout screen.Screen) error {
	lib := library.Open(upload.NewLocal(set.localDir), library.Options{})
	all, err := lib.List(ctx, query.Query{})
	if err == nil && len(all.Sessions) != 1 {
		err = fmt.Errorf("%d sessions are stored, want 1", len(all.Sessions))
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	r := all.Sessions[0]
	s, err := lib.Get(ctx, r.SessionID)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintf(e.stdout, "spool:    %s\nsession:  %s\nindex:    %s\n\n", filepath.Join(dir, "spool", s.SessionID+".db"),
		filepath.Join(set.localDir, filepath.FromSlash(r.Key())), filepath.Join(set.localDir, "index", r.Name+".json"))
	table := listTable{page: &page{Screen: layout, Writer: e.stdout, terminal: true}, shortID: all.ShortID, year: e.now().Local().Year()}
	if err := table.write(all.Sessions, 0); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintln(e.stdout)
	return story.Write(e.stdout, s, story.Options{Screen: layout, Location: time.Local})
}

// demoEvent is one recorded hook event.
type demoEvent struct {
	recorded, replayed time.Time
	raw                []byte
}

// moved is the time in the replay of a time in the recording. The replay may have been slower than the recording, so a time between two
// events stays in the same proportion between them.
func moved(events []demoEvent, t time.Time) time.Time {
	next := sort.Search(len(events), func(i int) bool { return events[i].recorded.After(t) })
	switch next {
	case 0:
		return events[0].replayed.Add(t.Sub(events[0].recorded))
	case len(events):
		last := events[next-1]
		return last.replayed.Add(t.Sub(last.recorded))
	}
	a, b := events[next-1], events[next]
	part := float64(t.Sub(a.recorded)) / float64(b.recorded.Sub(a.recorded))
	return a.replayed.Add(time.Duration(part * float64(b.replayed.Sub(a.replayed))))
}

// demoEvents reads the recorded events; the paths in them are moved to dir.
func demoEvents(dir string) ([]demoEvent, error) {
	b, err := recording.ReadFile("demo/hooks.jsonl")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	var out []demoEvent
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, len(b)+1)
	for lines.Scan() {
		var line recorded.RecordLine
		if err := lax.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		at, err := time.Parse(time.RFC3339Nano, line.ReceivedAt)
		if err != nil || line.Raw == nil {
			return nil, fmt.Errorf("demo: bad line: %w", errors.Join(err, errors.New(line.ReceivedAt)))
		}
		raw := strings.ReplaceAll(*line.Raw, recordedRoot, filepath.ToSlash(filepath.Join(dir, "claude")))
		out = append(out, demoEvent{recorded: at, raw: []byte(raw)})
	}
	return out, lines.Err()
}

var recordedTime = regexp.MustCompile(`"timestamp":"([^"]+)"`)

// demoTranscript writes the recorded transcript with the times of the replay.
func demoTranscript(claude string, events []demoEvent) error {
	root, err := fs.Sub(recording, "demo/projects")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	err = fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		target := filepath.Join(claude, "projects", filepath.FromSlash(path))
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		b, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		b = recordedTime.ReplaceAllFunc(b, func(m []byte) []byte {
			t, err := time.Parse(time.RFC3339Nano, string(recordedTime.FindSubmatch(m)[1]))
			if err != nil {
				return m
			}
			return []byte(`"timestamp":"` + moved(events, t).UTC().Format("2006-01-02T15:04:05.000Z") + `"`)
		})
		return os.WriteFile(target, b, 0o600)
	})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// wait sleeps, unless the person had enough.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
