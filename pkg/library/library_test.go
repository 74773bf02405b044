package library_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/search"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// filled is a store with these sessions, each an hour younger than the one before it.
func filled(t *testing.T, sessions ...*schema.Session) upload.Store {
	t.Helper()
	store := upload.NewLocal(t.TempDir())
	for i, s := range sessions {
		later(s, time.Duration(i)*time.Hour)
		if err := put(t.Context(), store, s); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// later moves a session.
func later(s *schema.Session, by time.Duration) *schema.Session {
	s.StartTime.Time, s.EndTime.Time = s.StartTime.Add(by), s.EndTime.Add(by)
	return s
}

// recorded are sessions that are not stored, by their names, the newest of them last.
type recorded []*schema.Session

func (r recorded) Names(_ context.Context, id string) ([]string, error) {
	var names []string
	for _, s := range r {
		if strings.HasPrefix(s.SessionID, id) {
			names = append(names, s.SessionID)
		}
	}
	return names, nil
}

func (r recorded) Session(_ context.Context, name string) (*schema.Session, error) {
	return r[slices.IndexFunc(r, func(s *schema.Session) bool { return s.SessionID == name })], nil
}

func (r recorded) Waiting(_ context.Context, stored func(string) bool) ([]string, error) {
	var names []string
	for _, s := range r {
		if name := spool.FileName(s.SessionID); !stored(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

func (r recorded) Newest(_ context.Context, after time.Time) (*schema.Session, error) {
	if s := r[len(r)-1]; s.EndTime.After(after) {
		return s, nil
	}
	return nil, nil
}

func TestWaitingTellsOfWhatIsNotInTheStore(t *testing.T) {
	sessions := recorded{session("aa-one", "stored")}
	for i := range 12 {
		sessions = append(sessions, session(fmt.Sprintf("w-%02d", i), "question"))
	}
	sessions[2] = session("w-other", "something else")
	secret := "ghp_" + strings.Repeat("a1B2", 9)
	sessions[3] = session("w-secret", "question "+secret)
	lib := library.Open(filled(t, sessions[0]), library.Options{Unstored: sessions, Mask: redact.Rules{Secrets: true}})
	list, err := lib.List(t.Context(), query.Query{})
	if err != nil {
		t.Fatal(err)
	}
	waiting, more, err := lib.Waiting(t.Context(), list, query.Query{Words: []string{"question"}})
	if err != nil || len(waiting) != 9 || more != 2 {
		t.Fatalf("got %d, %d more, %v; want 9 of the first 10, and 2", len(waiting), more, err)
	}
	if n, err := lib.CountWaiting(t.Context(), list); err != nil || n != 12 {
		t.Errorf("%d wait, %v; want 12", n, err)
	}
	for _, s := range waiting {
		if !s.Unstored || s.Stored != nil || strings.Contains(schema.OrZero(s.FirstPrompt), secret) {
			t.Errorf("%s: %+v", s.Name, s.Summary)
		}
	}
	for text, want := range map[string]int{"question": 9, "nowhere": 0, secret: 0} {
		p, err := search.Compile(text, search.Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for m, err := range lib.Find(t.Context(), p, list.Of(append(waiting, list.Sessions...))) {
			if err != nil {
				t.Fatal(err)
			}
			found += len(m.Hits)
		}
		if found != want {
			t.Errorf("%q is found %d times, want %d", text, found, want)
		}
	}
}

func TestGetTakesTheBeginningOfAnID(t *testing.T) {
	store := filled(t, session("aa-one", "1"), session("aa-two", "2"), session("b", "3"), session("b-longer", "4"))
	lib := library.Open(store, library.Options{Unstored: recorded{session("cc-one", "5"), session("cc-two", "6"), session("aa-three", "7")}})
	for id, want := range map[string]string{
		"aa-one": "aa-one", "aa-o": "aa-one", "AA-T": "aa-two", "b": "b", "b-": "b-longer", "cc-t": "cc-two", "aa-th": "aa-three",
		library.Last: "b-longer",
	} {
		if s, err := lib.Get(t.Context(), id); err != nil || s.SessionID != want {
			t.Errorf("Get(%q): got %v, %v; want %s", id, s, err, want)
		}
	}
	var ambiguous *library.AmbiguousError
	if _, err := lib.Get(t.Context(), "aa-"); !errors.As(err, &ambiguous) || ambiguous.Unstored || ambiguous.Count != 2 ||
		ambiguous.Sessions[0].SessionID != "aa-one" {
		t.Errorf("two stored: got %v", err)
	}
	if _, err := lib.Get(t.Context(), "cc"); !errors.As(err, &ambiguous) || !ambiguous.Unstored || ambiguous.Count != 2 {
		t.Errorf("two recorded: got %v", err)
	}
	if _, err := lib.Get(t.Context(), "d"); !errors.Is(err, library.ErrNotFound) {
		t.Errorf("none: got %v", err)
	}
	for _, id := range []string{"a", library.Last} {
		if _, err := library.Open(filled(t), library.Options{}).Get(t.Context(), id); !errors.Is(err, library.ErrNotFound) {
			t.Errorf("Get(%q) of an empty store: got %v", id, err)
		}
	}
}

func TestAnAmbiguousIDNamesTenSessions(t *testing.T) {
	var sessions []*schema.Session
	for i := range 15 {
		sessions = append(sessions, session(fmt.Sprintf("s-%02d", i), "x"))
	}
	store := filled(t, sessions...)
	if _, err := store.Put(t.Context(), "index/s-03.json", []byte("{"), upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := library.Open(store, library.Options{}).Get(t.Context(), "s-")
	var ambiguous *library.AmbiguousError
	if !errors.As(err, &ambiguous) || ambiguous.Count != 15 || len(ambiguous.Sessions) != 10 || ambiguous.Sessions[3].Summary != nil {
		t.Fatalf("got %v", err)
	}
	if want := `15 stored sessions begin with "s-"`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// TestNewestPrefersWhatKnowsMore: what is at work goes before what is stored only if it is news.
func TestNewestPrefersWhatKnowsMore(t *testing.T) {
	for _, c := range []struct {
		name     string
		recorded *schema.Session
		want     string
	}{
		{"a session that began later", later(session("new", "new"), 2*time.Hour), "new"},
		{"an older one that goes on", longer(session("old", "old"), 5*time.Hour), "stored"},
		{"the same one", later(session("stored", "again"), time.Hour), "stored"},
		{"the same one, which goes on", longer(later(session("stored", "more"), time.Hour), time.Hour), "more"},
	} {
		lib := library.Open(filled(t, session("first", "x"), session("stored", "stored")), library.Options{Unstored: recorded{c.recorded}})
		s, err := lib.Get(t.Context(), library.Last)
		if err != nil || s.Events[0].Prompt != c.want {
			t.Errorf("%s: got %v, %v; want %q", c.name, s, err, c.want)
		}
	}
}

func longer(s *schema.Session, by time.Duration) *schema.Session {
	s.EndTime.Time = s.EndTime.Add(by)
	return s
}

// TestWhatIsNotStoredIsMasked: nobody sees more of a session before it is stored than after it.
func TestWhatIsNotStoredIsMasked(t *testing.T) {
	secret := "ghp_" + strings.Repeat("a1B2", 9)
	for _, id := range []string{"se", library.Last} {
		lib := library.Open(filled(t), library.Options{
			Unstored: recorded{session("secret", "use "+secret)}, Mask: redact.Rules{Secrets: true}})
		s, err := lib.Get(t.Context(), id)
		if err != nil || strings.Contains(s.Events[0].Prompt, secret) {
			t.Errorf("Get(%q): got %v, %v", id, s, err)
		}
	}
}

func TestObjectsThatCannotBeReadAreNamed(t *testing.T) {
	store := filled(t, session("good", "x"), session("lost", "x"), session("other", "x"))
	if err := store.Delete(t.Context(), "sessions/2026/11/22/lost.json"); err != nil {
		t.Fatal(err)
	}
	good, _, err := store.Get(t.Context(), "sessions/2026/11/22/good.json")
	if err == nil {
		_, err = store.Put(t.Context(), "sessions/2026/11/22/other.json", good, upload.PutOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	lib := library.Open(store, library.Options{})
	for id, want := range map[string]error{"lost": upload.ErrNotFound, "other": library.ErrOther} {
		_, err := lib.Get(t.Context(), id)
		var object *library.ObjectError
		if !errors.As(err, &object) || object.Name != id || !errors.Is(err, want) {
			t.Errorf("Get(%q): got %v, want %v", id, err, want)
		}
	}
	list := listAll(t, lib)
	var found, failed []string
	for m, err := range lib.Find(t.Context(), compile(t, "x"), list) {
		if err != nil {
			failed = append(failed, m.Name)
		} else if len(m.Hits) > 0 {
			found = append(found, m.Name)
		}
	}
	slices.Sort(failed)
	if !slices.Equal(found, []string{"good"}) || !slices.Equal(failed, []string{"lost", "other"}) {
		t.Errorf("found %v, failed %v", found, failed)
	}
}

func listAll(t *testing.T, lib *library.Library) *library.List {
	t.Helper()
	list, err := lib.List(t.Context(), query.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func compile(t *testing.T, text string) *search.Pattern {
	t.Helper()
	p, err := search.Compile(text, search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFindGoesThroughTheListInItsOrder(t *testing.T) {
	var sessions []*schema.Session
	for i := range 40 {
		sessions = append(sessions, session(fmt.Sprintf("s-%02d", i), []string{"heads", "tails"}[i%2]))
	}
	store := filled(t, sessions...)
	lib := library.Open(store, library.Options{})
	list, n := listAll(t, lib), 0
	var found []string
	for m, err := range lib.Find(t.Context(), compile(t, "TAILS"), list) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; len(m.Hits) > 0 {
			found = append(found, m.Name)
		}
		if len(found) == 3 {
			break
		}
	}
	if !slices.Equal(found, []string{"s-39", "s-37", "s-35"}) || n != 5 {
		t.Errorf("found %v in %d sessions", found, n)
	}
}

func TestFindSaysWhyItEnded(t *testing.T) {
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	lib := library.Open(filled(t, session("a", "x"), session("b", "x")), library.Options{})
	list := listAll(t, lib)
	cancel(enough)
	var last error
	for m, err := range lib.Find(ctx, compile(t, "x"), list) {
		if m.Summary != nil {
			t.Errorf("looked at %s", m.Name)
		}
		last = err
	}
	if !errors.Is(last, enough) {
		t.Errorf("got %v", last)
	}
}

func TestShortIDsNameOneSession(t *testing.T) {
	lib := library.Open(filled(t, session("0123456789-a", "x"), session("0123456789-b", "x"), session("0124", "x"), session("fedcba9876543210", "x")),
		library.Options{})
	list := listAll(t, lib)
	for name, want := range map[string]string{
		"0123456789-a": "0123456789-a", "0124": "0124", "fedcba9876543210": "fedcba98",
	} {
		if got := list.ShortID(name); got != want {
			t.Errorf("ShortID(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestReadingTheIndexSaysHowFarItIs counts what a program is told of a first list, and of a second that reads nothing.
func TestReadingTheIndexSaysHowFarItIs(t *testing.T) {
	store := filled(t, session("a", "1"), session("b", "2"), session("c", "3"))
	var told atomic.Int64
	lib := library.Open(store, library.Options{CacheDir: t.TempDir(), Progress: func(_, of int) {
		if of != 3 {
			t.Errorf("of %d, want 3", of)
		}
		told.Add(1)
	}})
	for range 2 {
		if _, err := lib.List(t.Context(), query.Query{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := told.Load(); n != 3 {
		t.Errorf("told %d times, want 3", n)
	}
}
