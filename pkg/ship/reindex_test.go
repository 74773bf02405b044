package ship_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ams/pkg/receipt"
	"ams/pkg/schema"
	"ams/pkg/ship"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// oldStore has n sessions as an older version stored them, with records that know little.
func oldStore(t *testing.T, n int) upload.Store {
	t.Helper()
	store := upload.NewLocal(t.TempDir())
	for i := range n {
		putOld(t, store, fmt.Sprintf("s-%02d", i), i+1)
	}
	return store
}

func sessionWith(id string, prompts int) *schema.Session {
	start := schema.At(time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC))
	s := &schema.Session{SchemaVersion: "1.1", SessionID: id, TraceID: "t", StartTime: start, User: "ann", Cwd: "/home/dev/shop", Status: schema.OK}
	for i := range prompts {
		s.Events = append(s.Events, schema.Event{ID: fmt.Sprint("e", i), Type: schema.UserPrompt, Name: "user_prompt", StartTime: start, Prompt: "go"})
	}
	return s
}

// putOld stores a Session and an old record.
func putOld(t *testing.T, store upload.Store, id string, prompts int) {
	t.Helper()
	s := sessionWith(id, prompts)
	body, err := schema.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	putObject(t, store, upload.SessionKey(id, s.StartTime.Time), body)
	putObject(t, store, upload.IndexKey(id), fmt.Appendf(nil,
		`{"schema_version":"1.1","session_id":%q,"trace_id":"t","start_time":"2026-05-01T10:00:00+00:00","status":"ok"}`, id))
}

