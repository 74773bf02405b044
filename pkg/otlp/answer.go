package otlp

import (
	"mime"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"ams/pkg/lax"
)

// partial is what a receiver that answered with success did not take, and why.
type partial struct {
	refused int64 // spans
	said    string
}

// kind is a content type without its parameters.
func kind(contentType string) string {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return media
}

// Field numbers of the messages that a receiver answers with.
const (
	partialSuccess = 1 // of ExportTraceServiceResponse
	rejectedSpans  = 1 // of ExportTracePartialSuccess
	errorMessage   = 2
	statusMessage  = 2 // of google.rpc.Status
)

// parsePartial reads the answer to a request that was taken. Those of a type that tells nothing are taken as they are;
// a web page is a login form or a proxy, and has taken nothing.
func parsePartial(contentType string, text []byte) (partial, error) {
	switch kind(contentType) {
	case "text/html":
		return partial{}, errNoReceiver
	case "application/json":
		return parsePartialJSON(text), nil
	case "application/x-protobuf":
	default:
		return partial{}, nil
	}
	var out partial
	ok := fields(text, func(number protowire.Number, _ uint64, inner []byte) {
		if number != partialSuccess {
			return
		}
		fields(inner, func(number protowire.Number, n uint64, text []byte) {
			switch number {
			case rejectedSpans:
				out.refused = int64(n)
			case errorMessage:
				out.said = string(text)
			}
		})
	})
	if !ok {
		return partial{}, errNoReceiver
	}
	return out, nil
}

// fields calls each for every field of a message, with its number or its bytes. It reports whether it was one.
func fields(b []byte, each func(number protowire.Number, n uint64, text []byte)) bool {
	for len(b) > 0 {
		number, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return false
		}
		b = b[size:]
		var n uint64
		var text []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			text, size = protowire.ConsumeBytes(b)
		default:
			size = protowire.ConsumeFieldValue(number, kind, b)
		}
		if size < 0 {
			return false
		}
		b = b[size:]
		each(number, n, text)
	}
	return true
}

// parsePartialJSON reads the same as JSON, where numbers of 64 bits are strings.
func parsePartialJSON(text []byte) partial {
	var answer struct {
		PartialSuccess struct {
			RejectedSpans lax.Raw `json:"rejectedSpans"`
			ErrorMessage  string  `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if lax.Unmarshal(text, &answer) != nil {
		return partial{}
	}
	n, _ := strconv.ParseInt(strings.Trim(string(answer.PartialSuccess.RejectedSpans), `"`), 10, 64)
	return partial{n, answer.PartialSuccess.ErrorMessage}
}

// messageOf is the message of a google.rpc.Status, with which receivers refuse.
func messageOf(b []byte) string {
	var said string
	fields(b, func(number protowire.Number, _ uint64, text []byte) {
		if number == statusMessage {
			said = string(text)
		}
	})
	return said
}
