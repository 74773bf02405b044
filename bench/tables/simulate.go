package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"ams/pkg/schema"
	"ams/pkg/table"
	"ams/pkg/upload"
)

// What takes part in a simulation.
const (
	writers     = 10
	compactors  = 2
	simSessions = 20
	simDays     = 2
	// faster is how fast the clock of writers and compactors goes: a claim lapses after 2 s instead of an hour, and what was
	// replaced goes after 48 s instead of a day.
	faster = 1800
	// compactorsLive is how much longer a compactor lives than a writer, as what it does takes longer.
	compactorsLive = 2
	// The pause between two kills.
	killPause, killSpread = 150 * time.Millisecond, 1500 * time.Millisecond
)

// simulation is what the parent knows of its children.
type simulation struct {
	o     options
	began time.Time

	mu        sync.Mutex
	acked     map[string]int64 // by session, the highest counter that a writer said is in the tables
	acks      int
	compacted int
	started   map[string]int
	killed    map[string]int
	checks    map[table.Engine]*checks
}

// checks counts what an engine saw.
type checks struct{ exact, failed, late int }

// simulate lets writers that share a few sessions, and compactors, work on one bucket, kills them at random, and asks the engines
// all the time: a session that was acknowledged has one row, at least as new, and all of its events once.
func simulate(ctx context.Context, o options) error {
	sim := &simulation{o: o, began: time.Now(), acked: map[string]int64{}, started: map[string]int{}, killed: map[string]int{},
		checks: map[table.Engine]*checks{}}
	running, stop := context.WithTimeout(ctx, o.time)
	defer stop()
	var children sync.WaitGroup
	for i := range writers + compactors {
		role := "writer"
		if i >= writers {
			role = "compactor"
		}
		children.Go(func() { sim.keepAlive(running, role, i) })
	}
	var askers sync.WaitGroup
	errs := make(chan error, len(o.engines()))
	for _, e := range o.engines() {
		sim.checks[e.name] = &checks{}
		askers.Go(func() { errs <- sim.watch(running, e) })
	}
	children.Wait()
	askers.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return sim.end(ctx)
}

// keepAlive starts a child, kills it after a while, and starts the next.
func (sim *simulation) keepAlive(ctx context.Context, role string, n int) {
	for round := 0; ctx.Err() == nil; round++ {
		life := time.Duration(writers+compactors) * (killPause + rand.N(killSpread))
		if role == "compactor" {
			life *= compactorsLive
		}
		if err := sim.live(ctx, role, n*1000+round, life); err != nil {
			fmt.Fprintf(os.Stderr, "%s %d: %v\n", role, n, err)
		}
	}
}

func (sim *simulation) live(ctx context.Context, role string, seed int, life time.Duration) error {
	until, end := context.WithTimeout(ctx, life)
	defer end()
	cmd := exec.CommandContext(until, os.Args[0], append([]string{role, "-seed", strconv.Itoa(seed), "-began", strconv.FormatInt(sim.began.UnixMilli(), 10)},
		sim.o.bucketFlags()...)...) // it kills with SIGKILL
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	sim.count(sim.started, role)
	for s := bufio.NewScanner(out); s.Scan(); {
		sim.heard(strings.Fields(s.Text()))
	}
	err = cmd.Wait()
	if until.Err() == nil {
		return fmt.Errorf("it ended by itself: %w", err)
	}
	sim.count(sim.killed, role)
	return nil
}

func (sim *simulation) count(of map[string]int, role string) {
	sim.mu.Lock()
	defer sim.mu.Unlock()
	of[role]++
}

// heard takes what a child says: "ack SESSION REV" or "compacted".
func (sim *simulation) heard(said []string) {
	sim.mu.Lock()
	defer sim.mu.Unlock()
	switch {
	case len(said) == 3 && said[0] == "ack":
		rev, _ := strconv.ParseInt(said[2], 10, 64)
		sim.acked[said[1]] = max(sim.acked[said[1]], rev)
		sim.acks++
	case len(said) == 1 && said[0] == "compacted":
		sim.compacted++
	}
}

// current is every session with its events, as the views say. A query that names both lists the parts twice, and between the
// two lists a session may have got another part: its row then has no events (ClickHouse joins a row of zeros, DuckDB one of nulls).
const current = `SELECT s.session_id AS session_id, min(s.rev) AS rev, min(s.events) AS events, ` +
	`count(CASE WHEN e.seq > 0 THEN 1 END) AS n, count(DISTINCT CASE WHEN e.seq > 0 THEN e.seq END) AS different FROM sessions AS s LEFT JOIN events AS e ON e.session_id = s.session_id AND e.part = s.part GROUP BY 1`

