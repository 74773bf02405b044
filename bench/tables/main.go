// Command tables tries and measures the tables with the engines that read them.
//
//	go run ./bench/tables generate [-sessions N] [-days N] [-objects] DIR
//	go run ./bench/tables check    [-page FILE] [-demo [-update]] ENGINES DIR
//	go run ./bench/tables old      ENGINES DIR
//	go run ./bench/tables measure  [-page FILE] [-rounds N] ENGINES DIR
//	go run ./bench/tables simulate [-time 60s] ENGINES DIR
//
// generate writes the tables of sessions that it makes up, and how large they are and how long it took. check asks the questions of
// docs/tables.md: the engines must answer alike, and as ams-assemble report does; with -demo as the page says. old puts parts with
// few columns beside those that are there, and the engines must read both. measure tells how long they take. simulate
// lets ten writers and two compactors work on one bucket and kills them at random, while both engines read. ENGINES are
//
//	-duckdb PROGRAM      as .ci/duckdb builds it
//	-clickhouse COMMAND  node .ci/clickhouse/ask.mjs FOLDER, where npm installed chdb
//	-bucket B -prefix P -endpoint URL   ClickHouse reads there instead, with the keys of its environment
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ams/pkg/table"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Args[1:]); err != nil {
		log.Fatalf("bench: %v", err)
	}
}

// options are the flags of all that this does.
type options struct {
	sessions, days, rounds int
	objects, demo, update  bool
	page, program          string
	duckdb, clickhouse     string
	bucket                 table.Place
	time                   time.Duration
	seed                   int
	began                  int64
	dir                    string
}

func readOptions(args []string) (o options, err error) {
	flags := flag.NewFlagSet("tables", flag.ContinueOnError)
	flags.IntVar(&o.sessions, "sessions", 1_000_000, "how many sessions to make")
	flags.IntVar(&o.days, "days", 100, "on how many days")
	flags.BoolVar(&o.objects, "objects", false, "make bodies and index records, too")
	flags.IntVar(&o.rounds, "rounds", 3, "ask so often; the best counts")
	flags.StringVar(&o.page, "page", "docs/tables.md", "the page with the questions")
	flags.BoolVar(&o.demo, "demo", false, "the store is the demo's: its answers are on the page")
	flags.BoolVar(&o.update, "update", false, "write the answers into the page")
	flags.StringVar(&o.program, "ams-assemble", "ams-assemble", "the program")
	flags.StringVar(&o.duckdb, "duckdb", "", "the program of .ci/duckdb")
	flags.StringVar(&o.clickhouse, "clickhouse", "", "the command of .ci/clickhouse")
	flags.StringVar(&o.bucket.Bucket, "bucket", "", "where ClickHouse reads")
	flags.StringVar(&o.bucket.Prefix, "prefix", "ams", "where ClickHouse reads")
	flags.StringVar(&o.bucket.Endpoint, "endpoint", "", "where ClickHouse reads")
	flags.DurationVar(&o.time, "time", time.Minute, "how long a simulation takes")
	flags.IntVar(&o.seed, "seed", 0, "of a writer or compactor, which a simulation starts")
	flags.Int64Var(&o.began, "began", 0, "when its simulation began")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() != 1 {
		return o, errors.New("name one folder, after the flags")
	}
	o.dir, err = filepath.Abs(flags.Arg(0))
	return o, err
}

// bucketFlags are the flags that say where the bucket is, for a child.
func (o options) bucketFlags() []string {
	return []string{"-bucket", o.bucket.Bucket, "-prefix", o.bucket.Prefix, "-endpoint", o.bucket.Endpoint, o.dir}
}

// engines are those that were named.
func (o options) engines() (out []engine) {
	folder := table.Place{Dir: o.dir}
	if o.duckdb != "" {
		out = append(out, engine{table.DuckDB, []string{o.duckdb, "-json"}, folder})
	}
	if o.clickhouse != "" {
		if o.bucket.Bucket != "" {
			folder = o.bucket
		}
		out = append(out, engine{table.ClickHouse, strings.Fields(o.clickhouse), folder})
	}
	return out
}

func run(ctx context.Context, args []string) error {
	o, err := readOptions(args[min(1, len(args)):])
	if err != nil {
		return err
	}
	switch args[0] {
	case "generate":
		return generate(ctx, o.dir, o.sessions, o.days, o.objects)
	case "check":
		return checking{page: o.page, program: o.program, dir: o.dir, engines: o.engines(), demo: o.demo, update: o.update}.check(ctx)
	case "old":
		return old(ctx, o.dir, o.engines())
	case "measure":
		return measure(ctx, o.page, o.rounds, o.engines())
	case "simulate":
		return simulate(ctx, o)
	case "writer":
		return writer(ctx, o)
	case "compactor":
		return compactor(ctx, o)
	}
	return fmt.Errorf("there is no %s", args[0])
}

// measure prints how long the engines take to answer each question.
func measure(ctx context.Context, page string, rounds int, engines []engine) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	asked, err := questions(string(text))
	if err != nil {
		return err
	}
	for _, e := range engines {
		best := make([]int64, len(asked))
		for range rounds {
			var statements []string
			for _, q := range asked {
				statements = append(statements, q.sql)
			}
			answers, err := e.ask(ctx, statements...)
			if err != nil {
				return err
			}
			for i, a := range answers {
				best[i] = min(cmp.Or(best[i], a.MS), a.MS)
			}
		}
		for i, q := range asked {
			fmt.Printf("%-10s %8d ms  %s\n", e.name, best[i], q.title)
		}
	}
	return nil
}

// sizes prints what the tables of a folder take.
func sizes(dir string) error {
	for _, name := range []string{"sessions", "events"} {
		files, bytes := 0, int64(0)
		err := filepath.WalkDir(filepath.Join(dir, "tables", name), func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				files, bytes = files+1, bytes+info.Size()
			}
			return err
		})
		if err != nil {
			return err
		}
		fmt.Printf("%-9s %6d parts  %8.1f MB\n", name, files, float64(bytes)/1e6)
	}
	return nil
}
