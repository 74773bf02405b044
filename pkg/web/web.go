// Package web is the page: a list of the stored sessions with a search, each session as a story, and reports. It serves
// what [library] reads and nothing else, changes nothing, keeps nothing but caches, and asks nobody for anything.
//
//	GET /                                   the page: list           GET /api/list?q=&sort=&from=&n=
//	GET /s/ID                               a session                GET /api/s/ID                       its head
//	GET /report                             sums                     GET /api/s/ID/spans                 16 bytes an event
//	GET /static/[VERSION/]FILE              scripts and styles       GET /api/s/ID/events?from=&n=       a slice of events
//	GET, POST /login                        a token for the cookie   GET /api/s/ID/events/INDEX          one, with longer texts
//	GET /export/ID.FORM                     a session as a file      GET /api/s/ID/events/INDEX/PART     a text or picture, whole
//	                                                                 GET /api/s/ID/find?q=&from=         a text inside
//	                                                                 GET /api/s/ID/live                  server-sent events
//	                                                                 GET /api/report?by=&q=
//
// # Who may ask
//
// Every answer but that of /login needs the token: other users of the machine reach its loopback, too. It is given
// once in the printed address, or typed at /login, and then is a cookie that no script can read and that goes with no
// request of another site. Before that, a request is refused
//
//   - whose Host is no name of ours: a page of a stranger whose name was rebound to this address sends its own name;
//   - whose Origin or Sec-Fetch-Site says that another site sent it;
//   - that would change something: there is nothing to change.
//
// What an agent wrote is sent as JSON, as plain text, or as a raster image that begins as one, never sniffed; the
// page's policy allows scripts and styles of its own files alone, and no markup made of a text.
//
// # What it keeps
//
// The index records of the store, the newest searches, and the Sessions that were looked at last, up to [keptBytes]. All of it may be lost at any time.
package web

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"net"
	"net/http"
	"time"

	"ams/pkg/library"
	"ams/pkg/schema"
)

// Options say what is served, and to whom.
type Options struct {
	Library *library.Library
	// StoreName names the store to a person.
	StoreName string
	// Access says who may ask.
	Access Access
	// Follow gives a session that is recorded on this machine each time that it has grown, until it is over or the
	// context ends; an error wraps [library.ErrNotFound] where nothing of it is recorded here. nil: nothing is.
	Follow func(ctx context.Context, id string) iter.Seq2[*schema.Session, error]
	// Exports are forms of a session beside those of this package.
	Exports []Export
	// Now and Location are the clock of what a person types, and the zone of times in words.
	Now      func() time.Time
	Location *time.Location
	// Log is told of what went wrong inside; nil: nobody is.
	Log *log.Logger
}

// Server answers requests. It is made by [New].
type Server struct {
	Options
	shelf   shelf
	records records
	mux     *http.ServeMux
}

// New makes a server. It reads nothing before it is asked.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	s := &Server{Options: o, mux: http.NewServeMux()}
	s.Exports = append(ownExports(o.Location), o.Exports...)
	s.shelf.lib, s.records.lib = o.Library, o.Library
	s.routes()
	return s
}

func (s *Server) routes() {
	for _, path := range []string{"/{$}", "/s/{id}", "/report"} {
		s.mux.HandleFunc("GET "+path, s.page)
	}
	s.mux.HandleFunc("GET /static/{file}", s.static)
	s.mux.HandleFunc("GET /static/{version}/{file}", s.static)
	s.mux.HandleFunc("GET /export/{file}", s.answer(s.export))
	s.mux.HandleFunc("GET /api/list", s.answer(s.list))
	s.mux.HandleFunc("GET /api/report", s.answer(s.report))
	s.mux.HandleFunc("GET /api/s/{id}", s.answer(s.head))
	s.mux.HandleFunc("GET /api/s/{id}/spans", s.answer(s.spans))
	s.mux.HandleFunc("GET /api/s/{id}/events", s.answer(s.events))
	s.mux.HandleFunc("GET /api/s/{id}/events/{index}", s.answer(s.event))
	s.mux.HandleFunc("GET /api/s/{id}/events/{index}/{part}", s.answer(s.whole))
	s.mux.HandleFunc("GET /api/s/{id}/find", s.answer(s.find))
	s.mux.HandleFunc("GET /api/s/{id}/live", s.answer(s.live))
}

// Handler is the whole page with all its checks.
func (s *Server) Handler() http.Handler { return s.Access.guard(s.mux) }

// Bounds of connections: a browser opens some ten, and a stranger may open more.
const (
	readHeaderTime = 10 * time.Second
	idleTime       = 2 * time.Minute
	maxHeader      = 64 << 10
	stopTime       = 2 * time.Second // for answers that are on their way when it ends
)

// Serve answers on a listener until the context ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	asked, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: readHeaderTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return asked }, ErrorLog: s.Log,
	}
	if server.ErrorLog == nil {
		server.ErrorLog = log.New(nowhere{}, "", 0)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the page: %w", err)
	case <-ctx.Done():
	}
	stop() // ends what would go on for ever, as events of a session at work
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(rest); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("end the page: %w", err)
	}
	return server.Close()
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
