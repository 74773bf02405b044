package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

const model = "claude-opus-5-5"

// writer writes the lines of one file as client 2.1.330 does: its line types, the order of its keys, and the sizes of
// its parts. The texts are made up of made-up words.
type writer struct {
	s   *session
	a   *agent // nil in the main file
	rng *rand.Rand
	out bytes.Buffer
	at  time.Time

	parent   string // uuid of the line before
	prompt   string // promptId
	calls    int
	started  int // agents started so far
	size     int // of the file, as planned
	tokens   usage
	sinceSet int // calls since the client last wrote its system prompt and tools
}

// usage is what one call used, or a sum.
type usage struct{ input, write, read, output int }

func newWriter(s *session, a *agent, rng *rand.Rand) *writer {
	w := &writer{s: s, a: a, rng: rng, at: s.begins, size: s.bytes, prompt: uuid(rng)}
	if a != nil {
		w.size = a.bytes
	}
	w.out.Grow(w.size + w.size/8)
	return w
}

// headroom is left for what a file ends with, and for half of a call with its context.
const headroom = 40_000

// session writes a main file.
func (w *writer) session() {
	w.queued()
	w.ask()
	w.context()
	long := w.s.longest > 0
	for w.out.Len() < w.size-headroom {
		due := len(w.s.agents) * w.out.Len() / w.size
		switch {
		case w.started < due:
			w.call(callPlan{agent: &w.s.agents[w.started]})
			w.started++
		case long && w.out.Len() > w.size/3:
			w.call(callPlan{write: w.s.longest})
			long = false
		default:
			w.call(callPlan{})
		}
		if w.rng.IntN(9) == 0 {
			w.endTurn()
			w.queued()
			w.ask()
		}
		if w.sinceSet > 5 { // a compaction, a resume, another tool server
			w.context()
		}
	}
	for ; w.started < len(w.s.agents); w.started++ {
		w.call(callPlan{agent: &w.s.agents[w.started]})
	}
	w.endTurn()
	w.costState()
}

// subagent writes an agent's file.
func (w *writer) subagent() {
	w.at = w.at.Add(time.Minute)
	w.fprintf(`{"parentUuid":null,"isSidechain":true,"promptId":"%s","agentId":"%s","type":"user","message":{"role":"user","content":"`, w.prompt, w.a.id)
	w.text(1200)
	w.end(`"},"uuid":"%s","timestamp":"%s",%s`, w.next(), w.now(), w.tail())
	w.context()
	for w.out.Len() < w.size-headroom {
		w.call(callPlan{})
	}
	w.assistant(newMessage(w.rng, "end_turn"), func() { w.textBlock(900) })
}

