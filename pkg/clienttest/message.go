package clienttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// message is a reply as the API writes it.
type message struct {
	ID           string   `json:"id"`
	Type         string   `json:"type"`
	Role         string   `json:"role"`
	Model        string   `json:"model"`
	Content      []object `json:"content"`
	StopReason   *string  `json:"stop_reason"`
	StopSequence *string  `json:"stop_sequence"`
	Usage        object   `json:"usage"`
}

// newMessage completes a reply with what follows from its place in the script.
func newMessage(reply Reply, model, lane string, n int) message {
	stop := "end_turn"
	content := []object{}
	for i, b := range reply.Blocks {
		switch b.Type {
		case "thinking":
			content = append(content, object{"type": b.Type, "thinking": b.Text, "signature": "c2NyaXB0ZWQ="})
		case "tool_use":
			stop = "tool_use"
			content = append(content, object{"type": b.Type, "id": ToolUseID(lane, n, i), "name": b.Name, "input": b.Input})
		default:
			content = append(content, object{"type": b.Type, "text": b.Text})
		}
	}
	if reply.StopReason != "" {
		stop = reply.StopReason
	}
	return message{ID: MessageID(lane, n), Type: "message", Role: "assistant", Model: model,
		Content: content, StopReason: &stop, Usage: reply.Usage.wire()}
}

func (u Usage) wire() object {
	return object{
		"input_tokens":                u.Input,
		"output_tokens":               u.Output,
		"cache_read_input_tokens":     u.CacheRead,
		"cache_creation_input_tokens": u.CacheWrite5m + u.CacheWrite1h,
		"cache_creation": object{
			"ephemeral_5m_input_tokens": u.CacheWrite5m,
			"ephemeral_1h_input_tokens": u.CacheWrite1h,
		},
		"service_tier": "standard",
	}
}

// stream writes the message as server-sent events, in the order of the real API: the message without content and with
// one output token, each block as an empty start, its deltas and a stop, then the stop reason with the final usage.
func (m message) stream(w http.ResponseWriter, r *http.Request, blockDelay time.Duration) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	send := func(kind string, event object) {
		event["type"] = kind
		data, err := json.Marshal(event)
		if err != nil {
			panic(http.ErrAbortHandler) // a tool input that is no JSON: the client must not take the reply for whole
		}
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, data)
		_ = http.NewResponseController(w).Flush()
	}

	start := m
	start.Content, start.StopReason, start.Usage = []object{}, nil, object{}
	for k, v := range m.Usage {
		start.Usage[k] = v
	}
	start.Usage["output_tokens"] = 1
	send("message_start", object{"message": start})
	send("ping", object{})
	for i, block := range m.Content {
		streamBlock(send, i, block)
		if !wait(r, blockDelay) {
			return
		}
	}
	send("message_delta", object{"delta": object{"stop_reason": m.StopReason, "stop_sequence": nil}, "usage": m.Usage})
	send("message_stop", object{})
}

func streamBlock(send func(string, object), index int, block object) {
	delta := func(kind, field, value string) {
		// Two pieces, as a client must join what it gets.
		runes := []rune(value)
		for _, piece := range []string{string(runes[:len(runes)/2]), string(runes[len(runes)/2:])} {
			send("content_block_delta", object{"index": index, "delta": object{"type": kind, field: piece}})
		}
	}
	begin := func(empty object) { send("content_block_start", object{"index": index, "content_block": empty}) }

	switch block["type"] {
	case "thinking":
		begin(object{"type": "thinking", "thinking": "", "signature": ""})
		delta("thinking_delta", "thinking", block["thinking"].(string))
		send("content_block_delta", object{"index": index, "delta": object{"type": "signature_delta", "signature": block["signature"]}})
	case "tool_use":
		begin(object{"type": "tool_use", "id": block["id"], "name": block["name"], "input": object{}})
		input, err := json.Marshal(block["input"])
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		delta("input_json_delta", "partial_json", string(input))
	default:
		begin(object{"type": "text", "text": ""})
		delta("text_delta", "text", block["text"].(string))
	}
	send("content_block_stop", object{"index": index})
}
