package ship

import (
	"context"
	"sync"

	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/upload"
)

const (
	// inFlight is how many more sessions than [Options.Jobs] are on their way at once: with a bucket 40 ms away and
	// two requests a session that keeps two processors busy.
	inFlight = 16
	// inputBytes bounds what the sessions on their way were made of: while they have more, no other is begun.
	inputBytes = 64 << 20
)

// flow lets more sessions be on their way than there are processors. A session needs a processor to be read, joined
// and encoded, and then waits for the store: its worker holds a turn while it computes, and gives it back while it
// waits. It is the store of those workers.
type flow struct {
	upload.Store
	turns chan struct{}

	mu     sync.Mutex
	room   sync.Cond
	left   int64 // of inputBytes; below zero while more is on its way, as it is known only when it was read
	active int
	proved bool // the store took a session: until then no more are tried at once than there are turns
	state  health
	giveUp func() // is called when the store is dead: each of the other sessions would wait for the same error
}

func newFlow(store upload.Store, turns int, giveUp func()) *flow {
	f := &flow{Store: store, turns: make(chan struct{}, turns), left: inputBytes, giveUp: giveUp}
	f.room.L = &f.mu
	return f
}

// begin waits for room and for a turn.
func (f *flow) begin() {
	f.mu.Lock()
	for f.left <= 0 || !f.proved && f.active >= cap(f.turns) {
		f.room.Wait()
	}
	f.active++
	f.mu.Unlock()
	f.turns <- struct{}{}
}

// hold notes what a session was made of, and returns how much that is.
func (f *flow) hold(w *recorded.Session) int64 {
	n := w.Contents.Stat.DBBytes + w.Contents.Stat.InboxBytes
	for _, in := range w.Inputs {
		n += in.Size
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left -= n
	return n
}

// end gives back the turn, and the room of what a session held. stored says that the store took it, err why it did not.
func (f *flow) end(held int64, stored bool, err error) {
	<-f.turns
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left += held
	f.active--
	f.proved = f.proved || stored
	if f.state.note(err); f.state.dead {
		f.giveUp()
	}
	f.room.Broadcast()
}

// dead reports whether the store failed in a way that every other session would meet.
func (f *flow) dead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state.dead
}

// wait gives the turn back until the returned function is called.
func (f *flow) wait() (done func()) {
	<-f.turns
	return func() { f.turns <- struct{}{} }
}

func (f *flow) Put(ctx context.Context, key string, body []byte, opt upload.PutOptions) (string, error) {
	defer f.wait()()
	return f.Store.Put(ctx, key, body, opt)
}

func (f *flow) Get(ctx context.Context, key string) ([]byte, string, error) {
	defer f.wait()()
	return f.Store.Get(ctx, key)
}

// Look is [upload.Look] of the store.
func (f *flow) Look(ctx context.Context, key string) (upload.Object, error) {
	defer f.wait()()
	return upload.Look(ctx, f.Store, key)
}

func (f *flow) Delete(ctx context.Context, key string) error {
	defer f.wait()()
	return f.Store.Delete(ctx, key)
}

// workers are Shippers for several sessions at once, with a bound on how many compute. When handOut ends they
// begin no more; giveUp ends it.
func (sh *Shipper) workers(handOut context.Context, giveUp func(), isNew func(name string) bool) (*Shipper, int) {
	many := *sh
	many.left = handOut
	many.flow, many.isNew = newFlow(sh.opt.Store, sh.opt.Jobs, giveUp), isNew
	many.opt.Store = many.flow
	return &many, sh.opt.Jobs + inFlight
}

// passage is a session's way through a flow.
type passage struct {
	flow   *flow // nil where it goes alone
	held   int64
	stored bool // the store took it
	err    error
}

// begin waits until the work on a session may begin; nil says that it is left.
func (sh *Shipper) begin() *passage {
	p := &passage{flow: sh.flow}
	if sh.flow != nil {
		sh.flow.begin()
		if sh.left.Err() != nil {
			p.end()
			return nil
		}
	}
	return p
}

// put is [Shipper.put] of the session.
func (p *passage) put(ctx context.Context, sh *Shipper, w *recorded.Session, last *receipt.Receipt) (shelved, error) {
	if p.flow != nil {
		p.held = p.flow.hold(w)
	}
	done, err := sh.put(ctx, w, last)
	p.stored, p.err = err == nil, err
	return done, err
}

func (p *passage) end() {
	if p.flow != nil {
		p.flow.end(p.held, p.stored, p.err)
	}
}
