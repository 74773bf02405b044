package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// BenchmarkRead reads a transcript with the line types, key order and sizes of client 2.1.330 in a long session and
// keeps its lines, as ReadFiles does: median line 2.2 kB, 95th percentile 20 kB.
func BenchmarkRead(b *testing.B) {
	in := longSession(32 << 20)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		var lines []*Line
		rep, err := Read(bytes.NewReader(in), func(l *Line) { lines = append(lines, l) })
		if err != nil || rep.Unparsed != 0 || len(lines) == 0 {
			b.Fatalf("Read = %+v, %v with %d lines", rep, err, len(lines))
		}
	}
}

// TestLongSessionHasRealSizes keeps the benchmark honest.
func TestLongSessionHasRealSizes(t *testing.T) {
	var sizes []int
	in := longSession(4 << 20)
	for line := range bytes.Lines(in) {
		if !json.Valid(line) {
			t.Fatalf("no JSON: %.200s", line)
		}
		sizes = append(sizes, len(line))
	}
	slices.Sort(sizes)
	p50, p95 := sizes[len(sizes)/2], sizes[len(sizes)*95/100]
	if p50 < 1800 || p50 > 2600 || p95 < 16_000 || p95 > 24_000 {
		t.Errorf("sizes: p50 %d, p95 %d; want about 2200 and 20000", p50, p95)
	}
}

// longSession writes turns of a session until it has size bytes: the same for the same size.
func longSession(size int) []byte {
	w := &sessionWriter{rng: rand.New(rand.NewPCG(1, 2))}
	w.turnContext()
	for w.out.Len() < size {
		w.prompt()
		for range 3 + w.rng.IntN(12) {
			w.call()
		}
		w.line(`{"type":"last-prompt","lastPrompt":%s,"leafUuid":"%s","sessionId":"%s"}`, w.quoted(80), w.uuid(), benchSession)
		w.line(`{"type":"tools-used","tools":["Bash","Read"],"sessionId":"%s"}`, benchSession)
		w.line(`{"type":"cost-state","sessionId":"%s","totalCostUSD":0.0393,"totalAPIDuration":378,"startTime":1795341611358,`+
			`"modelUsage":{"claude-opus-5-5":{"inputTokens":40,"outputTokens":205,"cacheReadInputTokens":9000,"costUSD":0.0393}},`+
			`"hasUnknownModelCost":false}`, benchSession)
	}
	return w.out.Bytes()
}

const benchSession = "a1e08680-ebcd-4127-8dab-665e33d54c7e"

type sessionWriter struct {
	out bytes.Buffer
	rng *rand.Rand
	n   int
}

func (w *sessionWriter) line(format string, args ...any) {
	fmt.Fprintf(&w.out, format+"\n", args...)
}

func (w *sessionWriter) uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", w.rng.Uint32(), w.rng.IntN(1<<16), w.rng.IntN(1<<12), w.rng.IntN(1<<12), w.rng.Int64N(1<<48))
}

// size draws a length with the given median from a long-tailed distribution.
func (w *sessionWriter) size(median int) int {
	return min(int(float64(median)*math.Exp(w.rng.NormFloat64()*1.3)), 240_000)
}

