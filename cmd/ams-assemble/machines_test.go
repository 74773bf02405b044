package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ams/pkg/bundle"
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/ship"
	"ams/pkg/spool"
	"ams/pkg/table"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// machine has a spool, receipts and transcripts of its own, and shares a store.
type machine struct {
	dir   string
	flags []string // of the store
}

func newMachine(t *testing.T, flags []string) *machine {
	t.Helper()
	m := &machine{dir: t.TempDir(), flags: flags}
	if err := os.MkdirAll(filepath.Join(m.dir, "claude", "projects", "p"), 0o700); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) spool() string { return filepath.Join(m.dir, "spool") }

// storyBegan is when the session of these tests began.
var storyBegan = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// calls records one whole tool call for each id.
func (m *machine) calls(t *testing.T, at time.Time, ids ...string) {
	t.Helper()
	var records []spool.Record
	for i, id := range ids {
		for j, event := range []string{`"PreToolUse","tool_input":{"command":"` + id + `"}`, `"PostToolUse","tool_response":{"stdout":"of ` + id + `"}`} {
			raw := []byte(`{"session_id":"one","cwd":"/p","tool_name":"Bash","tool_use_id":"` + id + `","hook_event_name":` + event + `}`)
			records = append(records, spool.Record{Key: spool.KeyFor(at.Add(time.Duration(2*i+j)*time.Second), raw, 0), Raw: raw})
		}
	}
	if _, err := spool.Insert(m.spool(), "one", records); err != nil {
		t.Fatal(err)
	}
}

// note records a notification, which has no id of the client.
func (m *machine) note(t *testing.T, at time.Time, text string) {
	t.Helper()
	raw := []byte(`{"session_id":"one","cwd":"/p","hook_event_name":"Notification","message":"` + text + `"}`)
	if _, err := spool.Insert(m.spool(), "one", []spool.Record{{Key: spool.KeyFor(at, raw, 0), Raw: raw}}); err != nil {
		t.Fatal(err)
	}
}

// says adds an answer of the model to the transcript; its length does not depend on the word.
func (m *machine) says(t *testing.T, at time.Time, word string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(m.dir, "claude", "projects", "p", "one.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, `{"type":"assistant","sessionId":"one","uuid":"u-%s","timestamp":"%s","message":{"id":"msg_%s","role":"assistant","model":"claude-opus-5-5",`+
		`"content":[{"type":"text","text":"said %s"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}}`+"\n",
		word, at.Format(time.RFC3339), word, word)
	if err != nil {
		t.Fatal(err)
	}
}

func (m *machine) args(args ...string) []string {
	return slices.Concat(args, m.flags, []string{"--spool-dir", m.spool(), "--claude-dir", filepath.Join(m.dir, "claude"), "--now"})
}

// run runs a command, which must do all that it has to.
func (m *machine) run(t *testing.T, args ...string) {
	t.Helper()
	if len(args) == 0 {
		args = []string{"run"}
	}
	code, out, talk := runIn(t, time.Now().Add(time.Minute), m.args(args...)...)
	if code != exitDone || talk != "" {
		t.Errorf("%v: exit %d\n%s%s", args, code, out, talk)
	}
}

// sharedStore is a store for several machines: its flags, and a way in for the test.
type sharedStore struct {
	flags []string
	upload.Store
	rev int64 // the last that was seen
}

// sharedStores are the kinds of stores: a folder, a bucket.
var sharedStores = map[string]func(t *testing.T) *sharedStore{
	"folder": func(t *testing.T) *sharedStore {
		dir := t.TempDir()
		return &sharedStore{flags: []string{"--local-dir", dir}, Store: upload.NewLocal(dir)}
	},
	"bucket": func(t *testing.T) *sharedStore { return sharedBucket(t, newBucketServer(t)) },
}

func sharedBucket(t *testing.T, b *bucketServer) *sharedStore {
	t.Helper()
	return &sharedStore{flags: []string{"--s3-bucket", "traces", "--s3-endpoint-url", b.URL}, Store: b.store(t)}
}

