package table

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ams/pkg/schema"
	"ams/pkg/upload"
)

var update = flag.Bool("update", false, "write what comes out into the files of testdata")

// TestViews compares what is printed with files that people have read. .ci/check-tables lets engines run it.
func TestViews(t *testing.T) {
	aws := Place{Bucket: "my-agent-traces", Prefix: "ams", Region: "eu-west-1", FirstDay: "2023-03-01"}
	server := Place{Bucket: "traces", Prefix: "team/ams", Endpoint: "https://s3.example.com:9000", Region: "us-east-1", FirstDay: "2026-01-01"}
	for engine, place := range map[Engine]Place{
		DuckDB: server, ClickHouse: {Dir: "/home/dev/.local/share/ams"}, Athena: aws, Trino: server, Spark: server,
	} {
		got, err := Views(engine, place)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "views", string(engine)+".sql")
		if *update {
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || string(want) != got {
			t.Errorf("%s: %v; got\n%s", file, err, got)
		}
	}
}

// TestEnginesSayWhereTheyCannotRead holds that each refusal has a next step.
func TestEnginesSayWhereTheyCannotRead(t *testing.T) {
	for _, c := range []struct {
		engine    Engine
		place     Place
		why, next string
	}{
		{Athena, Place{Dir: "/a"}, "this store is a folder", "--s3-bucket"},
		{Athena, Place{Bucket: "b", Endpoint: "https://s3.example.com"}, "S3 of AWS alone", "--engine trino"},
		{Trino, Place{Dir: "/a"}, "this store is a folder", "--s3-bucket"},
		{ClickHouse, Place{Bucket: "b"}, "needs the bucket's region", "--s3-region"},
		{ClickHouse, Place{Dir: "/a*"}, "for a pattern", "plain path"},
	} {
		got, err := Views(c.engine, c.place)
		var refused *PlaceError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.why) || !strings.Contains(refused.Hint(), c.next) {
			t.Errorf("%s of %+v: %v; want %s and %s; got\n%s", c.engine, c.place, err, c.why, c.next, got)
		}
	}
	if _, err := Views(Athena, Place{Bucket: "b", Endpoint: "https://s3.eu-west-1.amazonaws.com"}); err != nil {
		t.Error(err)
	}
}

// TestViewsOfEventsNameColumns holds the lists to the columns that there are, and every column to a view.
func TestViewsOfEventsNameColumns(t *testing.T) {
	is := map[string]bool{dtColumn: true}
	for _, c := range columnsOf[Event]() {
		is[c.name] = true
	}
	named := map[string]bool{}
	for _, v := range ofType {
		for _, name := range strings.Fields(sharedColumns + v.columns) {
			named[name] = true
			if !is[name] {
				t.Errorf("%s: there is no column %s", v.view, name)
			}
		}
	}
	// These say which event it is, or are of types without a view.
	for _, name := range []string{"part", "type", "name", "trigger", "tokens_before", "tokens_after"} {
		named[name] = true
	}
	for name := range is {
		if !named[name] {
			t.Errorf("no view has the column %s", name)
		}
	}
	for _, v := range ofType {
		if v.of != string(schema.LLMMessage) && v.of != string(schema.ToolCall) && v.of != string(schema.Subagent) {
			t.Errorf("%s is of %s", v.view, v.of)
		}
	}
}

