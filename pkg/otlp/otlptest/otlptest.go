// Package otlptest is a receiver of OTLP/HTTP for tests: it decodes what it is sent, holds it to the protocol, and keeps
// the spans.
package otlptest

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// maxBody is what a collector and Jaeger take, in bytes before they are packed.
const maxBody = 20 << 20

// Receiver is a server that takes spans.
type Receiver struct {
	*httptest.Server
	t testing.TB

	mu sync.Mutex
	// Answer is asked before a request is taken; what it answers itself, with true, is not taken.
	answer   func(http.ResponseWriter, *tracepb.TracesData) bool
	requests []Request
}

// Request is one that was taken.
type Request struct {
	Header   http.Header
	Bytes    int // before it was packed
	Resource map[string]string
	Scope    string
	Spans    []*tracepb.Span
}

// New starts a receiver, which ends with the test.
func New(t testing.TB) *Receiver {
	r := &Receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// Before sets what is asked before a request is taken: it returns true for one that it answered itself.
func (r *Receiver) Before(answer func(http.ResponseWriter, *tracepb.TracesData) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := decode(req)
	if err != nil {
		r.t.Errorf("a request to %s: %v", req.URL.Path, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var data tracepb.TracesData
	if err := proto.Unmarshal(body, &data); err != nil {
		r.t.Errorf("a request that is no message: %v", err)
	}
	if r.answer != nil && r.answer(w, &data) {
		return
	}
	if len(body) > maxBody {
		http.Error(w, "too large", http.StatusBadRequest)
		return
	}
	for _, of := range data.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			r.requests = append(r.requests, Request{req.Header, len(body), Attributes(of.Resource.GetAttributes()), scope.Scope.GetName(), scope.Spans})
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// decode holds a request to the protocol.
func decode(req *http.Request) ([]byte, error) {
	switch {
	case req.Method != http.MethodPost:
		return nil, fmt.Errorf("its method is %s", req.Method)
	case req.Header.Get("Content-Type") != "application/x-protobuf" || req.Header.Get("Content-Encoding") != "gzip":
		return nil, fmt.Errorf("it is %s in %s", req.Header.Get("Content-Type"), req.Header.Get("Content-Encoding"))
	}
	zip, err := gzip.NewReader(req.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zip)
}

// Take returns the requests since it was called last.
func (r *Receiver) Take() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.requests
	r.requests = nil
	return out
}

// Spans are those of requests, in their order.
func Spans(requests []Request) []*tracepb.Span {
	var out []*tracepb.Span
	for _, r := range requests {
		out = append(out, r.Spans...)
	}
	return out
}

// Attributes are those of a span or resource, as text.
func Attributes(list []*commonpb.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range list {
		switch v := kv.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			out[kv.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[kv.Key] = fmt.Sprint(v.IntValue)
		case *commonpb.AnyValue_DoubleValue:
			out[kv.Key] = fmt.Sprint(v.DoubleValue)
		case *commonpb.AnyValue_BoolValue:
			out[kv.Key] = fmt.Sprint(v.BoolValue)
		case *commonpb.AnyValue_ArrayValue:
			var words []string
			for _, w := range v.ArrayValue.Values {
				words = append(words, w.GetStringValue())
			}
			out[kv.Key] = fmt.Sprint(words)
		}
	}
	return out
}