// watch asks an engine until the time is over.
func (sim *simulation) watch(ctx context.Context, e engine) error {
	for ctx.Err() == nil {
		before := sim.known()
		if len(before) == 0 { // an engine fails where there is no file
			time.Sleep(killPause)
			continue
		}
		answers, err := e.ask(context.WithoutCancel(ctx), current, "SELECT count(*) AS n, count(DISTINCT session_id) AS different FROM sessions")
		c := sim.checks[e.name]
		if err != nil {
			if !isGone(err) {
				return err
			}
			c.failed++
			continue
		}
		late, err := compareWith(before, answers, false)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		if late > 0 {
			c.late++
		} else {
			c.exact++
		}
	}
	return nil
}

// isGone reports whether a query failed because a part was deleted under it.
func isGone(err error) bool {
	for _, text := range []string{"No such file", "NoSuchKey", "FILE_DOESNT_EXIST", "does not exist", "404", "No files found", "CANNOT_STAT"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func (sim *simulation) known() map[string]int64 {
	sim.mu.Lock()
	defer sim.mu.Unlock()
	out := map[string]int64{}
	for id, rev := range sim.acked {
		out[id] = rev
	}
	return out
}

// compareWith holds an engine's rows to what was acknowledged before it was asked. late counts sessions that got another part
// while the engine looked.
func compareWith(want map[string]int64, answers []answer, exactly bool) (late int, err error) {
	if n := answers[1].Rows[0]; shown(n[0]) != shown(n[1]) {
		return 0, fmt.Errorf("%s rows of %s sessions", shown(n[0]), shown(n[1]))
	}
	rows := map[string][]*string{}
	for _, row := range answers[0].Rows {
		rows[shown(row[0])] = row
	}
	for id, rev := range want {
		row, ok := rows[id]
		if !ok {
			return 0, fmt.Errorf("session %s is lost", id)
		}
		got, _ := strconv.ParseInt(shown(row[1]), 10, 64)
		events, n, different := shown(row[2]), shown(row[3]), shown(row[4])
		switch {
		case got < rev || exactly && got != rev:
			return 0, fmt.Errorf("session %s has the counter %d, want %d", id, got, rev)
		case n == "0" && !exactly:
			late++
		case n != events || different != events:
			return 0, fmt.Errorf("session %s has %s events, %s of them different, and its row says %s", id, n, different, events)
		}
	}
	return late, nil
}

// end does what the next run of each machine would, and holds the tables to the bodies.
func (sim *simulation) end(ctx context.Context) error {
	m, err := sim.o.machine(ctx, "end", sim.began)
	if err != nil {
		return err
	}
	want := map[string]int64{}
	for i := range simSessions {
		s, err := m.repair(ctx, i)
		if err != nil {
			return err
		}
		if s != nil { // somebody came to it
			want[s.SessionID] = s.Stored.Rev
		}
	}
	fmt.Printf("%.0f s: %d writers and %d compactors started, %d and %d killed; %d acknowledged writes, %d compactions\n", time.Since(sim.began).Seconds(),
		sim.started["writer"], sim.started["compactor"], sim.killed["writer"], sim.killed["compactor"], sim.acks, sim.compacted)
	if sim.acks == 0 {
		return errors.New("no write was acknowledged: nothing was tried")
	}
	for _, e := range sim.o.engines() {
		answers, err := e.ask(ctx, current, "SELECT count(*) AS n, count(DISTINCT session_id) AS different FROM sessions")
		if err != nil {
			return err
		}
		if _, err := compareWith(want, answers, true); err != nil {
			return fmt.Errorf("%s, at the end: %w", e.name, err)
		}
		c := sim.checks[e.name]
		fmt.Printf("%-10s %d checks exact, %d while a part came in between, %d failed as one was deleted; at the end all %d sessions exact\n",
			e.name, c.exact, c.late, c.failed, len(want))
	}
	seen, err := m.keeper.Verify(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("tables verify: %d parts, %d sessions, %d events; %d findings\n", seen.Parts, seen.Sessions, seen.Events, len(seen.Findings))
	for _, finding := range seen.Findings {
		if !strings.Contains(finding, "no sessions part names it") { // what a killed writer leaves until its day is compacted
			return errors.New(finding)
		}
	}
	return nil
}

// machine is one that stores sessions, or compacts.
type machine struct {
	store  *upload.S3
	keeper *table.Keeper
}

func (o options) machine(ctx context.Context, owner string, began time.Time) (*machine, error) {
	store, err := upload.NewS3(ctx, upload.S3Options{Bucket: o.bucket.Bucket, Prefix: o.bucket.Prefix, Endpoint: o.bucket.Endpoint})
	if err != nil {
		return nil, err
	}
	now := func() time.Time { return began.Add(time.Since(began) * faster) }
	return &machine{store, table.New(table.Options{Store: store, Owner: owner, Now: now})}, nil
}

// writer lets sessions grow, one after the other, until it is killed.
func writer(ctx context.Context, o options) error {
	m, err := o.machine(ctx, fmt.Sprint("writer ", o.seed), time.UnixMilli(o.began))
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(uint64(o.seed), 1))
	for {
		s, err := m.grow(ctx, r.IntN(simSessions))
		switch {
		case errors.Is(err, upload.ErrChanged): // another one was there first
		case err != nil:
			return err
		default:
			fmt.Printf("ack %s %d\n", s.SessionID, s.Stored.Rev)
		}
	}
}

// grow stores a session with one turn more, as a run does: body, index record, rows.
func (m *machine) grow(ctx context.Context, i int) (*schema.Session, error) {
	before, tag, err := m.body(ctx, i)
	if err != nil {
		return nil, err
	}
	_, indexTag, err := m.store.Get(ctx, upload.IndexKey(simID(i)))
	if err != nil && !errors.Is(err, upload.ErrNotFound) {
		return nil, err
	}
	turns, rev := 1, time.Now().UnixMilli()
	if before != nil {
		turns, rev = before.Totals.LLMCalls+1, before.Stored.Rev+1
	}
	s := simSession(i, turns, rev)
	body, err := schema.Encode(s)
	if err != nil {
		return nil, err
	}
	if _, err := m.store.Put(ctx, upload.SessionKey(s.SessionID, s.StartTime.Time), body, onlyOver(tag)); err != nil {
		return nil, err
	}
	return s, m.tell(ctx, s, onlyOver(indexTag))
}

func onlyOver(tag string) upload.PutOptions {
	if tag == "" {
		return upload.PutOptions{IfAbsent: true}
	}
	return upload.PutOptions{IfMatch: tag}
}

// tell puts the index record and the rows of a session.
func (m *machine) tell(ctx context.Context, s *schema.Session, over upload.PutOptions) error {
	record, err := schema.EncodeSummary(schema.Summarize(s))
	if err != nil {
		return err
	}
	tag, err := m.store.Put(ctx, upload.IndexKey(s.SessionID), record, over)
	if err != nil {
		return err
	}
	w, err := m.keeper.Writer()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Add(s, s.SessionID, tag, record); err != nil {
		return err
	}
	done, err := w.Commit(ctx)
	if err == nil && done[s.SessionID] != tag {
		err = fmt.Errorf("session %s was not written", s.SessionID)
	}
	return err
}

// repair does what a writer that was killed did not come to.
func (m *machine) repair(ctx context.Context, i int) (*schema.Session, error) {
	s, _, err := m.body(ctx, i)
	if err != nil || s == nil {
		return nil, err
	}
	return s, m.tell(ctx, s, upload.PutOptions{})
}

func (m *machine) body(ctx context.Context, i int) (*schema.Session, string, error) {
	body, tag, err := m.store.Get(ctx, upload.SessionKey(simID(i), simDay(i)))
	if errors.Is(err, upload.ErrNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	s, err := schema.Decode(body)
	return s, tag, err
}

func simID(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// simDay is closed long since, so that compactors work on it.
func simDay(i int) time.Time { return firstDay.AddDate(0, 0, i%simDays) }

func simSession(i, turns int, rev int64) *schema.Session {
	m := &maker{r: rand.New(rand.NewPCG(uint64(i), uint64(turns))), t: simDay(i)}
	m.s = &schema.Session{SchemaVersion: schema.Version, SessionID: simID(i), TraceID: fmt.Sprintf("%032x", i), Agent: schema.Agent{Name: "simulation"},
		Tags: []string{}, Metadata: map[string]schema.Raw{}, StartTime: schema.At(m.t), Status: schema.OK, Outcome: schema.Completed,
		Stored: &schema.Stored{Rev: rev}}
	for range turns {
		m.turn("", models[0])
	}
	m.finish()
	return m.s
}

// compactor tends the tables until it is killed.
func compactor(ctx context.Context, o options) error {
	m, err := o.machine(ctx, fmt.Sprint("compactor ", o.seed), time.UnixMilli(o.began))
	if err != nil {
		return err
	}
	for {
		done, err := m.keeper.Tend(ctx)
		if err != nil {
			fmt.Fprintf(os.Stderr, "compactor: %v\n", err)
		}
		if done.Compacted != nil && done.Compacted.After < done.Compacted.Before {
			fmt.Println("compacted")
		}
		time.Sleep(killPause)
	}
}