// session reads what is stored and holds that body and index record agree, and that the counter never falls.
func (s *sharedStore) session(t *testing.T) *schema.Session {
	t.Helper()
	var bodies []string
	if err := s.List(t.Context(), "", func(o upload.Object) error {
		if strings.HasPrefix(o.Key, "sessions/") {
			bodies = append(bodies, o.Key)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b, _, err := s.Get(t.Context(), "index/one.json")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := schema.DecodeSummary(b)
	if err != nil {
		t.Fatal(err)
	}
	key := upload.SessionKey("one", sum.StartTime.Time)
	if !slices.Equal(bodies, []string{key}) {
		t.Fatalf("stored are %q; the index record names %s", bodies, key)
	}
	body, _, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	session, err := schema.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if session.Stored == nil || sum.Stored == nil || *session.Stored != *sum.Stored || session.Stored.Rev < s.rev {
		t.Errorf("counter: body %+v, index record %+v, before %d", session.Stored, sum.Stored, s.rev)
	} else {
		s.rev = session.Stored.Rev
	}
	if sum.ToolCalls != session.Totals.ToolCalls || !sum.StartTime.Equal(session.StartTime.Time) {
		t.Errorf("the index record has %d calls, the body %d", sum.ToolCalls, session.Totals.ToolCalls)
	}
	return session
}

// wants holds that all of the words are in the session: ids of whole calls, notes, answers.
func (s *sharedStore) wants(t *testing.T, words ...string) {
	t.Helper()
	var got []string
	for _, e := range s.session(t).Events {
		switch {
		case e.Tool != nil && len(e.Tool.Input) > 0 && len(e.Tool.Result) > 0:
			got = append(got, e.Tool.ToolUseID)
		case e.Tool != nil:
			got = append(got, e.Tool.ToolUseID+" in part")
		case e.LLM != nil:
			got = append(got, strings.TrimPrefix(e.LLM.Text, "said "))
		default:
			got = append(got, e.Note)
		}
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(words)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// twoSteps are what two machines do in turn; each step is checked against all that was recorded until then.
func twoSteps(t *testing.T, open func(t *testing.T) *sharedStore) {
	at := func(n int) time.Time { return storyBegan.Add(time.Duration(n) * time.Minute) }
	t.Run("as many calls here and there", func(t *testing.T) {
		s := open(t)
		a, b := newMachine(t, s.flags), newMachine(t, s.flags)
		a.calls(t, at(0), "a1")
		b.calls(t, at(1), "b1")
		a.run(t)
		s.wants(t, "a1")
		b.run(t)
		s.wants(t, "a1", "b1")
		a.calls(t, at(2), "a2") // its receipt is of before b stored
		a.run(t)
		s.wants(t, "a1", "b1", "a2")
		b.calls(t, at(3), "b2", "b3")
		b.run(t)
		s.wants(t, "a1", "b1", "a2", "b2", "b3")
		a.calls(t, at(4), "a3", "a4", "a5") // by numbers it covers all
		a.run(t)
		a.run(t, "run", "--capture-thinking", "no") // other settings: stored anew
		b.run(t, "run", "--redact", "yes")
		a.run(t, "session", "--store", "one")
		s.wants(t, "a1", "b1", "a2", "b2", "b3", "a3", "a4", "a5")
		before := s.rev
		for range 3 {
			a.run(t, "session", "--store", "one")
			b.run(t, "session", "--store", "one")
		}
		if s.session(t); s.rev != before {
			t.Errorf("the same was stored again and again: counter %d, was %d", s.rev, before)
		}
	})
	t.Run("a call of which each saw a part", func(t *testing.T) {
		s := open(t)
		a, b := newMachine(t, s.flags), newMachine(t, s.flags)
		for i, m := range []*machine{a, b} {
			raw := []byte(`{"session_id":"one","cwd":"/p","tool_name":"Bash","tool_use_id":"c1","hook_event_name":` +
				[]string{`"PreToolUse","tool_input":{"command":"x"}}`, `"PostToolUse","tool_response":{"stdout":"y"}}`}[i])
			if _, err := spool.Insert(m.spool(), "one", []spool.Record{{Key: spool.KeyFor(at(i), raw, 0), Raw: raw}}); err != nil {
				t.Fatal(err)
			}
			m.run(t)
		}
		s.wants(t, "c1")
		a.calls(t, at(3), "a1")
		a.run(t)
		s.wants(t, "c1", "a1")
	})
	t.Run("events without ids, and receipts that are lost", func(t *testing.T) {
		s := open(t)
		a, b := newMachine(t, s.flags), newMachine(t, s.flags)
		a.note(t, at(0), "from here")
		b.note(t, at(1), "from there")
		for range 2 {
			a.run(t)
			b.run(t)
			for _, m := range []*machine{a, b} {
				if err := os.RemoveAll(filepath.Join(m.spool(), ".receipts")); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.wants(t, "from here", "from there")
	})
	t.Run("transcripts of one size", func(t *testing.T) {
		s := open(t)
		a, b := newMachine(t, s.flags), newMachine(t, s.flags)
		a.calls(t, at(0), "a1")
		a.says(t, at(1), "aa")
		b.calls(t, at(2), "b1")
		b.says(t, at(3), "bb")
		a.run(t)
		b.run(t)
		s.wants(t, "a1", "aa", "b1", "bb")
		a.says(t, at(4), "ab")
		a.run(t)
		b.run(t, "import")
		s.wants(t, "a1", "aa", "b1", "bb", "ab")
	})
	t.Run("a part of the day before", func(t *testing.T) {
		s := open(t)
		a, b := newMachine(t, s.flags), newMachine(t, s.flags)
		a.calls(t, at(0), "a1")
		b.calls(t, at(-24*60), "b1")
		a.run(t, "run", "--keep-raw", "yes")
		b.run(t, "run", "--keep-raw", "yes")
		s.wants(t, "a1", "b1")
		a.calls(t, at(2), "a2")
		a.run(t, "run", "--keep-raw", "yes")
		s.wants(t, "a1", "b1", "a2")
		raw, _, err := s.Get(t.Context(), "raw/2026/11/21/one.tar.zst")
		if err != nil {
			t.Fatal(err)
		}
		kept, err := bundle.Decode(strings.NewReader(string(raw)))
		for _, want := range []string{"a1", "b1", "a2"} {
			if err != nil || strings.Count(string(kept.Records), `\"tool_use_id\":\"`+want+`\"`) != 2 {
				t.Errorf("raw material lacks %s (%v):\n%s", want, err, kept.Records)
			}
		}
		if _, _, err := s.Get(t.Context(), "raw/2026/11/22/one.tar.zst"); !errors.Is(err, upload.ErrNotFound) {
			t.Errorf("raw material under the old key: %v", err)
		}
		if code, _, talk := runIn(t, time.Now(), a.args("rm", "one")...); code != exitDone {
			t.Errorf("rm: exit %d, %s", code, talk)
		}
		if err := s.List(t.Context(), "", func(o upload.Object) error {
			if dir := path.Dir(o.Key); !strings.HasPrefix(dir, "tables") || strings.HasPrefix(dir, "tables/events") { // there are words that it is gone
				t.Errorf("%s is left after rm", o.Key)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a store of the program before", func(t *testing.T) {
		s := open(t)
		a, b := newMachine(t, s.flags), newMachine(t, s.flags)
		a.calls(t, at(0), "a1")
		a.run(t)
		key := upload.SessionKey("one", storyBegan)
		for _, k := range []string{key, "index/one.json"} {
			body, _, err := s.Get(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			old := storedPart.ReplaceAllString(string(body), "")
			if _, err := s.Put(t.Context(), k, []byte(old), upload.PutOptions{}); err != nil || old == string(body) {
				t.Fatal(err)
			}
		}
		b.calls(t, at(1), "b1")
		b.run(t)
		s.wants(t, "a1", "b1")
	})
}

func TestTwoMachinesTakeNothingFromEachOther(t *testing.T) {
	for name, open := range sharedStores {
		t.Run(name, func(t *testing.T) { twoSteps(t, open) })
	}
}

// TestTwoMachinesOnServersWithoutConditions: one after the other, nothing is lost there, either.
func TestTwoMachinesOnServersWithoutConditions(t *testing.T) {
	refuse := func(status int, drop bool) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conditional := r.Header.Get("If-Match") + r.Header.Get("If-None-Match")
				if conditional != "" && drop {
					r.Header.Del("If-Match")
					r.Header.Del("If-None-Match")
				} else if conditional != "" {
					w.WriteHeader(status)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	hide := func(next http.Handler) http.Handler { // as AWS for keys that may not list
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			if rec.Code == http.StatusNotFound && (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("X-Test") == "" {
				rec = httptest.NewRecorder()
				rec.WriteHeader(http.StatusForbidden)
				fmt.Fprint(rec, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
			}
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes())
		})
	}
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"501": refuse(501, false), "405": refuse(405, false), "400": refuse(400, false), "ignored": refuse(0, true), "403 for what is not there": hide,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBucketServer(t)
			b.wrap = wrap
			if name == "ignored" {
				b.trust = true
			}
			s := sharedBucket(t, b)
			s.flags = append(s.flags, "--tables", "no") // else it is said that they are not written
			at := func(n int) time.Time { return storyBegan.Add(time.Duration(n) * time.Minute) }
			one, two := newMachine(t, s.flags), newMachine(t, s.flags)
			one.calls(t, at(0), "a1")
			one.run(t)
			two.calls(t, at(1), "b1")
			two.run(t)
			one.calls(t, at(2), "a2")
			one.run(t)
			two.calls(t, at(3), "b2")
			two.run(t, "run", "--keep-raw", "yes")
			s.wants(t, "a1", "b1", "a2", "b2")
		})
	}
}

// TestManyMachinesAtOnce lets many store one session at the same moment, again and again.
func TestManyMachinesAtOnce(t *testing.T) {
	for name, open := range sharedStores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			var machines []*machine
			for range 5 {
				machines = append(machines, newMachine(t, s.flags))
			}
			var all []string
			for round := range 3 {
				var wg sync.WaitGroup
				for i, m := range machines {
					id := fmt.Sprintf("m%dr%d", i, round)
					all = append(all, id)
					// the first of a day of its own: the machines do not agree where the session is
					m.calls(t, storyBegan.Add(time.Duration(round*10+i)*time.Minute).AddDate(0, 0, -i), id)
				}
				for _, m := range machines {
					wg.Go(func() { m.run(t) })
				}
				wg.Wait()
				s.wants(t, all...)
			}
			if name == "folder" { // the bucket of these tests has no atomic conditions
				s.wantsRowsWhereItIs(t)
			}
		})
	}
}

// wantsRowsWhereItIs holds that the session has no rows in days where others saw it begin, once somebody looked after the tables.
func (s *sharedStore) wantsRowsWhereItIs(t *testing.T) {
	t.Helper()
	k := table.New(table.Options{Store: s.Store, Now: func() time.Time { return time.Now().Add(2 * time.Hour) }})
	if _, err := k.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := k.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Findings {
		if !strings.Contains(f, "the tables have no row of it as it is stored") { // who stored it last is not who runs last
			t.Error(f)
		}
	}
}

// TestALostAnswerLosesNothing lets each call of a second machine's put fail in both ways: nothing
// of the first is lost, and the next run of the second brings its own.
func TestALostAnswerLosesNothing(t *testing.T) {
	dirs := map[upload.Store]string{}
	storetest.EachFault(t, func(t *testing.T) upload.Store {
		dir := t.TempDir()
		s := upload.NewLocal(dir)
		dirs[s] = dir
		return s
	}, func(t *testing.T, faulty, plain upload.Store) {
		shared := &sharedStore{flags: []string{"--local-dir", dirs[plain]}, Store: plain}
		a, b := newMachine(t, shared.flags), newMachine(t, shared.flags)
		a.calls(t, storyBegan, "a1")
		b.calls(t, storyBegan.AddDate(0, 0, -1), "b1")
		a.run(t)
		prices, err := price.Embedded()
		if err != nil {
			t.Fatal(err)
		}
		set := settings{spoolDir: b.spool(), claudeDir: filepath.Join(b.dir, "claude"), localDir: dirs[plain], idle: time.Minute, now: true, keepRaw: ship.MaskedRaw, join: joinSettings(prices)}
		book, err := set.openBook(env{stderr: io.Discard, now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		opt := set.shipping(env{now: time.Now})
		opt.Store, opt.Book = faulty, book
		tally, err := ship.New(opt).Run(t.Context(), ship.Retention{}, ship.Watch{})
		if err != nil || tally.Why != nil && !errors.Is(tally.Why, storetest.ErrInjected) {
			t.Error(err, tally.Why)
		}
		if err := book.Close(); err != nil {
			t.Fatal(err)
		}
		if tally.Why != nil {
			b.run(t, "run", "--keep-raw", "yes")
		}
		a.calls(t, storyBegan.Add(time.Hour), "a2")
		a.run(t)
		shared.wants(t, "a1", "b1", "a2")
	})
}
