// Command page fills a folder with sessions for the page to show, in the form of a store: large ones, a hostile one, one of three levels of agents,
// and a hundred thousand index records.
//
//	go run ./bench/page [-events N] [-hostile] [-nested] [-records N] STORE
//
// bench/page.sh measures the page over them in a browser.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
	"ams/pkg/signal"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

func main() {
	log.SetFlags(0)
	events := flag.Int("events", 0, "write a session of so many events")
	hostile := flag.Bool("hostile", false, "write a session of texts that would be markup, scripts and links")
	nested := flag.Bool("nested", false, "write a session of three levels of agents")
	records := flag.Int("records", 0, "write so many index records, without sessions")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("bench: page needs the folder of a store")
	}
	if err := fill(flag.Arg(0), *events, *hostile, *nested, *records); err != nil {
		log.Fatalf("bench: %v", err)
	}
}

func fill(store string, events int, hostile, nested bool, records int) error {
	var sessions []*schema.Session
	if events > 0 {
		sessions = append(sessions, schematest.Large(events))
	}
	if hostile {
		sessions = append(sessions, schematest.Hostile())
	}
	if nested {
		sessions = append(sessions, schematest.Nested())
	}
	for _, s := range sessions {
		signal.Review(s)
	}
	for _, s := range sessions {
		body, err := schema.Encode(s)
		if err != nil {
			return err
		}
		if err := put(store, upload.SessionKey(spool.FileName(s.SessionID), s.StartTime.Time), body); err != nil {
			return err
		}
		if err := index(store, schema.Summarize(s)); err != nil {
			return err
		}
		fmt.Printf("%s  %d bytes\n", spool.FileName(s.SessionID), len(body))
	}
	return manyRecords(store, records)
}

func index(store string, sum *schema.Summary) error {
	body, err := schema.EncodeSummary(sum)
	if err != nil {
		return err
	}
	return put(store, upload.IndexKey(spool.FileName(sum.SessionID)), body)
}

// put writes a file without waiting for the disk, as a hundred thousand would take an hour.
func put(store, key string, body []byte) error {
	path := filepath.Join(store, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}

var (
	projects = []string{"orders", "payments", "search", "site", "tools", "infra", "mobile"}
	titles   = []string{"Repair the build of %s", "Why is %s slow?", "Add a retry to %s", "Review the change of %s", "Move %s to the new queue"}
	outcomes = []schema.Outcome{schema.Completed, schema.Completed, schema.Completed, schema.FailedTurn, schema.Interrupted, schema.Abandoned}
)

// manyRecords are sessions of a year, each a small one's record with a title, cost and project of its own.
func manyRecords(store string, n int) error {
	r := rand.New(rand.NewPCG(7, 7))
	s := schematest.Large(60)
	begin := s.StartTime.Add(-365 * 24 * time.Hour)
	for i := range n {
		project := projects[r.IntN(len(projects))]
		s.SessionID = fmt.Sprintf("%08x-0000-4000-8000-%012d", r.Uint32(), i)
		s.Repo, s.Cwd, s.Title = project, "/home/dev/"+project, fmt.Sprintf(titles[r.IntN(len(titles))], project)
		s.StartTime = schema.At(begin.Add(time.Duration(i) * 365 * 24 * time.Hour / time.Duration(n)))
		ms := 20_000 + r.Int64N(5_000_000)
		active := ms / (1 + r.Int64N(4))
		s.DurationMS, s.ActiveMS, s.EndTime = &ms, &active, schema.At(s.StartTime.Add(time.Duration(ms)*time.Millisecond))
		s.Outcome = outcomes[r.IntN(len(outcomes))]
		s.Totals.ToolCalls, s.Totals.Subagents, s.Totals.Errors = 1+r.IntN(200), max(r.IntN(8)-4, 0), max(r.IntN(9)-5, 0)
		s.Totals.Usage.CacheReadInputTokens, s.Totals.Usage.OutputTokens = r.Int64N(9_000_000), r.Int64N(90_000)
		usd := float64(r.IntN(4_000_000)) / 1e6
		s.Totals.CostUSD = &usd
		if err := index(store, schema.Summarize(s)); err != nil {
			return err
		}
	}
	return nil
}
