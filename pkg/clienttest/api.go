// Package clienttest runs the real Claude Code client in tests, against a scripted stand-in for the Anthropic Messages API.
//
// [API] serves the replies of a [Script]. [Available] installs a client version from npm, once per machine, and skips the test
// where that cannot be done. [Client.Run] runs the client in a network namespace that has nothing but loopback, with a scratch home,
// a dummy key and the API in the test's own process:
//
//	func TestMain(m *testing.M) {
//		clienttest.Enter() // the inside of the namespace is this test binary, started again
//		os.Exit(m.Run())
//	}
//
//	func TestClient(t *testing.T) {
//		client := clienttest.Available(t, "2.1.332")
//		run, err := client.Run(t.Context(), clienttest.Story("Agent"), clienttest.Setup{Dir: t.TempDir(), Settings: settings})
//		...
//	}
package clienttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
)

// A Script gives each lane its replies, in order. A request belongs to the lane that the last [[lane:NAME]] marker
// before the first assistant message names, NAME being small letters and digits: so a prompt chooses its lane, and
// the prompt of a subagent another.
type Script map[string][]Reply

// A Reply is the API's answer to one request. An error is a reply too: a client that tries again gets the next one.
type Reply struct {
	Blocks     []Block
	Usage      Usage
	StopReason string        // "" means tool_use where a block is one, else end_turn
	Delay      time.Duration // before the response begins
	BlockDelay time.Duration // after each block of a stream

	Status    int    // an HTTP error status; 0 means the reply is a message
	ErrorType string // with Status, e.g. "overloaded_error"
}

// Usage counts the tokens of one reply. As everywhere in the API, Input leaves out what was read from or written to
// the cache.
type Usage struct {
	Input, Output, CacheRead, CacheWrite5m, CacheWrite1h int
}

// A Block is one content block of a reply: see [Thinking], [Text] and [ToolUse].
type Block struct {
	Type  string // thinking, text or tool_use
	Text  string // of thinking and text
	Name  string // of the tool
	Input any    // of the tool, anything that encodes as a JSON object
}

// Thinking is a block of reasoning.
func Thinking(text string) Block { return Block{Type: "thinking", Text: text} }

// Text is a block of plain answer.
func Text(text string) Block { return Block{Type: "text", Text: text} }

// ToolUse is a block that asks for a tool call.
func ToolUse(name string, input any) Block { return Block{Type: "tool_use", Name: name, Input: input} }

// MessageID is the message id of reply number reply (from 0) of a lane.
func MessageID(lane string, reply int) string { return fmt.Sprintf("msg_01%s%03d", lane, reply) }

// ToolUseID is the tool_use id of block number block (from 0) of a reply.
func ToolUseID(lane string, reply, block int) string {
	return fmt.Sprintf("toolu_01%s%03d%02d", lane, reply, block)
}

// A Request is what the API noted of one request.
type Request struct {
	Path     string
	Lane     string // "" where no marker named one, and outside /v1/messages
	Reply    int    // which reply of the lane it got, from 0
	Model    string
	Stream   bool
	Messages int // how many the request carried
	Status   int
}

// API is a scripted stand-in for the Messages API: POST /v1/messages, streaming or not, and POST
// /v1/messages/count_tokens; everything else is 404. A request of no lane, such as a client's own warm-up, gets a
// short text. A lane that is unknown or used up is a mistake in the script: the request gets status 400 and [API.Err]
// says so.
type API struct {
	script Script
	mux    *http.ServeMux

	mu       sync.Mutex // guards the rest
	asked    map[string]int
	requests []Request
	errs     []error
}