func TestColumnsHaveTheTypesOfTheirFields(t *testing.T) {
	want := map[string]sqlColumn{
		"session_id": {"session_id", aText, notMany, false}, "title": {"title", aText, notMany, true}, "deleted": {"deleted", aTruth, notMany, false},
		"start_time": {"start_time", aMoment, notMany, true}, "cost_usd": {"cost_usd", aMoney, notMany, true}, "retries": {"retries", aWhole, notMany, true},
		"tags": {"tags", aText, aList, false}, "metadata": {"metadata", aText, aMap, false}, "tools": {"tools", aWhole, aMap, false},
		"day_cost_usd": {"day_cost_usd", aMoney, aMap, false}, "rev": {"rev", aWhole, notMany, false},
	}
	columns := columnsOf[Session]()
	if len(columns) != reflect.TypeFor[Session]().NumField() {
		t.Errorf("%d columns", len(columns))
	}
	for _, c := range columns {
		if w, ok := want[c.name]; ok && c != w {
			t.Errorf("got %+v, want %+v", c, w)
		}
		delete(want, c.name)
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
}

// TestHostilePlaces holds that no name of a folder, bucket, prefix or server leaves its literal.
func TestHostilePlaces(t *testing.T) {
	for _, c := range []struct {
		engine Engine
		place  Place
		want   string // in the SQL, else in the error
	}{
		{DuckDB, Place{Dir: `/o'x/we[i]rd*?{a,b}`}, `read_parquet('/o''x/we[[]i]rd[*][?]{a,b}/tables/sessions/*/*.parquet'`},
		{DuckDB, Place{Dir: `/a\'); DROP`}, `read_parquet('/a\''); DROP/tables/`},
		{DuckDB, Place{Dir: "/"}, `read_parquet('/tables/sessions/`},
		{DuckDB, Place{Bucket: "b", Prefix: "o'x"}, `read_parquet('s3://b/o''x/tables/`},
		{DuckDB, Place{Bucket: "b"}, `read_parquet('s3://b/tables/`},
		{DuckDB, Place{Bucket: "b", Prefix: "x*"}, "for a pattern"},
		{DuckDB, Place{Bucket: "b", Region: "x'y"}, `REGION 'x''y'`},
		{ClickHouse, Place{Dir: `/o'x\y`}, `file('/o\'x\\y/tables/`},
		{ClickHouse, Place{Dir: `/{a,b}`}, "for a pattern"},
		{ClickHouse, Place{Bucket: "a.b", Prefix: "o'x/%41 #", Region: "eu-west-1"}, `s3('https://s3.eu-west-1.amazonaws.com/a.b/o%27x/%2541%20%23/tables/`},
		{ClickHouse, Place{Bucket: "b", Prefix: "a?", Region: "r"}, "for a pattern"},
		{ClickHouse, Place{Bucket: "b", Prefix: "a*", Region: "r"}, "for a pattern"},
		{ClickHouse, Place{Bucket: "b", Prefix: "x", Region: "us-east-1", Endpoint: "http://127.0.0.1:9000/s3/"}, `s3('http://127.0.0.1:9000/s3/b/x/tables/`},
		{ClickHouse, Place{Bucket: "b", Endpoint: "http://user:word@h"}, "no URL of a server"},
		{DuckDB, Place{Bucket: "b", Endpoint: "http://user:word@h"}, "no URL of a server"},
		{Athena, Place{Bucket: "b", Prefix: `o'x`}, `LOCATION 's3://b/o\'x/tables/sessions/'`},
		{Trino, Place{Bucket: "b", Prefix: `o'x`}, `external_location = 's3://b/o''x/tables/sessions/'`},
		{Spark, Place{Dir: `/o'x`}, `path 'file:///o\'x/tables/sessions'`},
		{Spark, Place{Bucket: "b", Prefix: "a{b"}, "for a pattern"},
		{DuckDB, Place{Dir: "/a\nDROP"}, "control characters"},
		{Trino, Place{Bucket: "b", Endpoint: "http://h/\nDROP"}, "control characters"},
		{Spark, Place{Dir: "/a\u2028b"}, "control characters"},
		{Athena, Place{Bucket: "b", Prefix: "\xff"}, "control characters"},
		{"sqlite", Place{Dir: "/a"}, `no SQL for the engine "sqlite"`},
	} {
		got, err := Views(c.engine, c.place)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || strings.Contains(got, "word") {
			t.Errorf("%s of %+v: want %s; got\n%s", c.engine, c.place, c.want, got)
		}
	}
}

func TestFirstDay(t *testing.T) {
	ctx := context.Background()
	store := upload.NewLocal(t.TempDir())
	if day, err := FirstDay(ctx, store); day != "" || err != nil {
		t.Errorf("%q, %v", day, err)
	}
	for _, day := range []string{"2026-11-22", "2025-01-02"} {
		if _, err := store.Put(ctx, partKey(sessions, day, "p"), []byte("PAR1"), upload.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if day, err := FirstDay(ctx, store); day != "2025-01-02" || err != nil {
		t.Errorf("%q, %v", cmp.Or(day, "none"), err)
	}
}
