// Package table keeps the sessions of a store as Parquet files in that store, so that DuckDB, ClickHouse, Athena, Trino and
// Spark read ten million of them as they are, and a list need not read an object for each. It has no server, and nothing in
// it is the truth: bodies and index records are, and [Keeper.Rebuild] makes all of it anew from them.
//
// # Layout
//
//	tables/sessions/dt=DAY/PART.parquet  [Session] rows, one a session
//	tables/events/dt=DAY/PART.parquet    [Event] rows of the same part, one an event
//	tables/format.json                   that this version, or a newer one, keeps the tables
//	tables/gone/removing/NAME.json       a session that is being removed: who wrote rows of it takes them back
//	tables/gone/removed/NAME.json        one that was removed: no row of a counter up to its rev counts any more
//	tables/gone/moved/NAME.json          one that was found to begin earlier: the days that rows of it must not be in
//	tables/replaced/DAY.PART.json        parts that a compaction wrote, and those that it replaced, which go a day later
//	tables/claims/DAY.json               who compacts a day, or removes from it
//	tables/tended.json                   when somebody last looked for something to compact
//
// DAY is the session's start in UTC, as in the key of its body (2026-11-22). PART is new for each write: the time in
// milliseconds, as 13 hex digits, how many sessions it has, as 4, and 16 random ones. No part is ever overwritten.
//
// # Rules for readers
//
//  1. A sessions part commits: what an events part holds counts where a row of sessions names it by session_id and part.
//     A crash leaves an events part that none names.
//  2. Of several rows of one session_id the one with the highest (rev, part) counts, in whatever dt it stands. rev is the
//     counter of the stored body ([schema.Stored]).
//  3. A row with deleted says that the session was removed: then it has no other. Every other column of it but the keys is null.
//  4. Rows may be late, never early: a session has none before it is over, and one that goes on keeps that of its last end
//     until the next. The index record tells: index_etag is the ETag of the one that the row was made of, so a row
//     whose index_etag is not that of index/NAME.json now is old. Programs of before the tables change index records
//     without a new row; that is all they do.
//  5. Columns are only ever added. Older parts lack the newer ones: union_by_name=true in DuckDB,
//     schema_inference_mode='union' in ClickHouse. Files with another ams.version than [Version] in their metadata are of a
//     newer program.
//  6. A query that overlaps a deletion may fail ("no such file"), and is right when it is repeated. So parts that were replaced
//     stay for a day and go in one batch; only a removal deletes at once.
//  7. Absent is null, never "" or a guess: a cost or a count of tokens that is not known is null.
//
// # Types
//
// Times are timestamp(microsecond, UTC), money decimal(18,10) in US dollars ([USD]; a token costs down to 1e-8), names and ids
// strings, JSON plain strings (record, input, result). DuckDB 1.5 and ClickHouse 26.7 read all of them alike. Texts are
// cut at [MaxText] bytes on the border of a character, and their whole length stands beside them in NAME_bytes. Rows are of
// bodies as they are stored: masked, and without thinking where that is not captured.
//
// Sessions rows are sorted by session_id, events rows by session_id and seq. Row groups have at most [groupRows] rows;
// session_id and tool have bloom filters; pages are zstd.
package table

import (
	"errors"
	"fmt"
	"time"
)

// Version is the format of the parts that this package writes, and the highest that it reads.
const Version = 1

// The errors of a part, with errors.Is. Each names one that is left out of reading; none fails a list.
var (
	ErrDamaged = errors.New("damaged")
	ErrForeign = errors.New("not written by ams")
	ErrNewer   = errors.New("written by a newer version of ams")
	ErrEmpty   = errors.New("empty")
)

// MaxText is where a text in a row ends, in bytes: what a person or a LIKE looks for is in there as a rule, and the body has
// the rest.
const MaxText = 4 << 10

// usdScale is how many units of a row's money one dollar has: decimal(18,10).
const usdScale = 1e10

// maxUSD bounds an amount of money: decimal(18,10) holds less than that. No session costs as much; one that says so is damaged.
const maxUSD = 1e8

// USD is an amount of money as rows hold it, in 1e-10 dollars; nil where it is not known, or is no amount.
func USD(dollars *float64) *int64 {
	if dollars == nil || !(*dollars > -maxUSD && *dollars < maxUSD) {
		return nil
	}
	return ptr(units(*dollars))
}

// Day is the dt of a session that started then.
func Day(start time.Time) string { return start.UTC().Format(time.DateOnly) }

// IsDay reports whether a text is a day as [Day] writes it.
func IsDay(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && Day(t) == s
}

// prefix is what the keys of all of this package begin with.
const prefix = "tables/"

// The two tables.
const (
	sessions = "sessions"
	events   = "events"
)

// SessionsPrefix is what the keys of all sessions parts begin with.
const SessionsPrefix = prefix + sessions + "/"

// EventsPrefix is what the keys of all events parts begin with.
const EventsPrefix = prefix + events + "/"

// partKey is the key of a part of one of the tables.
func partKey(table, day, part string) string {
	return fmt.Sprintf("%s%s/dt=%s/%s.parquet", prefix, table, day, part)
}

func ptr[T any](v T) *T { return &v }
