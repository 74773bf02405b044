package redact

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

const prose = `I'll look at how the upload works first, then change the retry so that it stops after the third attempt. The test in
store_test.go covers the happy path only: a server that answers late is never tried. Let me read both files and run the tests
before I touch anything. (The last change there, two weeks ago, was about timeouts; see the notes below.) `

// pieces are what a session holds: prose, code, JSON, logs.
func pieces(tb testing.TB) []string {
	tb.Helper()
	p := []string{prose, strings.Repeat(prose, 20)}
	for _, pattern := range []string{"../schema/*.go", "../schema/*.json", "../transcript/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			tb.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				tb.Fatal(err)
			}
			p = append(p, string(b))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	var logs, data strings.Builder
	for i := range 200 {
		fmt.Fprintf(&logs, "2026-11-22T10:%02d:%02d.%03dZ INFO server.go:%d request done method=GET path=/api/v1/items/%d status=200 bytes=%d ms=%.3f id=%016x\n",
			i/60, i%60, i, random.IntN(900), random.IntN(1e6), random.IntN(1e7), random.Float64()*90, random.Uint64())
		fmt.Fprintf(&data, `{"id":"toolu_%016x","type":"tool_result","line":%d,"file_path":"/home/jane/site/src/item_%d.ts","ok":true,"duration_ms":%d},`,
			random.Uint64(), i, random.IntN(100), random.IntN(1e5))
	}
	return append(p, logs.String(), data.String())
}

// BenchmarkText is the speed over texts with all rules on.
func BenchmarkText(b *testing.B) {
	texts := pieces(b)
	r := both()
	b.SetBytes(int64(len(strings.Join(texts, ""))))
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range texts {
			r.Text(text)
		}
	}
}

// BenchmarkNearMisses is the speed over nothing but what nearly is a finding.
func BenchmarkNearMisses(b *testing.B) {
	text := strings.Repeat(strings.Join(rows(b, "keep.txt"), "\n")+"\n", 50)
	r := both()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.scan(text)
	}
}

func BenchmarkFindings(b *testing.B) {
	ins, _ := replacements(b)
	text := strings.Repeat(strings.Join(ins, "\n")+"\n", 50)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		both().Text(text)
	}
}

func BenchmarkJSON(b *testing.B) {
	var raws []lax.Raw
	n := 0
	for _, piece := range pieces(b) {
		raw, err := lax.Line(map[string]any{"stdout": piece, "stderr": "", "interrupted": false})
		if err != nil {
			b.Fatal(err)
		}
		raws = append(raws, raw)
		n += len(raw)
	}
	r := both()
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		for _, raw := range raws {
			r.JSON(raw)
		}
	}
}

func BenchmarkSession(b *testing.B) {
	var s schema.Session
	n := 0
	for _, piece := range pieces(b) {
		raw, err := lax.Line(map[string]any{"stdout": piece})
		if err != nil {
			b.Fatal(err)
		}
		s.Events = append(s.Events, schema.Event{Prompt: piece},
			schema.Event{Tool: &schema.Tool{Input: schema.Raw(`{"command":"ls"}`), Result: raw}})
		n += len(piece) + len(raw)
	}
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		both().Session(&s)
	}
}

// hostile are texts of nothing but beginnings: what they cost must grow with their length alone.
var hostile = []string{"token=", "password: ", "password = \"", "Cookie: a=", "://a:b",
	"-----BEGIN PRIVATE KEY-----\n", "value=", "data:\n", "eyJ", "MIIE",
	"a,password,", "|password", "-p ", "echo x|", "1111:", "$6$", "password is ", "{\"value\":"}

// BenchmarkHostile is the time for a MB of each.
func BenchmarkHostile(b *testing.B) {
	for _, piece := range hostile {
		text := strings.Repeat(piece, 1<<20/len(piece))
		b.Run(strings.TrimSpace(piece), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				both().Text(text)
			}
		})
	}
}
