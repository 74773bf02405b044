package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/library"
	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// session is a small one of some project, with a prompt.
func session(id, project, prompt string, cost float64, day int) *schema.Session {
	start := schema.Time{Time: time.Date(2026, 11, day, 9, 0, 0, 0, time.UTC)}
	ms := int64(60_000)
	return &schema.Session{
		SchemaVersion: schema.Version, SessionID: id, TraceID: id, Tags: []string{}, Metadata: map[string]schema.Raw{}, StartTime: start, EndTime: start, DurationMS: &ms,
		Status: schema.OK, Outcome: schema.Completed, Cwd: "/src/" + project, Models: []string{"m"}, Totals: schema.Totals{CostUSD: &cost},
		Events: []schema.Event{{ID: id + "p", Seq: 1, Type: schema.UserPrompt, Name: "user_prompt", StartTime: start, EndTime: start, Status: schema.OK, Prompt: prompt}},
	}
}

func several() []*schema.Session {
	return []*schema.Session{
		session("aaa1", "shop", "deploy the shop, connection refused", 1, 20), session("bbb2", "shop", "repair the tests", 6, 21),
		session("ccc3", "web", "deploy the web", 3, 22), session("ddd4", "web", "Nothing of that", 0.5, 23),
	}
}

func names(rows []row) (out []string) {
	for _, r := range rows {
		out = append(out, r.Name)
	}
	return out
}

func TestAListShowsWhatIsTyped(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	for _, c := range []struct {
		q, sort string
		want    string
	}{
		{"", "", "ddd4 ccc3 bbb2 aaa1"},
		{"", "-start", "aaa1 bbb2 ccc3 ddd4"},
		{"", "cost", "bbb2 ccc3 aaa1 ddd4"},
		{"", "-cost", "ddd4 aaa1 ccc3 bbb2"},
		{"", "title", "aaa1 ccc3 ddd4 bbb2"},
		{"project:shop", "", "bbb2 aaa1"},
		{"-project:shop cost:>1", "", "ccc3"},
		{"deploy", "", "ccc3 aaa1"},
		{"deploy", "cost", "ccc3 aaa1"},
		{`deploy "connection refused"`, "", "aaa1"},
		{"deploy -connection", "", "ccc3"},
		{"-deploy", "", "ddd4 bbb2"},
		{"after:2026-11-21 before:2026-11-23", "", "ccc3 bbb2"},
		{"deploy project:none", "", ""},
	} {
		w := s.ask("/api/list?q=" + url.QueryEscape(c.q) + "&sort=" + c.sort)
		got := decode[listReply](t, w)
		if text := strings.Join(names(got.Rows), " "); text != c.want || !got.Done || got.Found != len(got.Rows) || got.Total != 4 || got.Totals.Sessions != got.Found {
			t.Errorf("%q by %q: %s, want %s; %+v", c.q, c.sort, text, c.want, got)
		}
	}
	got := decode[listReply](t, s.ask("/api/list?q=deploy"))
	if spots := got.Rows[1].Spots; len(spots) != 1 || spots[0].Match != "deploy" || spots[0].Seq != 1 {
		t.Errorf("spots %+v", spots)
	}
	got = decode[listReply](t, s.ask("/api/list"))
	if f := got.Facets; len(f) < 2 || f[0].Key != "outcome" || f[1].Key != "project" || f[1].Values[0] != (count{"shop", "project:shop", 2}) {
		t.Errorf("facets %+v", f)
	}
	if got.Totals.CostUSD != 10.5 {
		t.Errorf("totals %+v", got.Totals)
	}
}

func TestAListComesInParts(t *testing.T) {
	var many []*schema.Session
	for i := range 250 {
		many = append(many, session(fmt.Sprintf("s%03d", i), "p", "needle "+fmt.Sprint(i%2), 1, 1+i%28))
	}
	s := open(t, Options{Access: Access{Loopback: true}}, many...)
	for q, want := range map[string]int{"": 250, `"needle 1"`: 125} {
		var all []string
		for from := 0; ; {
			got := decode[listReply](t, s.ask(fmt.Sprintf("/api/list?n=40&from=%d&q=%s", from, url.QueryEscape(q))))
			all = append(all, names(got.Rows)...)
			if from += len(got.Rows); len(got.Rows) == 0 && got.Done {
				break
			}
		}
		if slices.Sort(all); len(slices.Compact(all)) != want {
			t.Errorf("%q: %d sessions, want %d", q, len(all), want)
		}
	}
}