func putObject(t *testing.T, store upload.Store, key string, body []byte) {
	t.Helper()
	if _, err := store.Put(context.Background(), key, body, upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func recordOf(t *testing.T, store upload.Store, id string) *schema.Summary {
	t.Helper()
	b, _, err := store.Get(t.Context(), upload.IndexKey(id))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := schema.DecodeSummary(b)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestReindexMakesOldRecordsAnew(t *testing.T) {
	store := oldStore(t, 5)
	putObject(t, store, "index/damaged.json", []byte("{"))
	putObject(t, store, "sessions/2026/05/01/damaged.json", []byte("{"))
	putObject(t, store, "index/nothing.json", []byte(`{"schema_version":"1.0","session_id":"nothing","start_time":"2026-05-01T10:00:00+00:00"}`))
	putObject(t, store, "index/newer.json", []byte(`{"schema_version":"2.0","session_id":"newer","start_time":"2026-05-01T10:00:00+00:00"}`))
	putObject(t, store, "sessions/2026/05/01/removed.json", []byte("{}"))
	putObject(t, store, "sessions/2026/05/02/s-00.json", []byte("{}")) // where the session was before it moved
	var notes []string
	began, each := 0, 0
	sh := ship.New(ship.Options{Store: store, Note: func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }})
	done, err := sh.Reindex(t.Context(), false, ship.Watch{Begin: func(n int) { began = n }, Each: func(ship.Result) { each++ }})
	orphans := []string{"sessions/2026/05/01/removed.json", "sessions/2026/05/02/s-00.json"}
	if err != nil || done.Found != 8 || done.Made != 5 || done.Kept != 0 || done.Failed != 3 || !slices.Equal(done.Orphans, orphans) {
		t.Errorf("got %+v, %v; want 5 of 8 made, 3 failed, orphans %q", done, err, orphans)
	}
	if began != 8 || each != 8 || len(notes) != 3 {
		t.Errorf("watched %d of %d, notes %q", each, began, notes)
	}
	sum := recordOf(t, store, "s-03")
	if sum.Old() || schema.OrZero(sum.User) != "ann" || schema.OrZero(sum.Repo) != "shop" || sum.ActiveMS == nil || sum.SchemaVersion != schema.Version {
		t.Errorf("got %+v, want a record of this version", sum)
	}
	if _, _, err := store.Get(t.Context(), "index/removed.json"); !errors.Is(err, upload.ErrNotFound) {
		t.Errorf("a removed session came back: %v", err)
	}
	if again, err := sh.Reindex(t.Context(), false, ship.Watch{}); err != nil || again.Made != 0 || again.Kept != 5 {
		t.Errorf("again: got %+v, %v; want all kept", again, err)
	}
	if again, err := sh.Reindex(t.Context(), true, ship.Watch{}); err != nil || again.Made != 0 || again.Kept != 5 {
		t.Errorf("all of them again: got %+v, %v; want the same bytes", again, err)
	}
}

// TestReindexGoesOnWhereItStopped stops in the middle.
func TestReindexGoesOnWhereItStopped(t *testing.T) {
	store := oldStore(t, 40)
	ctx, stop := context.WithCancel(t.Context())
	seen := 0
	done, err := ship.New(ship.Options{Store: store}).Reindex(ctx, false, ship.Watch{Each: func(ship.Result) {
		if seen++; seen == 10 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) || done.Made+done.Failed > 30 {
		t.Errorf("got %+v, %v, want it to end soon", done, err)
	}
	rest, err := ship.New(ship.Options{Store: store}).Reindex(t.Context(), false, ship.Watch{})
	if err != nil || rest.Kept < 1 || rest.Made+rest.Kept != 40 || rest.Failed != 0 {
		t.Errorf("then %+v, %v; want what was left", rest, err)
	}
}

func TestTwoMachinesReindexAtOnce(t *testing.T) {
	store := oldStore(t, 60)
	var both sync.WaitGroup
	var done [2]ship.Reindexed
	for i := range done {
		both.Go(func() {
			var err error
			if done[i], err = ship.New(ship.Options{Store: store}).Reindex(context.Background(), false, ship.Watch{}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if done[0].Failed+done[1].Failed > 0 || done[0].Made+done[1].Made != 60 || done[0].Made+done[0].Kept != 60 {
		t.Errorf("got %+v, want each record made once", done)
	}
}

// TestReindexTakesNothingFromARun: another machine stores the session between the reading of its record and the put.
func TestReindexTakesNothingFromARun(t *testing.T) {
	store := oldStore(t, 1)
	once := sync.Once{}
	meanwhile := storetest.Faulty(store, func(c storetest.Call) storetest.Fault {
		if c.Op == "put" {
			once.Do(func() {
				s := sessionWith("s-00", 7)
				s.User = "bob"
				body, _ := schema.Encode(s)
				putObject(t, store, upload.SessionKey("s-00", s.StartTime.Time), body)
				index, _ := schema.EncodeSummary(schema.Summarize(s))
				putObject(t, store, upload.IndexKey("s-00"), index)
			})
		}
		return storetest.None
	})
	done, err := ship.New(ship.Options{Store: meanwhile}).Reindex(t.Context(), true, ship.Watch{})
	if err != nil || done.Failed > 0 {
		t.Errorf("got %+v, %v", done, err)
	}
	if sum := recordOf(t, store, "s-00"); schema.OrZero(sum.User) != "bob" {
		t.Errorf("got %s, want the record of what was stored meanwhile", schema.OrZero(sum.User))
	}
}

func TestReindexKeepsReceiptsTrue(t *testing.T) {
	store := oldStore(t, 2)
	book, err := receipt.Open(filepath.Join(t.TempDir(), "receipts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	_, tag, err := store.Get(t.Context(), upload.IndexKey("s-00"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tag := range map[string]string{"s-00": tag, "s-01": "of another version"} {
		if err := book.Put(name, receipt.Receipt{SessionID: name, Version: receipt.Version{IndexTag: tag}}); err != nil {
			t.Fatal(err)
		}
	}
	if done, err := ship.New(ship.Options{Store: store, Book: book}).Reindex(t.Context(), false, ship.Watch{}); err != nil || done.Made != 2 {
		t.Fatalf("got %+v, %v", done, err)
	}
	_, fresh, err := store.Get(t.Context(), upload.IndexKey("s-00"))
	if err != nil || book.Get("s-00").IndexTag != fresh || book.Get("s-01").IndexTag != "of another version" {
		t.Errorf("got %q and %q, want %q and the other as it was (%v)", book.Get("s-00").IndexTag, book.Get("s-01").IndexTag, fresh, err)
	}
}

func TestReindexSaysThatAStoreFails(t *testing.T) {
	failing := storetest.Faulty(oldStore(t, 3), func(c storetest.Call) storetest.Fault {
		if c.Op == "put" {
			return storetest.NotDone
		}
		return storetest.None
	})
	var notes []string
	sh := ship.New(ship.Options{Store: failing, Note: func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }})
	done, err := sh.Reindex(t.Context(), false, ship.Watch{})
	if err != nil || done.Failed != 3 || len(notes) != 3 || !strings.Contains(notes[0], "index/s-0") {
		t.Errorf("got %+v, %v, notes %q", done, err, notes)
	}
}
