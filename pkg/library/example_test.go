package library_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/search"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// Example stores one session as an assembler does, and then lists, reads and searches what is stored.
func Example() {
	dir, err := os.MkdirTemp("", "library")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, store := context.Background(), upload.NewLocal(dir)
	if err := put(ctx, store, session("4c1d7e52-nightly", "Why does the build fail?")); err != nil {
		fmt.Println(err)
		return
	}

	lib := library.Open(store, library.Options{})
	list, err := lib.List(ctx, query.Query{Words: []string{"build"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range list.Sessions {
		fmt.Println("listed:", list.ShortID(s.Name), s.StartTime.Format(time.DateOnly))
	}

	s, err := lib.Get(ctx, "4c1d")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("got:   ", s.SessionID, "with", len(s.Events), "event")

	pattern, err := search.Compile("BUILD FAIL", search.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for m, err := range lib.Find(ctx, pattern, list) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, h := range m.Hits {
			fmt.Printf("found:  in the %s of event %d: %s[%s]%s\n", h.What, h.Seq, h.Before, h.Match, h.After)
		}
	}
	// Output:
	// listed: 4c1d7e52 2026-11-22
	// got:    4c1d7e52-nightly with 1 event
	// found:  in the prompt of event 1: Why does the [build fail]?
}

// session is one that was asked one thing.
func session(id, prompt string) *schema.Session {
	start := schema.Time{Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	return &schema.Session{
		SchemaVersion: schema.Version, SessionID: id, StartTime: start, EndTime: start, Status: schema.OK,
		Events: []schema.Event{{Seq: 1, Type: schema.UserPrompt, StartTime: start, EndTime: start, Status: schema.OK, Prompt: prompt}},
	}
}

// put stores a session: the body first, and then the record by which it is found.
func put(ctx context.Context, store upload.Store, s *schema.Session) error {
	body, err := schema.Encode(s)
	if err != nil {
		return err
	}
	record, err := schema.EncodeSummary(schema.Summarize(s))
	if err != nil {
		return err
	}
	name := spool.FileName(s.SessionID)
	if _, err := store.Put(ctx, upload.SessionKey(name, s.StartTime.Time), body, upload.PutOptions{}); err != nil {
		return err
	}
	_, err = store.Put(ctx, upload.IndexKey(name), record, upload.PutOptions{})
	return err
}
