package table

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"ams/pkg/upload"
)

// Engine is a program that reads the tables as they are.
type Engine string

// The engines that [Views] knows.
const (
	DuckDB     Engine = "duckdb"
	ClickHouse Engine = "clickhouse"
	Athena     Engine = "athena"
	Trino      Engine = "trino"
	Spark      Engine = "spark"
)

// Engines are all that [Views] knows, the ones first that need no cluster.
func Engines() []Engine { return []Engine{DuckDB, ClickHouse, Athena, Trino, Spark} }

// Place is where a store is, as engines have to be told.
type Place struct {
	Dir string // of a local store, absolute; "" for a bucket

	Bucket   string
	Prefix   string // without slashes around it, may be empty
	Endpoint string // the URL of a server that is not AWS
	Region   string // "" where nothing tells

	// FirstDay is the first dt of the store, see [FirstDay]. Athena and Trino are told the days that may be there.
	FirstDay string
}

// A PlaceError says that an engine cannot read a store, or not where it is.
type PlaceError struct {
	Engine Engine
	Why    string
	Next   string // what to do
}

func (e *PlaceError) Error() string { return fmt.Sprintf("%s %s", e.Engine, e.Why) }

// Hint is the next step.
func (e *PlaceError) Hint() string { return e.Next }

// errControl refuses what would end a comment or a literal early, or a terminal would obey.
var errControl = errors.New("the store's path has characters in it that cannot stand in SQL: control characters, or no UTF-8")

// Views is SQL, ready to paste, that makes the views sessions, events, llm_calls, tool_calls and subagents in an engine by the
// rules for readers above. It has no credentials: it says where the engine looks for them.
func Views(e Engine, p Place) (string, error) {
	if isUnprintable(p.Dir + p.Bucket + p.Prefix + p.Endpoint + p.Region) {
		return "", errControl
	}
	switch e {
	case DuckDB:
		return duckDB(p)
	case ClickHouse:
		return clickHouse(p)
	case Athena:
		return athena(p)
	case Trino:
		return trino(p)
	case Spark:
		return spark(p)
	}
	return "", fmt.Errorf("there is no SQL for the engine %q", string(e))
}