// quoted is a JSON string of about n bytes of program text.
func (w *sessionWriter) quoted(n int) string {
	words := []string{"func", "return", "if err != nil {\n\t\t", "\"name\": ", "the", "session", "// ", "\n", "0x1f", "}\n", "transcript", "a := b[i]",
		"bytes.TrimSpace(line)", "import", "number", "of", "lines", "for", "range", "w.out.Len()", "size", "and", "what", "files", "package", "is",
		"größe", "→", "\n\t", "default", "case", "switch"}
	var s strings.Builder
	for s.Len() < n {
		s.WriteString(words[w.rng.IntN(len(words))])
		s.WriteByte(' ')
	}
	b, err := json.Marshal(s.String())
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (w *sessionWriter) tail() string {
	w.n++
	return fmt.Sprintf(`"userType":"external","entrypoint":"sdk-cli","cwd":"/home/dev/proj","sessionId":"%s","version":"2.1.330","gitBranch":"HEAD"}`, benchSession)
}

func (w *sessionWriter) at() string {
	return fmt.Sprintf("2026-11-22T10:%02d:%02d.%03dZ", w.n/60%60, w.n%60, w.n%1000)
}

func (w *sessionWriter) attachment(body string, rendered int) {
	w.line(`{"parentUuid":"%s","isSidechain":false,"attachment":%s,"type":"attachment","uuid":"%s","timestamp":"%s","rendered":[{"content":%s}],"renderedRole":"system",%s`,
		w.uuid(), body, w.uuid(), w.at(), w.quoted(rendered), w.tail())
}

// turnContext is what the client writes when a process starts.
func (w *sessionWriter) turnContext() {
	w.line(`{"type":"queue-operation","operation":"enqueue","timestamp":"%s","sessionId":"%s","content":%s}`, w.at(), benchSession, w.quoted(60))
	w.attachment(`{"type":"environment","snapshot":{"workingDirectory":"/home/dev/proj","isGitRepo":false}}`, 800)
	w.attachment(`{"type":"skill_listing","content":`+w.quoted(6000)+`,"skillCount":12}`, 6000)
	w.attachment(`{"type":"prompt_snapshot","systemPrompt":[`+w.quoted(57_000)+`]}`, 20)
	w.line(`{"type":"api-request-shape","sessionId":"%s","shapeHash":"e1846f51","shape":{"system":[{"type":"text","text":%s}]}}`, benchSession, w.quoted(38_000))
}

func (w *sessionWriter) prompt() {
	w.line(`{"parentUuid":"%s","isSidechain":false,"promptId":"%s","type":"user","message":{"role":"user","content":%s},"uuid":"%s","timestamp":"%s","permissionMode":"default","promptSource":"sdk","turnOrigin":"sdk",%s`,
		w.uuid(), w.uuid(), w.quoted(w.size(300)), w.uuid(), w.at(), w.tail())
}

// call is one API call with a text, a tool use and its result.
func (w *sessionWriter) call() {
	ref, id := w.uuid(), fmt.Sprintf("msg_01%020d", w.n)
	w.line(`{"type":"api-request-blob","sessionId":"%s","hash":"%s","message":{"role":"user","content":[{"type":"text","text":%s}]}}`, benchSession, w.uuid(), w.quoted(w.size(2500)))
	w.line(`{"type":"api-request","sessionId":"%s","id":"%s","timestamp":"%s","version":"2.1.330","querySource":"sdk","params":{"model":"claude-opus-5-5","betas":["a","b"],"max_tokens":128000},"keep":0,"tail":["%s","%s"]}`,
		benchSession, ref, w.at(), w.uuid(), w.uuid())
	w.assistant(id, ref, 0, `{"type":"thinking","thinking":`+w.quoted(w.size(1700))+`,"signature":"`+strings.Repeat("c2lnbmF0", 60)+`"}`)
	if w.rng.IntN(2) == 0 {
		w.assistant(id, ref, 1, `{"type":"text","text":`+w.quoted(w.size(500))+`}`)
	}
	use := fmt.Sprintf("toolu_01%020d", w.n)
	w.assistant(id, ref, 2, `{"type":"tool_use","id":"`+use+`","name":"Edit","input":{"file_path":"/home/dev/proj/a.go","new_string":`+w.quoted(w.size(1000))+`}}`)
	result := w.quoted(w.size(2300))
	w.line(`{"parentUuid":"%s","isSidechain":false,"promptId":"%s","type":"user","message":{"role":"user","content":[{"tool_use_id":"%s","type":"tool_result","content":%s,"is_error":false}]},"uuid":"%s","timestamp":"%s","toolUseResult":{"stdout":%s,"stderr":"","interrupted":false},"sourceToolAssistantUUID":"%s",%s`,
		w.uuid(), w.uuid(), use, result, w.uuid(), w.at(), result, w.uuid(), w.tail())
	if w.rng.IntN(3) == 0 {
		w.attachment(`{"type":"hook_success","hookName":"PostToolUse:Edit","stdout":`+w.quoted(w.size(1200))+`}`, 100)
	}
}

func (w *sessionWriter) assistant(id, ref string, block int, content string) {
	w.line(`{"parentUuid":"%s","isSidechain":false,"message":{"content":[%s],"id":"%s","model":"claude-opus-5-5","role":"assistant","stop_reason":"tool_use","stop_sequence":null,"type":"message",`+
		`"usage":{"input_tokens":10,"cache_creation_input_tokens":4000,"cache_read_input_tokens":90000,"output_tokens":300,"output_tokens_details":{"thinking_tokens":0},`+
		`"server_tool_use":{"web_search_requests":0,"web_fetch_requests":0},"service_tier":"standard","cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":4000},`+
		`"inference_geo":"not_available","iterations":[],"speed":"standard","fallback_credit":null},"stop_details":null},"apiBlockIndex":%d,"requestId":"req_011","requestRef":"%s",`+
		`"requestedModel":"claude-opus-5-5","type":"assistant","uuid":"%s","timestamp":"%s",%s`,
		w.uuid(), content, id, block, ref, w.uuid(), w.at(), w.tail())
}
