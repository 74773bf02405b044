// Package demo replays a recorded session through hooks as they are called, at the pace of the recording, and puts
// the client's transcript beside them with the times of the replay.
package demo

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

	"ams/pkg/lax"
	"ams/pkg/recorded"
)

// recording is one session of client 2.1.330, as its hooks and its files had it. The model was a script; the client, its hooks, its
// tools and its bill were real. Lines that no Session needs are left out.
//
//go:embed all:recording
var recording embed.FS

// recordedRoot is where the recorded client kept its files.
const recordedRoot = "/home/dev/demo/config"

// Demo is a recording that is to be replayed.
type Demo struct {
	claude string
	events []event
}

// Open reads the recording; its transcript will be below the folder claude.
func Open(claude string) (*Demo, error) {
	events, err := readEvents(claude)
	return &Demo{claude, events}, err
}

// Events is how many hook events are replayed.
func (d *Demo) Events() int { return len(d.events) }

// Replay calls hook with the payload of each event when it is due, then writes the transcript.
func (d *Demo) Replay(ctx context.Context, now func() time.Time, hook func(raw []byte) error) error {
	begin := now()
	for i := range d.events {
		e := &d.events[i]
		if err := Wait(ctx, begin.Add(e.recorded.Sub(d.events[0].recorded)).Sub(now())); err != nil {
			return err
		}
		e.replayed = now()
		if err := hook(e.raw); err != nil {
			return err
		}
	}
	return writeTranscript(d.claude, d.events)
}

// event is one recorded hook event.
type event struct {
	recorded, replayed time.Time
	raw                []byte
}

// moved is the time in the replay of a time in the recording. The replay may have been slower than the recording, so
// a time between two events stays in the same proportion between them.
func moved(events []event, t time.Time) time.Time {
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

// readEvents reads the recorded events; the paths in them are moved to the folder claude.
func readEvents(claude string) ([]event, error) {
	b, err := recording.ReadFile("recording/hooks.jsonl")
	if err != nil {
		return nil, err
	}
	var out []event
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, len(b)+1)
	for lines.Scan() {
		var line recorded.RecordLine
		if err := lax.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, err
		}
		at, err := time.Parse(time.RFC3339Nano, line.ReceivedAt)
		if err != nil || line.Raw == nil {
			return nil, fmt.Errorf("bad line: %w", errors.Join(err, errors.New(line.ReceivedAt)))
		}
		raw := strings.ReplaceAll(*line.Raw, recordedRoot, filepath.ToSlash(claude))
		out = append(out, event{recorded: at, raw: []byte(raw)})
	}
	return out, lines.Err()
}

var recordedTime = regexp.MustCompile(`"timestamp":"([^"]+)"`)

// writeTranscript writes the recorded transcript with the times of the replay.
func writeTranscript(claude string, events []event) error {
	root, err := fs.Sub(recording, "recording/projects")
	if err != nil {
		return err
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
		return err
	}
	return nil
}

// Wait sleeps, unless the person had enough.
func Wait(ctx context.Context, d time.Duration) error {
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