func isUnprintable(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// The views of events of one type: shared columns, then those that it alone has.
var ofType = []struct {
	view, of string // of is the type
	columns  string
}{
	{"llm_calls", "llm_message", "model stop_reason input_tokens output_tokens cache_read_input_tokens cache_creation_input_tokens " +
		"cache_creation_1h_tokens unknown_tokens thinking_tokens cost_usd retries retry_ms web_search_requests cache_rewrite_tokens " +
		"cache_rewrite_reason cache_rewrite_cost_usd message_id request_id text text_bytes thinking thinking_bytes"},
	{"tool_calls", "tool_call", "tool outcome is_error execution_ms approval_ms permission permission_source mcp_server skill file " +
		"lines_added lines_removed tool_use_id llm_event_id input input_bytes text text_bytes"},
	{"subagents", "subagent", "description parent_agent_id depth background llm_calls tool_calls input_tokens output_tokens " +
		"cache_read_input_tokens cache_creation_input_tokens cache_creation_1h_tokens unknown_tokens cost_usd input input_bytes text text_bytes"},
}

const sharedColumns = "session_id dt seq event_id parent_id turn agent_id agent_type warm_up provisional prompt_id prompt_source status error_type " +
	"start_time end_time duration_ms "

// Names of what is below the views sessions and events: all rows of all parts.
const (
	sessionParts = "session_parts"
	eventParts   = "event_parts"
)

// sqlTable is one of the tables, and what stands for all of its parts.
type sqlTable struct {
	name, view string
	columns    []sqlColumn
}

func bothTables() []sqlTable {
	return []sqlTable{{sessions, sessionParts, columnsOf[Session]()}, {events, eventParts, columnsOf[Event]()}}
}

// script is SQL as it grows.
type script struct{ strings.Builder }

func (s *script) line(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

// typed adds the views of events of one type.
func (s *script) typed(create string, quote func(string) string) {
	for _, v := range ofType {
		var columns []string
		for _, name := range strings.Fields(sharedColumns + v.columns) {
			columns = append(columns, quote(name))
		}
		s.line("\n%s %s AS\nSELECT %s\nFROM events\nWHERE %s = '%s';", create, v.view, wrapped(columns), quote("type"), v.of)
	}
}

// wrapped is a list over several lines, for people.
func wrapped(list []string) string {
	const width = 110
	var b strings.Builder
	at := 0
	for i, s := range list {
		switch {
		case i == 0:
		case at+len(s) > width:
			b.WriteString(",\n  ")
			at = 0
		default:
			b.WriteString(", ")
		}
		b.WriteString(s)
		at += len(s) + 2
	}
	return b.String()
}

func bare(name string) string { return name }

// literal is a text in the SQL of the standard, which has no escapes but the quote twice.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// escaped is a text in SQL where a backslash escapes.
func escaped(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// glob is a pattern for all parts of a table below top.
func glob(top, table string) string { return top + "/" + prefix + table + "/*/*.parquet" }

// bucketURL is the store's place in a bucket in the scheme that an engine calls S3 by.
func (p Place) bucketURL(scheme string) string {
	return strings.TrimSuffix(scheme+"://"+p.Bucket+"/"+p.Prefix, "/")
}

// dir is the store's folder with slashes, also on Windows.
func (p Place) dir() string { return strings.TrimRight(filepath.ToSlash(p.Dir), "/") }

// needsPlain refuses names that an engine would take for patterns.
func needsPlain(e Engine, where, patterns string) error {
	if !strings.ContainsAny(where, patterns) {
		return nil
	}
	return &PlaceError{e, fmt.Sprintf("takes one of %s in the store's name for a pattern: %s", patterns, where), "copy the folder tables/ to a plain path"}
}

func duckDB(p Place) (string, error) {
	var s script
	top := ""
	if p.Dir != "" {
		// A set of one character stands for that character.
		top = strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(p.dir())
	} else {
		top = p.bucketURL("s3")
		if err := needsPlain(DuckDB, top, "*?["); err != nil {
			return "", err
		}
		if err := s.duckDBSecret(p); err != nil {
			return "", err
		}
	}
	s.line("-- Days are UTC, as in ams-assemble report.\nSET TimeZone = 'UTC';")
	for _, t := range bothTables() {
		s.line("\nCREATE OR REPLACE VIEW %s AS\nSELECT * FROM read_parquet(%s,\n  hive_partitioning = true, hive_types = {'dt': DATE}, union_by_name = true);",
			t.view, literal(glob(top, t.name)))
	}
	s.line("\nCREATE OR REPLACE VIEW sessions AS\nSELECT * EXCLUDE (deleted) FROM (\n  SELECT * FROM %s\n"+
		"  QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY rev DESC, part DESC) = 1\n)\nWHERE NOT coalesce(deleted, false);", sessionParts)
	s.line("\nCREATE OR REPLACE VIEW events AS\nSELECT e.* FROM %s AS e SEMI JOIN sessions AS s ON e.session_id = s.session_id AND e.part = s.part;", eventParts)
	s.typed("CREATE OR REPLACE VIEW", bare)
	return s.String(), nil
}

// duckDBSecret tells DuckDB where the bucket is. Its keys it takes from where the AWS tools do.
func (s *script) duckDBSecret(p Place) error {
	s.line("INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;")
	s.line("-- Keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws, SSO or a role, as for the AWS tools.")
	options := []string{"TYPE s3", "PROVIDER credential_chain", "SCOPE " + literal(p.bucketURL("s3"))}
	if p.Region != "" {
		options = append(options, "REGION "+literal(p.Region))
	}
	if p.Endpoint != "" {
		u, err := p.server()
		if err != nil {
			return err
		}
		options = append(options, "ENDPOINT "+literal(u.Host+strings.TrimRight(u.Path, "/")), "URL_STYLE 'path'", fmt.Sprintf("USE_SSL %v", u.Scheme == "https"))
	}
	s.line("CREATE OR REPLACE SECRET ams (%s);", strings.Join(options, ", "))
	return nil
}

func (p Place) server() (*url.URL, error) {
	u, err := url.Parse(p.Endpoint)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("the endpoint is no URL of a server") // it is not quoted: it may hold a password
	}
	return u, nil
}

func clickHouse(p Place) (string, error) {
	var s script
	top := p.dir()
	if p.Dir == "" {
		var err error
		if top, err = p.httpURL(); err != nil {
			return "", err
		}
		s.line("-- Keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment of the server, or its role. To name others, write\n" +
			"-- s3('https://...', 'KEY', 'SECRET', 'Parquet', ...) in both views.")
	} else {
		s.line("-- For clickhouse local and chdb: a server reads no file outside of its user_files_path.")
	}
	if err := needsPlain(ClickHouse, p.dir()+p.Prefix, "*?{"); err != nil {
		return "", err
	}
	source := "s3"
	if p.Dir != "" {
		source = "file"
	}
	for _, t := range bothTables() {
		columns := append([]string{dtColumn + " Date"}, clickHouseTypes.spelled(t.columns, bare)...)
		s.line("\nCREATE OR REPLACE VIEW %s AS\nSELECT * FROM %s(%s, 'Parquet', %s)\nSETTINGS use_hive_partitioning = 1;",
			t.view, source, escaped(glob(top, t.name)), escaped(wrapped(columns)))
	}
	s.line("\nCREATE OR REPLACE VIEW sessions AS\nSELECT * EXCEPT (deleted) FROM %s\nWHERE NOT deleted AND (session_id, (rev, part)) IN "+
		"(SELECT session_id, max((rev, part)) FROM %[1]s GROUP BY session_id);", sessionParts)
	s.line("\nCREATE OR REPLACE VIEW events AS\nSELECT * FROM %s WHERE (session_id, part) IN (SELECT session_id, part FROM sessions);", eventParts)
	s.typed("CREATE OR REPLACE VIEW", bare)
	return s.String(), nil
}

// httpURL is the store's place as ClickHouse wants it.
func (p Place) httpURL() (string, error) {
	u := &url.URL{Scheme: "https", Host: p.Bucket + ".s3." + p.Region + ".amazonaws.com", Path: "/" + p.Prefix}
	if p.Endpoint != "" {
		server, err := p.server()
		if err != nil {
			return "", err
		}
		u = &url.URL{Scheme: server.Scheme, Host: server.Host, Path: path.Join("/", server.Path, p.Bucket, p.Prefix)}
	} else if p.Region == "" {
		return "", &PlaceError{ClickHouse, "needs the bucket's region", "set --s3-region"}
	} else if strings.Contains(p.Bucket, ".") { // no certificate is for a.b.s3.REGION.amazonaws.com
		u.Host, u.Path = "s3."+p.Region+".amazonaws.com", path.Join("/", p.Bucket, p.Prefix)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// FirstDay is the first dt that has a part of sessions, "" where there is none yet: engines fail on a folder without files.
func FirstDay(ctx context.Context, store upload.Store) (string, error) {
	first := ""
	found := errors.New("found") // keys come in order
	err := store.List(ctx, SessionsPrefix, func(o upload.Object) error {
		day, isDay := strings.CutPrefix(path.Base(path.Dir(o.Key)), dtColumn+"=")
		if isDay && path.Ext(o.Key) == ".parquet" {
			first = day
			return found
		}
		return nil
	})
	if err != nil && !errors.Is(err, found) {
		return "", fmt.Errorf("look for tables: %w", err)
	}
	return first, nil
}
