//go:build linux

package main

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"ams/pkg/spool"
)

// testCase is one kind of hostile input.
type testCase struct {
	name string
	make func(p place) error
	args func(p place) [][]string // of the runs of the program
}

const (
	mb        = 1_000_000
	sessionID = "5e551011-0000-4000-8000-000000000000"
	when      = "2026-11-20T10:00:00.000Z"
)

var cases = []testCase{
	{"deep-payloads", payloads(6, func() string { return `{"a":` + strings.Repeat("[", 9900) + strings.Repeat("]", 9900) + `}` }), assemble},
	{"deep-and-wide", payloads(1, func() string {
		return strings.Repeat(`[`, 60) + strings.Repeat("[],", 10*mb) + "[]" + strings.Repeat(`]`, 60)
	}), assemble},
	{"wide-payload", payloads(1, func() string { return `[` + strings.Repeat("0,", 30*mb) + `0]` }), assemble},
	{"many-members", payloads(1, members(4*mb)), assemble},
	{"large-payloads", payloads(30, func() string { return `{"stdout":"` + strings.Repeat("the quick brown fox ", 2*mb) + `"}` }), assemble},
	{"line-1GB", transcript(func(w *bufio.Writer) {
		line(w, 0, `"type":"user","message":{"role":"user","content":"`, `hello"}`)
		begin(w, 1, `"type":"user","message":{"role":"user","content":"`)
		fill(w, 1000*mb)
		fmt.Fprintln(w, `"}}`)
		line(w, 2, `"type":"user","message":{"role":"user","content":"`, `bye"}`)
	}), imports},
	{"lines-50MB", transcript(func(w *bufio.Writer) {
		for i := range 40 {
			begin(w, i, `"type":"user","message":{"role":"user","content":"`)
			fill(w, 50*mb)
			fmt.Fprintln(w, `"}}`)
		}
	}), imports},
	{"blocks-50MB", transcript(func(w *bufio.Writer) {
		for i := range 4 {
			begin(w, i, `"type":"assistant","message":{"id":"m`+fmt.Sprint(i)+`","role":"assistant","content":[`)
			for range 1_000_000 {
				w.WriteString(`{"type":"text","text":"a"},`)
			}
			fmt.Fprintln(w, `{}]}}`)
		}
	}), imports},
	{"title-50MB", transcript(func(w *bufio.Writer) {
		line(w, 0, `"type":"user","message":{"role":"user","content":"`, `hello"}`)
		fmt.Fprintf(w, `{"type":"custom-title","sessionId":"%s","customTitle":"`, sessionID)
		fill(w, 50*mb)
		fmt.Fprintln(w, `"}`)
	}), func(p place) [][]string { return append(imports(p), []string{"list"}, []string{"find", "hello"}) }},
	{"300k-messages", transcript(func(w *bufio.Writer) {
		for i := range 300_000 {
			message(w, i, "")
		}
	}), imports},
	{"100k-tools", transcript(func(w *bufio.Writer) {
		for i := range 100_000 {
			tool(w, i)
		}
	}), imports},
	{"100k-agents", agents(100_000), imports},
	{"100k-uuids", transcript(func(w *bufio.Writer) {
		for i := range 100_000 {
			fmt.Fprintf(w, `{"type":"user","uuid":"u%d","sessionId":"%s","requestSessionId":"s%d","timestamp":"%s","message":{"role":"user","content":"x"}}`+"\n",
				i, sessionID, i, when)
		}
	}), imports},
	{"bundle-zeros", bundleOf(func(t *tar.Writer) error { return member(t, "project/"+sessionID+".jsonl", 4<<30) }), bundled},
	{"bundle-members", bundleOf(func(t *tar.Writer) (err error) {
		for i := 0; i < 3*mb && err == nil; i++ {
			err = member(t, fmt.Sprintf("project/%s/subagents/agent-%d.jsonl", sessionID, i), 0)
		}
		return err
	}), bundled},
	{"spool-load-1GB", func(p place) error {
		return write(p.file, func(w *bufio.Writer) {
			fmt.Fprintf(w, `{"received_at":"%s","raw":"`, when)
			fill(w, 1000*mb)
			fmt.Fprintln(w, `"}`)
		})
	}, func(p place) [][]string { return [][]string{{"spool", "load", p.file}} }},
	{"index-1GB", stored(1000*mb, 1000), reads},
	{"body-2GB", stored(100, 2000*mb), reads},
	{"body-900MB", stored(100, 900*mb), reads},
}

func assemble(place) [][]string {
	return [][]string{{"run", "--now", "-q"}, {"run", "--now", "-q"}, {"find", "nowhere"}, {"show", "last"}}
}

func imports(place) [][]string { return [][]string{{"import", "--now"}} }

func bundled(p place) [][]string { return [][]string{{"session", p.file + ".tar.zst"}} }

func reads(place) [][]string {
	return [][]string{{"list"}, {"find", "aaa"}, {"show", "last"}, {"show", sessionID}}
}

func write(path string, fn func(w *bufio.Writer)) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fn(w)
	return errors.Join(w.Flush(), f.Close())
}

func fill(w *bufio.Writer, n int) {
	block := strings.Repeat("a", 1<<20)
	for ; n > 0; n -= len(block) {
		w.WriteString(block[:min(n, len(block))])
	}
}

// payloads puts tool results into a spool, as hooks would have.
func payloads(n int, result func() string) func(place) error {
	return func(p place) error {
		for i := range n {
			raw := fmt.Appendf(nil, `{"session_id":"%s","hook_event_name":"PostToolUse","tool_name":"mcp__x__y","tool_use_id":"t%d","tool_input":{},"tool_response":%s}`,
				sessionID, i, result())
			key := spool.KeyFor(time.Date(2026, 11, 20, 10, 0, i, 0, time.UTC), raw, i)
			if _, err := spool.Insert(p.spool, sessionID, []spool.Record{{Key: key, Raw: raw}}); err != nil {
				return err
			}
		}
		return nil
	}
}

