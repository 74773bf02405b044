package library

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/table"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// tabled is a store whose sessions have rows in tables, some of them.
type tabled struct {
	t     *testing.T
	store *storetest.Memory
	r     *rand.Rand
	keep  *table.Keeper
	revs  map[string]int64
}

func newTabled(t *testing.T, seed uint64) *tabled {
	store := storetest.NewMemory()
	s := &tabled{t: t, store: store, r: rand.New(rand.NewPCG(seed, 7)), revs: map[string]int64{}}
	s.keep = table.New(table.Options{Store: store, Owner: "test", Now: time.Now})
	if err := s.keep.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// step stores, stores again without a row, removes, compacts or damages.
func (s *tabled) step() {
	w, err := s.keep.Writer()
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Close()
	for range 400 {
		name := fmt.Sprintf("%x-%03d", s.r.IntN(16), s.r.IntN(30))
		switch s.r.IntN(12) {
		case 0:
			s.check(s.store.Delete(s.t.Context(), upload.IndexKey(name)))
		case 1:
			session, record := s.session(name)
			s.put(session, name, record) // its row is old, or it has none
		default:
			session, record := s.session(name)
			s.check(w.Add(session, name, s.put(session, name, record), record))
		}
	}
	_, err = w.Commit(s.t.Context())
	s.check(err)
	if s.r.IntN(3) == 0 {
		_, err := s.keep.Compact(s.t.Context(), "2026-01-02")
		s.check(err)
	}
}

func (s *tabled) session(name string) (*schema.Session, []byte) {
	s.revs[name]++
	session := &schema.Session{SchemaVersion: schema.Version, SessionID: name, Status: schema.OK, Title: fmt.Sprint("title ", s.r.IntN(5)),
		StartTime: schema.At(time.Date(2026, 1, 2, 10, s.r.IntN(60), 0, 0, time.UTC)), Stored: &schema.Stored{Rev: s.revs[name]}}
	record, err := schema.EncodeSummary(schema.Summarize(session))
	s.check(err)
	return session, record
}

func (s *tabled) put(session *schema.Session, name string, record []byte) (etag string) {
	body, err := schema.Encode(session)
	s.check(err)
	_, err = s.store.Put(s.t.Context(), upload.SessionKey(name, session.StartTime.Time), body, upload.PutOptions{})
	s.check(err)
	etag, err = s.store.Put(s.t.Context(), upload.IndexKey(name), record, upload.PutOptions{})
	s.check(err)
	return etag
}

func (s *tabled) check(err error) {
	if err != nil {
		s.t.Helper()
		s.t.Fatal(err)
	}
}

// damage breaks one of the parts, or plants one that nobody of ours wrote.
func (s *tabled) damage() {
	var parts []string
	s.check(s.store.List(s.t.Context(), table.SessionsPrefix, func(o upload.Object) error {
		parts = append(parts, o.Key)
		return nil
	}))
	key := parts[s.r.IntN(len(parts))]
	body, _, err := s.store.Get(s.t.Context(), key)
	s.check(err)
	switch s.r.IntN(3) {
	case 0:
		body = body[:len(body)/2]
	case 1:
		body = []byte("PAR1 no such thing PAR1")
	default:
		body[s.r.IntN(len(body))] ^= 0x40
	}
	_, err = s.store.Put(s.t.Context(), key, body, upload.PutOptions{})
	s.check(err)
}

// TestTablesAreReadWhileTheStoreIsListed: whatever was decoded before it is known what is wanted, each record is told once, and
// what no row has is left.
func TestTablesAreReadWhileTheStoreIsListed(t *testing.T) {
	s := newTabled(t, 11)
	for range 3 {
		s.step()
	}
	for _, room := range []int{0, 3, earlyRows} {
		x := &index{store: s.store, codec: records}
		times := map[string]int{}
		x.visit = func(key string, _ told) { times[key]++ }
		s.check(x.list(t.Context()))
		rows := x.startTables(t.Context(), room)
		rest := x.readTables(t.Context(), rows, x.objects)
		rows.end()
		for _, o := range rest {
			times[o.key]++
		}
		for _, o := range x.objects {
			if times[o.key] != 1 {
				t.Errorf("room %d: %s is told or left %d times", room, o.key, times[o.key])
			}
		}
		if len(rest) == 0 || len(rest) > len(x.objects)/2 {
			t.Errorf("room %d: %d of %d are left", room, len(rest), len(x.objects))
		}
		x.startTables(t.Context(), room).end() // of which nothing is wanted
	}
}

// noTables is a store without tables.
type noTables struct{ upload.Store }

func (s noTables) List(ctx context.Context, prefix string, fn func(upload.Object) error) error {
	if strings.HasPrefix(prefix, "tables/") {
		return nil
	}
	return s.Store.List(ctx, prefix, fn)
}

// TestTablesChangeNothingButTime: a list is the same with tables and without, whatever became of them.
func TestTablesChangeNothingButTime(t *testing.T) {
	for seed := range uint64(6) {
		s := newTabled(t, seed)
		for round := range 6 {
			s.step()
			if round > 3 {
				s.damage()
			}
			var records, parts atomic.Int64
			s.store.Before = func(op, key string) error {
				switch {
				case op == "get" && strings.HasPrefix(key, upload.IndexPrefix):
					records.Add(1)
				case op == "get" && strings.HasPrefix(key, table.SessionsPrefix):
					parts.Add(1)
				}
				return nil
			}
			with, err := Open(s.store, Options{}).List(t.Context(), query.Query{})
			s.check(err)
			s.store.Before = nil
			without, err := Open(noTables{s.store}, Options{}).List(t.Context(), query.Query{})
			s.check(err)
			if !reflect.DeepEqual(with.Sessions, without.Sessions) || with.Total != without.Total || !reflect.DeepEqual(with.names, without.names) {
				t.Fatalf("seed %d, round %d: %d and %d sessions, or others", seed, round, with.Total, without.Total)
			}
			if n := int(records.Load()); with.Total >= tablesFrom && round <= 3 && (n > with.Total/2 || parts.Load() == 0) {
				t.Errorf("seed %d, round %d: %d index records of %d were read one by one, %d parts", seed, round, n, with.Total, parts.Load())
			}
		}
	}
}

// TestALongIndexIsListedInParts: more than one request's worth.
func TestALongIndexIsListedInParts(t *testing.T) {
	local := storetest.NewMemory()
	want := 0
	for _, begin := range nameBegins[:16] + "xz-" {
		for i := range 60 {
			name := fmt.Sprintf("%c%03d", begin, i)
			put(t, local, upload.IndexKey(name), fmt.Appendf(nil, `{"schema_version":"1.2","session_id":%q,"start_time":"2026-01-02T10:00:00+00:00"}`, name))
			want++
		}
	}
	list, err := Open(local, Options{}).List(t.Context(), query.Query{})
	if err != nil || list.Total != want || len(list.names) != want {
		t.Errorf("got %d sessions, %v; want %d", list.Total, err, want)
	}
}

// TestAPartThatIsTooLargeIsNamedAndNotRead: somebody put it there.
func TestAPartThatIsTooLargeIsNamedAndNotRead(t *testing.T) {
	s := newTabled(t, 1)
	for range 3 { // until there are enough to look into the tables
		s.step()
	}
	key := table.SessionsPrefix + "dt=2026-01-02/huge.parquet"
	_, err := s.store.Put(t.Context(), key, make([]byte, 65<<20), upload.PutOptions{})
	s.check(err)
	s.store.Before = func(op, at string) error {
		if op == "get" && at == key {
			t.Error("it was read")
		}
		return nil
	}
	list, err := Open(s.store, Options{}).List(t.Context(), query.Query{})
	if err != nil || len(list.BadParts) != 1 || list.BadParts[0].Key != key || list.Total == 0 {
		t.Errorf("%d sessions, bad parts %v, %v", list.Total, list.BadParts, err)
	}
}
