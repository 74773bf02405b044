package web

import (
	"net/http"
	"strconv"
	"strings"

	"ams/pkg/search"
	"ams/pkg/view"
)

// sliceMost is how many events one answer has at most.
const sliceMost = 500

// headReply is the head of a session and its version, which every answer about it has.
type headReply struct {
	Version string `json:"version"`
	Name    string `json:"name"`
	Exports []form `json:"exports"`
	Live    bool   `json:"live"`        // it may still grow
	At      *int   `json:"at,omitzero"` // the index of the event that was asked for
	*view.Head
}

// form is a form in which a session can be had as a file.
type form struct {
	Name   string `json:"name"`
	Suffix string `json:"suffix"`
}

func (s *Server) head(_ http.ResponseWriter, r *http.Request) (reply, error) {
	v, version, err := s.shelf.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	at := r.URL.Query().Get("e")
	out := headReply{Version: version, Name: nameOf(v), Live: v.Outcome == "running" || v.Status == "running", Head: v.Head(s.Location)}
	for _, e := range s.Exports {
		out.Exports = append(out.Exports, form{e.Name, e.Suffix})
	}
	if i, ok := v.Index(at); ok {
		out.At = &i
	}
	return reply{value: out, version: version}, nil
}

func (s *Server) spans(_ http.ResponseWriter, r *http.Request) (reply, error) {
	v, version, err := s.shelf.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	return reply{body: v.Spans(), media: "application/octet-stream", version: version}, nil
}

// slice is some events of a session.
type slice struct {
	Version string       `json:"version"`
	Events  []view.Event `json:"events"`
}

func (s *Server) events(_ http.ResponseWriter, r *http.Request) (reply, error) {
	from, err := wholeNumber(r, "from", 0)
	if err != nil {
		return reply{}, err
	}
	n, err := wholeNumber(r, "n", 200)
	if err != nil {
		return reply{}, err
	}
	v, version, err := s.shelf.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	return reply{value: slice{version, v.Slice(from, from+min(n, sliceMost), view.SliceText)}, version: version}, nil
}

func (s *Server) event(_ http.ResponseWriter, r *http.Request) (reply, error) {
	i, err := strconv.Atoi(r.PathValue("index"))
	if err != nil {
		return reply{}, badRequest("An event is named by its index.")
	}
	v, version, err := s.shelf.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	events := v.Slice(i, i+1, view.EventText)
	if len(events) == 0 {
		return reply{}, noEvent
	}
	return reply{value: slice{version, events}, version: version}, nil
}

var noEvent = &wrong{status: http.StatusNotFound, say: "The session has no such event.", hint: "It may have changed: load the page again."}

// whole is one text as it is, or a picture.
func (s *Server) whole(_ http.ResponseWriter, r *http.Request) (reply, error) {
	i, err := strconv.Atoi(r.PathValue("index"))
	part, err2 := strconv.Atoi(r.PathValue("part"))
	if err != nil || err2 != nil {
		return reply{}, badRequest("An event and its part are named by their indexes.")
	}
	v, version, err := s.shelf.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	p, ok := v.Whole(i, part)
	if !ok {
		return reply{}, noEvent
	}
	if p.Kind == view.Image {
		b, ok := p.Picture()
		if !ok {
			return reply{}, &wrong{status: http.StatusUnsupportedMediaType, say: "That is no picture of a type that is shown."}
		}
		return reply{body: b, media: p.Media, version: version}, nil
	}
	return reply{body: []byte(p.Text), media: "text/plain; charset=utf-8", version: version}, nil
}

// findMost is how many places one answer names.
const findMost = 500

// place is where a text was found inside a session.
type place struct {
	Event  int    `json:"i"`
	What   string `json:"what"`
	Before string `json:"before"`
	Match  string `json:"match"`
	After  string `json:"after"`
	More   int    `json:"more,omitzero"`
}

type places struct {
	Version string  `json:"version"`
	Places  []place `json:"places"`
	All     int     `json:"all"`
}

func (s *Server) find(_ http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := search.Compile(r.URL.Query().Get("q"), search.Options{})
	if err != nil {
		return reply{}, badRequest("Nothing can be looked for: %v.", err)
	}
	v, version, err := s.shelf.get(r.Context(), r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	at := make(map[int]int, len(v.Events))
	for i := range v.Events {
		at[v.Events[i].Seq] = i
	}
	out := places{Version: version, Places: []place{}}
	for _, h := range p.Find(v.Session) {
		i, ok := at[h.Seq]
		if !ok {
			continue
		}
		if out.All++; len(out.Places) < findMost {
			out.Places = append(out.Places, place{i, h.What, h.Before, h.Match, h.After, h.More})
		}
	}
	return reply{value: out}, nil
}

// wholeNumber reads a number of 0 or more from an address.
func wholeNumber(r *http.Request, name string, absent int) (int, error) {
	text := strings.TrimSpace(r.URL.Query().Get(name))
	if text == "" {
		return absent, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, badRequest("%s must be a number of 0 or more.", name)
	}
	return int(n), nil
}
