package otlp

import (
	"strings"
	"unicode/utf8"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// maxValue bounds a text in a span, in bytes: what receivers keep of one is less than that, and a span stays far below
// the size of a request.
const maxValue = 64 << 10

// attributes are those of one span. What is empty or not known gets none.
type attributes struct {
	list    []*commonpb.KeyValue
	content bool // texts are kept
}

func (a *attributes) add(name string, v *commonpb.AnyValue) {
	a.list = append(a.list, &commonpb.KeyValue{Key: name, Value: v})
}

func stringValue(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}

// word is a name, an id or another short text that is no content.
func (a *attributes) word(name, value string) {
	if value != "" {
		a.add(name, stringValue(cut(value, maxValue)))
	}
}

// text is content.
func (a *attributes) text(name, value string) {
	if a.content {
		a.word(name, value)
	}
}

func (a *attributes) number(name string, n int64) {
	a.add(name, &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: n}})
}

// count is a number that is left out where it is 0.
func (a *attributes) count(name string, n int64) {
	if n != 0 {
		a.number(name, n)
	}
}

// known is a number that may not be known.
func (a *attributes) known(name string, n *int64) {
	if n != nil {
		a.number(name, *n)
	}
}

func (a *attributes) money(name string, usd *float64) {
	if usd != nil {
		a.add(name, &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: *usd}})
	}
}

func (a *attributes) truth(name string, b bool) {
	if b {
		a.add(name, &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: true}})
	}
}

func (a *attributes) words(name string, values []string) {
	if len(values) == 0 {
		return
	}
	list := make([]*commonpb.AnyValue, len(values))
	for i, v := range values {
		list[i] = stringValue(cut(v, maxValue))
	}
	a.add(name, &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: list}}})
}

// json is a value as JSON, one that somebody named and no content.
func (a *attributes) json(name string, value any) {
	if line, err := lax.Line(value); err == nil {
		a.word(name, string(line))
	}
}

// raw is JSON that is content.
func (a *attributes) raw(name string, value schema.Raw) {
	if len(value) > 0 && !lax.IsNull(value) {
		a.text(name, string(value))
	}
}

// cut is the beginning of a text that has at most so many bytes, with a mark that something is missing. A span must be
// UTF-8, or no receiver takes the request that it is in.
func cut(s string, most int) string {
	const mark = "…"
	whole := len(s) <= most
	s = strings.ToValidUTF8(s[:min(len(s), most)], "\uFFFD")
	if whole && len(s) <= most {
		return s
	}
	n := min(len(s), most-len(mark))
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + mark
}

// part is a part of a message, in the form of OpenTelemetry's conventions.
type part struct {
	Type    string `json:"type"`
	Content string `json:"content"`
}

// answer is what the model said, in the form of gen_ai.output.messages.
type answer struct {
	Role         string `json:"role"`
	Parts        []part `json:"parts"`
	FinishReason string `json:"finish_reason,omitzero"`
}

// said is the answer of a call as JSON; its texts are cut until all of it fits.
func (a *attributes) said(name string, l *schema.LLM) {
	if !a.content || l.Thinking == "" && l.Text == "" {
		return
	}
	for most := maxValue; most > len("…"); most /= 2 {
		out := answer{Role: "assistant", FinishReason: l.StopReason}
		if l.Thinking != "" {
			out.Parts = append(out.Parts, part{"reasoning", cut(l.Thinking, most)})
		}
		if l.Text != "" {
			out.Parts = append(out.Parts, part{"text", cut(l.Text, most)})
		}
		line, err := lax.Line([]answer{out})
		if err != nil {
			return
		}
		if len(line) <= maxValue {
			a.word(name, string(line))
			return
		}
	}
}