// members is an object with many members.
func members(n int) func() string {
	return func() string {
		var b strings.Builder
		b.WriteString(`{"":0`)
		for i := range n {
			fmt.Fprintf(&b, `,"%d":0`, i)
		}
		b.WriteString(`}`)
		return b.String()
	}
}

func transcript(fn func(w *bufio.Writer)) func(place) error {
	return func(p place) error {
		return write(filepath.Join(p.claude, "projects", "-p", sessionID+".jsonl"), fn)
	}
}

func begin(w *bufio.Writer, i int, text string) {
	fmt.Fprintf(w, `{"uuid":"u%d","sessionId":"%s","timestamp":"%s",%s`, i, sessionID, when, text)
}

func line(w *bufio.Writer, i int, text ...string) {
	begin(w, i, strings.Join(text, ""))
	fmt.Fprintln(w, "}")
}

// message is what a model said, in the shape of client 2.1.330.
func message(w *bufio.Writer, i int, agent string) {
	fmt.Fprintf(w, `{"parentUuid":"u%s%d","isSidechain":%v,"userType":"external","cwd":"/home/dev/proj","sessionId":"%s","version":"2.1.330",`+
		`"gitBranch":"main","agentId":"%s","type":"assistant","message":{"model":"claude-opus-5-5","id":"msg_%s%012d","type":"message","role":"assistant",`+
		`"content":[{"type":"text","text":"I looked at the file and found that the function takes one away from the sum."}],"stop_reason":"end_turn",`+
		`"usage":{"input_tokens":3,"cache_creation_input_tokens":120,"cache_read_input_tokens":12000,"output_tokens":40}},`+
		`"requestId":"req_%s%d","uuid":"u%s%d","timestamp":"2026-11-20T%02d:%02d:%02d.000Z"}`+"\n",
		agent, i-1, agent != "", sessionID, agent, agent, i, agent, i, agent, i, i/3600%24, i/60%60, i%60)
}

// tool is one call of a tool and its result.
func tool(w *bufio.Writer, i int) {
	line(w, 2*i, fmt.Sprintf(`"type":"assistant","message":{"id":"m%d","role":"assistant","model":"claude-opus-5-5","stop_reason":"tool_use",`+
		`"usage":{"input_tokens":3,"output_tokens":40},"content":[{"type":"tool_use","id":"toolu_%d","name":"Bash","input":{"command":"ls -la /home/dev"}}]}`, i, i))
	line(w, 2*i+1, fmt.Sprintf(`"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_%d","content":"%s"}]},`+
		`"toolUseResult":{"stdout":"%s","stderr":"","interrupted":false}`, i, strings.Repeat("a file ", 20), strings.Repeat("a file ", 20)))
}

// agents are a session with many subagents, each with its own file.
func agents(n int) func(place) error {
	return func(p place) error {
		main := transcript(func(w *bufio.Writer) { line(w, 0, `"type":"user","message":{"role":"user","content":"go"}`) })(p)
		folder := filepath.Join(p.claude, "projects", "-p", sessionID, "subagents")
		for i := 0; i < n && main == nil; i++ {
			id := fmt.Sprintf("a%07x", i)
			main = errors.Join(
				write(filepath.Join(folder, "agent-"+id+".jsonl"), func(w *bufio.Writer) { message(w, 0, id); message(w, 1, id) }),
				write(filepath.Join(folder, "agent-"+id+".meta.json"), func(w *bufio.Writer) {
					fmt.Fprintf(w, `{"agentType":"general-purpose","description":"look","toolUseId":"toolu_%s","spawnDepth":1}`, id)
				}))
		}
		return main
	}
}

func bundleOf(fn func(t *tar.Writer) error) func(place) error {
	return func(p place) error {
		f, err := os.Create(p.file + ".tar.zst")
		if err != nil {
			return err
		}
		z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
		if err != nil {
			return err
		}
		t := tar.NewWriter(z)
		manifest := fmt.Sprintf(`{"version":1,"session_id":"%s"}`, sessionID)
		err = t.WriteHeader(&tar.Header{Name: "manifest.json", Mode: 0o600, Size: int64(len(manifest))})
		if err == nil {
			_, err = io.WriteString(t, manifest)
		}
		if err == nil {
			err = fn(t)
		}
		return errors.Join(err, t.Close(), z.Close(), f.Close())
	}
}

// member writes a file of zeros into an archive.
func member(t *tar.Writer, name string, size int64) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size}); err != nil {
		return err
	}
	_, err := io.CopyN(t, zeros{}, size)
	return err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// stored puts a session into the store with an index record and a body that are as large as said.
func stored(index, body int) func(place) error {
	return func(p place) error {
		return errors.Join(
			write(filepath.Join(p.store, "index", sessionID+".json"), func(w *bufio.Writer) {
				fmt.Fprintf(w, `{"schema_version":"1.1","session_id":"%s","start_time":"2026-11-20T10:00:00+00:00","title":"`, sessionID)
				fill(w, index)
				fmt.Fprintln(w, `"}`)
			}),
			write(filepath.Join(p.store, "sessions", "2026", "11", "20", sessionID+".json"), func(w *bufio.Writer) {
				fmt.Fprintf(w, `{"schema_version":"1.1","session_id":"%s","start_time":"2026-11-20T10:00:00+00:00","events":[],"title":"`, sessionID)
				fill(w, body)
				fmt.Fprintln(w, `"}`)
			}))
	}
}
