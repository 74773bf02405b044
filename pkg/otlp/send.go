package otlp

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"ams/pkg/schema"
)

const (
	// maxBatch bounds the spans of a request, in bytes before they are packed: receivers refuse more than 20 MB, some
	// proxies more than 4. A span that has more goes alone.
	maxBatch = 3 << 20

	// maxRefused is after how many spans that the receiver refuses one by one a Session is given up: each costs some
	// requests to be found.
	maxRefused = 20

	// hopeless is after how many of them while it took none.
	hopeless = 3
)

// Sent is what became of the spans of a Session.
type Sent struct {
	Spans    int // that the receiver took
	Requests int
	Refused  int    // spans that it did not take
	Why      string // of the last of them, in the receiver's words
}

// Send sends the spans of the turns in which something happened after a time, all for the zero time, and returns once
// the receiver has them. Spans that it refuses while it takes others are counted and not sent again; any other error
// says that the Session is to be sent again, as a whole: that changes nothing of what is there.
func (c *Client) Send(ctx context.Context, s *schema.Session, since time.Time) (Sent, error) {
	out := &sending{Client: c, resource: Resource(s)}
	var batch []*tracepb.Span
	size := 0
	for span := range c.opt.Mapping.Spans(s, since) {
		n := proto.Size(span)
		if len(batch) > 0 && size+n > maxBatch {
			if err := out.send(ctx, batch); err != nil {
				return out.Sent, out.explain(err)
			}
			batch, size = nil, 0
		}
		batch, size = append(batch, span), size+n
	}
	if len(batch) > 0 {
		if err := out.send(ctx, batch); err != nil {
			return out.Sent, out.explain(err)
		}
	}
	if out.Spans == 0 && out.last != nil {
		return out.Sent, out.explain(out.last)
	}
	return out.Sent, nil
}

// sending is a Session on its way.
type sending struct {
	*Client
	Sent
	resource *resourcepb.Resource
	last     error // with which a span alone was refused
}

func (o *sending) explain(err error) error { return fmt.Errorf("send to %s: %w", o.Name(), err) }

// send sends spans in one request. Where the receiver refuses what is in it, it is sent in halves, so that one span
// that it does not like does not keep back the others.
func (o *sending) send(ctx context.Context, spans []*tracepb.Span) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: o.resource,
		ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: &commonpb.InstrumentationScope{Name: "ams", Version: o.opt.Mapping.Version}, Spans: spans,
		}},
	}}}) // a request has the same form: field 1, again and again
	if err != nil {
		return err
	}
	o.Requests++
	taken, err := o.post(ctx, body)
	var refusal *Refusal
	switch {
	case err == nil:
		refused := int(min(max(taken.refused, 0), int64(len(spans))))
		o.Spans += len(spans) - refused
		o.Refused += refused
		if taken.said != "" {
			o.Why = taken.said
		}
		return nil
	case !errors.As(err, &refusal) || !refusal.isOfContent():
		return err
	case len(spans) > 1:
		half := len(spans) / 2
		if err := o.send(ctx, spans[:half]); err != nil {
			return err
		}
		return o.send(ctx, spans[half:])
	}
	o.Refused++
	o.Why, o.last = refusal.Error(), err
	if o.Refused >= maxRefused || o.Spans == 0 && o.Refused >= hopeless {
		return err
	}
	return nil
}