func TestAnEmptyResultNamesWhatEmptiesIt(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	for q, want := range map[string]string{
		"project:shop cost:>100":    "[1]",
		"project:none":              "[0]",
		"project:none cost:>100":    "[]",
		"nowhere project:shop":      "[0]",
		"deploy project:shop id:zz": "[2]",
	} {
		got := decode[listReply](t, s.ask("/api/list?q="+url.QueryEscape(q)))
		if fmt.Sprint(got.Empties) != want || got.Found != 0 {
			t.Errorf("%q: %v, want %s", q, got.Empties, want)
		}
	}
}

func TestASearchThatDoesNotParseSaysSo(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	for path, want := range map[string]string{
		"/api/list?q=colour:red":    "there is no filter colour:",
		"/api/list?q=%22open":       "a quote is not closed",
		"/api/list?q=cost:x":        "want an amount",
		"/api/list?sort=beauty":     "sorted by one of",
		"/api/list?from=-3":         "number of 0 or more",
		"/api/report?by=beauty":     "there is no",
		"/api/report?q=deploy":      "texts are looked for in the list",
		"/api/s/aaa1/find?q=%20%20": "nothing to search for",
	} {
		w := s.ask(path)
		if p := decode[problem](t, w); w.Code != http.StatusBadRequest || !strings.Contains(p.Error, want) {
			t.Errorf("%s: %d %+v, want %s", path, w.Code, p, want)
		}
	}
}

func TestAReportLinksEachRow(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	got := decode[reportReply](t, s.ask("/api/report?by=project&q=cost:%3E0.6"))
	if len(got.Rows) != 2 || got.Total.CostUSD != 10 || got.Rows[0].Search != "cost:>0.6 project:shop" || got.Rows[0].Sessions != 2 {
		t.Errorf("%+v", got)
	}
	for _, by := range []string{"day", "week", "month", "user", "tool", "outcome,project"} {
		for _, row := range decode[reportReply](t, s.ask("/api/report?by="+by)).Rows {
			if row.Search == "" {
				continue
			}
			if w := s.ask("/api/list?q=" + url.QueryEscape(row.Search)); w.Code != http.StatusOK {
				t.Errorf("by %s: %s: %s", by, row.Search, w.Body)
			}
		}
	}
	if got := weekOf("2026-W47"); !strings.Contains(got, "2026-11-16") || !strings.Contains(got, "2026-11-22") {
		t.Error(got)
	}
}

// TestBadStoresAreToldInSentences holds what a store may be like to a sentence and a next step.
func TestBadStoresAreToldInSentences(t *testing.T) {
	say := func(s *shop, path string, status int, words string) {
		t.Helper()
		w := s.ask(path)
		if p := decode[problem](t, w); w.Code != status || !strings.Contains(p.Error, words) || p.Hint == "" {
			t.Errorf("%s: %d %+v, want %d %q and a hint", path, w.Code, p, status, words)
		}
	}
	empty := open(t, Options{Access: Access{Loopback: true}})
	if got := decode[listReply](t, empty.ask("/api/list")); got.Total != 0 || !got.Done || got.Rows == nil {
		t.Errorf("an empty store: %+v", got)
	}
	say(empty, "/api/s/abc", 404, "There is no such session")

	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	one := several()[0]
	s.remove(upload.SessionKey("aaa1", one.StartTime.Time))
	say(s, "/api/s/aaa1", 404, "its body is gone")
	newer := several()[1]
	newer.SchemaVersion = "9.0"
	body, _ := schema.Encode(newer)
	s.write(upload.SessionKey("bbb2", newer.StartTime.Time), body)
	say(s, "/api/s/bbb2", 409, "A newer ams-assemble")
	s.write(upload.SessionKey("ccc3", several()[2].StartTime.Time), []byte("{not json"))
	say(s, "/api/s/ccc3", 409, "cannot be read")
	s.put(session("ddd5", "web", "x", 1, 24))
	say(s, "/api/s/ddd", 404, "2 sessions begin with")
	s.write(upload.IndexKey("eee9"), []byte("{}"))
	if got := decode[listReply](t, s.ask("/api/list")); len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "1 index record cannot be read") {
		t.Errorf("notes %q", got.Notes)
	}

	closed := open(t, Options{Access: Access{Loopback: true}})
	closed.server.records.lib = library.Open(forbidden{upload.NewLocal(t.TempDir())}, library.Options{})
	say(closed, "/api/list", 502, "the store cannot be read: list sessions: access denied")
}