// context is what the client writes of the state of the conversation: the bulk of a short session.
func (w *writer) context() {
	w.sinceSet = 0
	snapshot, shape, skills := 57_000, 38_000, 13_000
	if w.a != nil {
		snapshot, shape, skills = 35_000, 23_500, 7_000
	}
	w.attachment("environment", 900, func() {
		w.fprintf(`"snapshot":{"workingDirectory":"%s","isWorktree":false,"isGitRepo":false,"platform":"linux","shell":"bash"}`, w.s.cwd)
	})
	w.attachment("model", 160, func() { w.fprintf(`"identity":{"modelId":"%s"},"text":"`, model); w.text(120); w.fprintf(`"`) })
	w.attachment("skill_listing", skills/2, func() { w.fprintf(`"content":"`); w.text(skills / 2); w.fprintf(`","skillCount":12`) })
	w.attachment("date", 60, func() { w.fprintf(`"date":"%s"`, w.at.Format(time.DateOnly)) })
	w.end(`{"type":"atis-latch","atis":"","sessionId":"%s"}`, w.s.id)
	w.attachment("prompt_snapshot", 0, func() {
		w.fprintf(`"systemPrompt":["`)
		w.text(snapshot / 5)
		w.fprintf(`"],"tools":[`)
		for i := range 16 {
			w.fprintf(`%s{"name":"Tool%d","description":"`, comma(i), i)
			w.text(snapshot / 24)
			w.fprintf(`","input_schema":{"type":"object","properties":{"file_path":{"description":"`)
			w.text(80)
			w.fprintf(`","type":"string"}},"required":["file_path"],"additionalProperties":false}}`)
		}
		w.fprintf(`],"reminderFold":false,"systemTurns":true,"inlineTools":false`)
	})
	w.fprintf(`{"type":"api-request-shape","sessionId":"%s","shapeHash":"%s","timestamp":"%s","version":"2.1.330","shape":{"system":[{"type":"text","text":"`, w.s.id, w.hash(), w.now())
	w.text(shape)
	w.end(`"}]}}`)
	w.blob("system", shape/4)
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func (w *writer) blob(role string, n int) {
	w.fprintf(`{"type":"api-request-blob","sessionId":"%s","hash":"%s","message":{"role":"%s","content":[{"type":"text","text":"`, w.s.id, w.hash(), role)
	w.text(n)
	w.end(`"}]}}`)
}

func (w *writer) queued() {
	w.fprintf(`{"type":"queue-operation","operation":"enqueue","timestamp":"%s","sessionId":"%s","content":"`, w.now(), w.s.id)
	w.text(120)
	w.end(`"}`)
	w.end(`{"type":"queue-operation","operation":"dequeue","timestamp":"%s","sessionId":"%s"}`, w.now(), w.s.id)
}

// ask is a person's prompt.
func (w *writer) ask() {
	w.prompt = uuid(w.rng)
	w.fprintf(`{"parentUuid":%s,"isSidechain":false,"promptId":"%s","type":"user","message":{"role":"user","content":"`, w.before(), w.prompt)
	w.text(w.length(300))
	w.end(`"},"uuid":"%s","timestamp":"%s","permissionMode":"default","promptSource":"sdk","turnOrigin":"sdk","turnPosition":{"promptIndex":0,"turnIndex":1},%s`,
		w.next(), w.now(), w.tail())
}

func (w *writer) endTurn() {
	w.assistant(newMessage(w.rng, "end_turn"), func() { w.textBlock(w.length(700)) })
	w.end(`{"parentUuid":%s,"isSidechain":false,"type":"system","subtype":"stop_hook_summary","hookCount":1,"hookInfos":[{"command":"/usr/local/bin/ams-hook","durationMs":9}],`+
		`"hookErrors":[],"preventedContinuation":false,"stopReason":"","hasOutput":false,"level":"suggestion","timestamp":"%s","uuid":"%s","toolUseID":"%s",%s`,
		w.before(), w.now(), w.next(), uuid(w.rng), w.tail())
	w.fprintf(`{"type":"last-prompt","lastPrompt":"`)
	w.text(80)
	w.end(`","leafUuid":"%s","sessionId":"%s"}`, w.parent, w.s.id)
	w.end(`{"type":"tools-used","tools":["Bash","Read","Edit"],"sessionId":"%s"}`, w.s.id)
}

// message is one answer of the model.
type message struct {
	id, request, ref, stop string
	usage                  usage
	block                  int
}

func newMessage(rng *rand.Rand, stop string) *message {
	return &message{
		id: "msg_01" + token(rng, 22), request: "req_011" + token(rng, 21), ref: uuid(rng), stop: stop,
		usage: usage{input: 3 + rng.IntN(30), write: 200 + rng.IntN(8000), read: 20_000 + rng.IntN(130_000), output: 40 + rng.IntN(1500)},
	}
}

// callPlan is what a call is to do; the zero value is ordinary work.
type callPlan struct {
	agent *agent // start this one
	write int    // write a file of so many bytes
}

// call is one call of the model with its tools' results. Calls with several tools have their results between their
// lines, as fast tools do.
func (w *writer) call(p callPlan) {
	w.sinceSet++
	m := newMessage(w.rng, "tool_use")
	w.end(`{"type":"api-request","sessionId":"%s","id":"%s","timestamp":"%s","version":"2.1.330","querySource":"sdk","shapeHash":"%s","params":{"model":"%s",`+
		`"betas":["one-2025-02-19","two-2025-05-14","three-2026-07-01"],"max_tokens":128000,"thinking":{"type":"adaptive"},"output_config":{"effort":"medium"}},`+
		`"base":"%s","keep":2,"tail":["%s","%s"],"cacheControl":[{"path":["system",0],"value":{"type":"ephemeral"}},{"path":["messages",3,"content",0],"value":{"type":"ephemeral"}}],`+
		`"requestDigest":"%s"}`, w.s.id, m.ref, w.now(), w.hash(), model, uuid(w.rng), w.hash(), w.hash(), w.hash())
	if w.rng.IntN(5) < 3 {
		w.assistant(m, func() {
			w.fprintf(`{"signature":"%s","thinking":"`, token(w.rng, w.length(500)))
			w.text(w.length(1200))
			w.fprintf(`","type":"thinking"}`)
		})
	}
	if w.rng.IntN(2) == 0 {
		w.assistant(m, func() { w.textBlock(w.length(350)) })
	}
	tools := 1
	if w.rng.IntN(4) == 0 {
		tools += 1 + w.rng.IntN(4)
	}
	interleaved := w.rng.IntN(3) == 0
	var open []func()
	for i := range tools {
		if i > 0 {
			p = callPlan{}
		}
		open = append(open, w.tool(m, p))
		if interleaved {
			open[0]()
			open = open[1:]
		}
	}
	for _, i := range w.rng.Perm(len(open)) { // results come in order of completion
		open[i]()
	}
	w.tokens.input += m.usage.input
	w.tokens.write += m.usage.write
	w.tokens.read += m.usage.read
	w.tokens.output += m.usage.output
	if w.rng.IntN(8) == 0 {
		w.attachment("hook_success", 0, func() {
			w.fprintf(`"hookName":"PostToolUse:Edit","hookEvent":"PostToolUse","stdout":"`)
			w.text(w.length(600))
			w.fprintf(`","exitCode":0`)
		})
	}
	if w.rng.IntN(3) == 0 {
		w.blob("user", w.length(2000))
	}
	w.calls++
}

// tool writes a tool_use line and returns the function that writes its result.
func (w *writer) tool(m *message, p callPlan) (result func()) {
	id := "toolu_01" + token(w.rng, 22)
	path := fmt.Sprintf("%s/pkg/part%d/file%d.go", w.s.cwd, w.rng.IntN(40), w.rng.IntN(400))
	switch kind := w.rng.IntN(10); {
	case p.agent != nil:
		return w.agentTool(m, p.agent)
	case p.write > 0:
		return w.writeTool(m, id, path, p.write)
	case kind < 4: // Bash
		w.toolUse(m, id, "Bash", func() {
			w.fprintf(`"command":"`)
			w.text(w.length(120))
			w.fprintf(`","description":"List what is there"`)
		})
		return func() {
			out := w.filler(min(w.length(1100), 30_000))
			w.result(m, id, out, func() {
				w.fprintf(`{"stdout":"%s","stderr":"","interrupted":false,"isImage":false,"noOutputExpected":false}`, out)
			})
		}
	case kind < 8: // Read
		w.toolUse(m, id, "Read", func() { w.fprintf(`"file_path":"%s"`, path) })
		return func() {
			body := w.filler(w.length(4900))
			w.result(m, id, body, func() {
				w.fprintf(`{"type":"text","file":{"filePath":"%s","content":"%s","numLines":120,"startLine":1,"totalLines":120}}`, path, body)
			})
		}
	case kind < 9: // Edit
		before, after := w.filler(w.length(500)), w.filler(w.length(700))
		w.toolUse(m, id, "Edit", func() {
			w.fprintf(`"replace_all":false,"file_path":"%s","old_string":"%s","new_string":"%s"`, path, before, after)
		})
		return func() {
			w.result(m, id, "The file "+path+" has been updated.", func() {
				w.fprintf(`{"filePath":"%s","oldString":"%s","newString":"%s","originalFile":"%s","structuredPatch":[{"oldStart":3,"oldLines":6,"newStart":3,"newLines":8,"lines":["%s"]}],`+
					`"userModified":false,"replaceAll":false}`, path, before, after, w.filler(w.length(4500)), after)
			})
		}
	default:
		return w.writeTool(m, id, path, w.length(2500))
	}
}

func (w *writer) writeTool(m *message, id, path string, n int) func() {
	body := w.filler(n)
	w.toolUse(m, id, "Write", func() { w.fprintf(`"file_path":"%s","content":"%s"`, path, body) })
	return func() {
		w.result(m, id, "File created at "+path, func() {
			w.fprintf(`{"type":"create","filePath":"%s","content":"%s","structuredPatch":[],"originalFile":null,"userModified":false}`, path, body)
		})
	}
}

func (w *writer) agentTool(m *message, a *agent) func() {
	prompt := w.filler(1200)
	w.toolUse(m, a.toolUseID, "Agent", func() {
		w.fprintf(`"description":"Look into it","prompt":"%s","run_in_background":false,"subagent_type":"%s"`, prompt, a.kind)
	})
	return func() {
		answer := w.filler(900)
		w.result(m, a.toolUseID, answer, func() {
			w.fprintf(`{"status":"completed","prompt":"%s","agentId":"%s","agentType":"%s","toolsUsed":["Bash","Read"],"content":[{"type":"text","text":"%s"}],`+
				`"resolvedModel":"%s","totalDurationMs":60787,"totalTokens":25920,"totalToolUseCount":13,"usage":%s}`, prompt, a.id, a.kind, answer, model, m.usage.json())
		})
	}
}

func (w *writer) toolUse(m *message, id, name string, input func()) {
	w.assistant(m, func() {
		w.fprintf(`{"id":"%s","input":{`, id)
		input()
		w.fprintf(`},"name":"%s","type":"tool_use"}`, name)
	})
}

// result writes a tool's result; agents' files have no toolUseResult.
func (w *writer) result(m *message, id, text string, answer func()) {
	asked := w.parent
	w.fprintf(`{"parentUuid":%s,"isSidechain":%t,%s"promptId":"%s","type":"user","message":{"role":"user","content":[{"tool_use_id":"%s","type":"tool_result","content":"%s","is_error":false}]},"uuid":"%s","timestamp":"%s",`,
		w.before(), w.a != nil, w.agentField(), w.prompt, id, text, w.next(), w.now())
	if w.a == nil {
		w.fprintf(`"toolUseResult":`)
		answer()
		w.fprintf(`,`)
	}
	w.end(`"sourceToolAssistantUUID":"%s","permissionDecision":{"decision":"accept","source":"config","reasonType":"mode"},%s`, asked, w.tail())
}

func (u usage) json() string {
	return fmt.Sprintf(`{"input_tokens":%d,"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,"output_tokens":%d,"output_tokens_details":{"thinking_tokens":0},`+
		`"server_tool_use":{"web_search_requests":0,"web_fetch_requests":0},"service_tier":"standard","cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":%d},`+
		`"inference_geo":"not_available","iterations":[],"speed":"standard","fallback_credit":null}`, u.input, u.write, u.read, u.output, u.write)
}

// assistant writes one line of a message: one content block.
func (w *writer) assistant(m *message, block func()) {
	w.fprintf(`{"parentUuid":%s,"isSidechain":%t,%s"message":{"content":[`, w.before(), w.a != nil, w.agentField())
	block()
	w.end(`],"id":"%s","model":"%s","role":"assistant","stop_reason":"%s","stop_sequence":null,"type":"message","usage":%s,"stop_details":null},"apiBlockIndex":%d,`+
		`"requestId":"%s","requestRef":"%s","requestedModel":"%s","promptCacheRequested":"5m","type":"assistant","uuid":"%s","timestamp":"%s","effort":"medium","perTurnEffort":"medium","madeBy":"model",%s`,
		m.id, model, m.stop, m.usage.json(), m.block, m.request, m.ref, model, w.next(), w.now(), w.tail())
	m.block++
}

func (w *writer) textBlock(n int) {
	w.fprintf(`{"text":"`)
	w.text(n)
	w.fprintf(`","type":"text"}`)
}

func (w *writer) attachment(kind string, rendered int, body func()) {
	w.fprintf(`{"parentUuid":%s,"isSidechain":%t,%s"attachment":{"type":"%s",`, w.before(), w.a != nil, w.agentField(), kind)
	body()
	w.fprintf(`},"type":"attachment","uuid":"%s","timestamp":"%s",`, w.next(), w.now())
	if rendered > 0 {
		w.fprintf(`"rendered":[{"content":"`)
		w.text(rendered)
		w.fprintf(`"}],"renderedRole":"system",`)
	}
	w.end(`%s`, w.tail())
}

func (w *writer) costState() {
	t := w.tokens
	usd := float64(5*t.input+25*t.output)/1e6 + float64(t.write)*6.25/1e6 + float64(t.read)*0.5/1e6
	w.end(`{"type":"cost-state","sessionId":"%s","totalCostUSD":%g,"totalAPIDuration":%d,"totalAPIDurationWithoutRetries":%d,"totalToolDuration":%d,"totalLinesAdded":120,`+
		`"totalLinesRemoved":31,"totalDuration":%d,"startTime":%d,"modelUsage":{"%s":{"inputTokens":%d,"outputTokens":%d,"thinkingTokens":0,"cacheReadInputTokens":%d,`+
		`"cacheCreationInputTokens":%d,"webSearchRequests":0,"costUSD":%g}},"hasUnknownModelCost":false}`, w.s.id, usd, w.calls*2400, w.calls*2300, w.calls*900,
		w.at.Sub(w.s.begins).Milliseconds(), w.s.begins.UnixMilli(), model, t.input, t.output, t.read, t.write, usd)
}

// The parts of a line.

func (w *writer) fprintf(format string, args ...any) { fmt.Fprintf(&w.out, format, args...) }

// end writes the rest of a line.
func (w *writer) end(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

// before is the uuid of the line before, as JSON.
func (w *writer) before() string {
	if w.parent == "" {
		return "null"
	}
	return `"` + w.parent + `"`
}

// next is the uuid of this line.
func (w *writer) next() string {
	w.parent = uuid(w.rng)
	return w.parent
}

func (w *writer) now() string {
	w.at = w.at.Add(time.Duration(20+w.rng.IntN(900)) * time.Millisecond)
	return w.at.Format("2006-01-02T15:04:05.000Z")
}

func (w *writer) hash() string {
	return fmt.Sprintf("%016x%016x%016x%016x", w.rng.Uint64(), w.rng.Uint64(), w.rng.Uint64(), w.rng.Uint64())
}

func (w *writer) agentField() string {
	if w.a == nil {
		return ""
	}
	return `"agentId":"` + w.a.id + `",`
}

func (w *writer) tail() string {
	return `"userType":"external","entrypoint":"sdk-cli","cwd":"` + w.s.cwd + `","sessionId":"` + w.s.id + `","version":"2.1.330","gitBranch":"main"}`
}

// length draws a length with the given median from a long-tailed distribution.
func (w *writer) length(median int) int {
	return min(int(float64(median)*math.Exp(w.rng.NormFloat64()*1.1)), 240_000) + 1
}

// vocabulary is made-up words.
var vocabulary = func() []string {
	rng := rand.New(rand.NewPCG(archiveVersion, 7))
	words := []string{"größe", "naïve", "→", "日本語", "“so”", "…"}
	for len(words) < 1500 {
		var b strings.Builder
		for range 1 + rng.IntN(3) {
			b.WriteByte("bcdfghklmnprstvw"[rng.IntN(16)])
			b.WriteByte("aeiou"[rng.IntN(5)])
			if rng.IntN(3) == 0 {
				b.WriteByte("lnrst_0"[rng.IntN(7)])
			}
		}
		words = append(words, b.String())
	}
	return words
}()

// separators stand between words, as JSON writes them: a quarter is escaped, as in program text.
var separators = []string{" ", " ", " ", " ", " ", " ", ", ", ".", "(", ") ", " = ", ": ", `\n`, `\n\t`, `\"`, ` \n`}

// text writes about n bytes of text, as the inside of a JSON string.
func (w *writer) text(n int) {
	for end := w.out.Len() + n; w.out.Len() < end; {
		r := w.rng.Uint32()
		w.out.WriteString(vocabulary[(r>>8)%uint32(len(vocabulary))])
		w.out.WriteString(separators[r%uint32(len(separators))])
	}
}

// filler is text for parts that are written twice.
func (w *writer) filler(n int) string {
	at := w.out.Len()
	w.text(n)
	s := string(w.out.Bytes()[at:])
	w.out.Truncate(at)
	return s
}