// NewAPI returns an API that serves each reply of the script once.
func NewAPI(script Script) *API {
	a := &API{script: script, mux: http.NewServeMux(), asked: make(map[string]int)}
	a.mux.HandleFunc("POST /v1/messages", a.serveMessage)
	a.mux.HandleFunc("POST /v1/messages/count_tokens", a.serveCount)
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.note(Request{Path: r.URL.Path, Status: http.StatusNotFound})
		writeError(w, http.StatusNotFound, "not_found_error", "not found: "+r.Method+" "+r.URL.Path)
	})
	return a
}

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Requests returns what was asked so far, in the order of arrival.
func (a *API) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// Err tells where requests and script disagree: requests that no reply was left for, and replies that nobody asked for.
func (a *API) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	errs := slices.Clone(a.errs)
	for _, lane := range slices.Sorted(maps.Keys(a.script)) {
		if got, want := a.asked[lane], len(a.script[lane]); got < want {
			errs = append(errs, fmt.Errorf("lane %s: %d of %d replies were asked for", lane, got, want))
		}
	}
	return errors.Join(errs...)
}

func (a *API) note(q Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, q)
}

// maxBody bounds a request: a client's first one has 150 kB, and a test that sends a file of some MB must still pass.
const maxBody = 64 << 20

// messageRequest is what the API needs to know of a request to /v1/messages.
type messageRequest struct {
	Model    string `json:"model"`
	Stream   bool   `json:"stream"`
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	} `json:"messages"`
}

var laneMarker = regexp.MustCompile(`\[\[lane:([a-z0-9]+)\]\]`)

// lane returns the last marker before the first assistant message: what a client puts before a prompt may quote other
// prompts.
func (q *messageRequest) lane() string {
	lane := ""
	for _, m := range q.Messages {
		if m.Role == "assistant" {
			break
		}
		// No character of a marker is escaped in JSON, so the encoded content will do, whatever its shape.
		for _, match := range laneMarker.FindAllSubmatch(m.Content, -1) {
			lane = string(match[1])
		}
	}
	return lane
}

// noLaneReply answers requests that no prompt of the test made.
var noLaneReply = Reply{Blocks: []Block{Text("ok")}, Usage: Usage{Input: 7, Output: 3}}

// take returns the next reply of the lane and its number, and notes the request.
func (a *API) take(path, lane string, q *messageRequest) (Reply, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.asked[lane]
	a.asked[lane]++
	reply := noLaneReply
	if replies := a.script[lane]; n < len(replies) {
		reply = replies[n]
	} else if lane != "" {
		reply = Reply{Status: http.StatusBadRequest, ErrorType: "invalid_request_error"}
		a.errs = append(a.errs, fmt.Errorf("lane %s: asked for reply %d of %d", lane, n+1, len(replies)))
	}
	a.requests = append(a.requests, Request{Path: path, Lane: lane, Reply: n, Model: q.Model, Stream: q.Stream,
		Messages: len(q.Messages), Status: max(reply.Status, http.StatusOK)})
	return reply, n
}

func (a *API) serveMessage(w http.ResponseWriter, r *http.Request) {
	var q messageRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&q); err != nil {
		a.note(Request{Path: r.URL.Path, Status: http.StatusBadRequest})
		writeError(w, http.StatusBadRequest, "invalid_request_error", err.Error())
		return
	}
	lane := q.lane()
	reply, n := a.take(r.URL.Path, lane, &q)
	name := lane
	if name == "" {
		name = "nolane"
	}
	w.Header().Set("request-id", fmt.Sprintf("req_01%s%03d", name, n))
	if !wait(r, reply.Delay) {
		return
	}
	switch msg := newMessage(reply, q.Model, name, n); {
	case reply.Status != 0:
		writeError(w, reply.Status, reply.ErrorType, fmt.Sprintf("scripted error %d of lane %q", reply.Status, lane))
	case q.Stream:
		msg.stream(w, r, reply.BlockDelay)
	default:
		writeJSON(w, http.StatusOK, msg)
	}
}

// serveCount answers with a guess of four bytes a token.
func (a *API) serveCount(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeError(w, http.StatusBadRequest, "invalid_request_error", err.Error())
		return
	}
	a.note(Request{Path: r.URL.Path, Status: http.StatusOK})
	writeJSON(w, http.StatusOK, object{"input_tokens": len(body) / 4})
}

// wait reports whether the time passed with the client still there.
func wait(r *http.Request, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}

type object = map[string]any

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone needs no answer
}

func writeError(w http.ResponseWriter, status int, kind, text string) {
	writeJSON(w, status, object{"type": "error", "error": object{"type": kind, "message": text}})
}