func (s *shop) write(key string, body []byte) {
	s.Helper()
	if _, err := s.store.Put(s.Context(), key, body, upload.PutOptions{}); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) remove(key string) {
	s.Helper()
	if err := s.store.Delete(s.Context(), key); err != nil {
		s.Fatal(err)
	}
}

// forbidden is a bucket without rights.
type forbidden struct{ upload.Store }

func (forbidden) List(context.Context, string, func(upload.Object) error) error {
	return errors.New("access denied")
}

// TestASessionThatIsRemovedWhileItIsOpen is gone with the next look, and the page is told.
func TestASessionThatIsRemovedWhileItIsOpen(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	if w := s.ask("/api/s/aaa1"); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	s.remove(upload.IndexKey("aaa1"))
	s.server.shelf.kept[0].checked = time.Time{}
	if w := s.ask("/api/s/aaa1/events"); w.Code != http.StatusNotFound {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := len(s.server.shelf.kept); n != 0 {
		t.Errorf("%d sessions are kept", n)
	}
}

func TestTheShelfIsBounded(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	for _, id := range []string{"aaa1", "bbb2", "ccc3"} {
		if _, _, err := s.server.shelf.get(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		s.server.shelf.count(s.server.shelf.take(id), keptBytes/2+1)
	}
	if kept := s.server.shelf.kept; len(kept) != 1 || kept[0].id != "ccc3" || s.server.shelf.bytes > keptBytes {
		t.Errorf("%d sessions of %d bytes are kept", len(kept), s.server.shelf.bytes)
	}
	s.server.shelf.count(s.server.shelf.take("ccc3"), 3*keptBytes)
	if len(s.server.shelf.kept) != 1 {
		t.Error("the one that is looked at is not kept")
	}
	if spool.FileName("ccc3") != "ccc3" {
		t.Error("the names of these sessions are not their ids")
	}
}

// waits are sessions that are recorded and not stored.
type waits []*schema.Session

func (w waits) Names(context.Context, string) ([]string, error) { return nil, nil }

func (w waits) Session(_ context.Context, name string) (*schema.Session, error) {
	return w[slices.IndexFunc(w, func(s *schema.Session) bool { return s.SessionID == name })], nil
}

func (w waits) Newest(context.Context, time.Time) (*schema.Session, error) { return nil, nil }

func (w waits) Waiting(_ context.Context, stored func(string) bool) (out []string, err error) {
	for _, s := range w {
		if !stored(s.SessionID) {
			out = append(out, s.SessionID)
		}
	}
	return out, nil
}

// TestSessionsThatWaitAreFoundByWords looks for texts in what is stored and in what is not, one text and several.
func TestSessionsThatWaitAreFoundByWords(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, several()...)
	lib := library.Open(s.store, library.Options{Unstored: waits{session("eee5", "shop", "deploy the shop again, connection lost", 1, 25),
		session("fff6", "web", "Rest", 1, 26)}})
	s.server.Library, s.server.records.lib = lib, lib
	if _, err := s.server.records.read(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{
		"": "fff6 eee5 ddd4 ccc3 bbb2 aaa1", "deploy": "eee5 ccc3 aaa1", "deploy connection": "eee5 aaa1", "deploy -connection": "ccc3",
		"-deploy": "fff6 ddd4 bbb2", "project:shop deploy": "eee5 aaa1", "nowhere": "",
	} {
		s.server.records.at = time.Now()
		got := decode[listReply](t, s.ask("/api/list?q="+url.QueryEscape(q)))
		if text := strings.Join(names(got.Rows), " "); text != want || len(got.Notes) > 0 {
			t.Errorf("%q: %s, want %s; %v", q, text, want, got.Notes)
		}
		if strings.HasPrefix(q, "deploy") && want[0] == 'e' && (!got.Rows[0].Unstored || got.Rows[0].Spots[0].Match == "") {
			t.Errorf("%q: %+v", q, got.Rows[0])
		}
	}
}
