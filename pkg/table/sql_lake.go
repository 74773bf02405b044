package table

import (
	"fmt"
	"net/url"
	"strings"
)

// The engines of a lake: they are told the columns of an external table, then views of the standard's SQL do the same in all.

// earliestDay is the first dt that Athena and Trino look for, unless the store has an older one: no session of a client of ours
// is older, and each day that may be there is a request.
const earliestDay = "2024-01-01"

func (p Place) firstDay() string {
	if p.FirstDay != "" && p.FirstDay < earliestDay {
		return p.FirstDay
	}
	return earliestDay
}

func backticked(name string) string { return "`" + name + "`" }

func doubleQuoted(name string) string { return `"` + name + `"` }

// standardViews adds the views. day is the expression of a dt as a date.
func (s *script) standardViews(create string, quote func(string) string, day string) {
	names := func(of string, columns []sqlColumn) string {
		out := []string{day + " AS " + quote(dtColumn)}
		for _, c := range columns {
			if c.name != "deleted" {
				out = append(out, of+quote(c.name))
			}
		}
		return wrapped(out)
	}
	s.line("\n%s sessions AS\nSELECT %s\nFROM (\n  SELECT *, row_number() OVER (PARTITION BY session_id ORDER BY rev DESC, part DESC) AS newest FROM %s\n)"+
		" e\nWHERE newest = 1 AND NOT coalesce(deleted, false);", create, names("e.", columnsOf[Session]()), sessionParts)
	s.line("\n%s events AS\nSELECT %s\nFROM %s e JOIN sessions s ON e.session_id = s.session_id AND e.part = s.part;",
		create, names("e.", columnsOf[Event]()), eventParts)
	s.typed(create, quote)
}

func athena(p Place) (string, error) {
	if p.Dir != "" {
		return "", &PlaceError{Athena, "reads S3 alone, and this store is a folder", "set --s3-bucket, or take --engine duckdb"}
	}
	if p.Endpoint != "" && !isAWS(p.Endpoint) {
		return "", &PlaceError{Athena, "reads S3 of AWS alone, and this store has an endpoint of its own", "take --engine trino, spark, clickhouse or duckdb"}
	}
	var s script
	s.line("-- Athena takes one statement at a time%s. Choose the database ams before those after the first.", ifSet(", in the region ", p.Region))
	s.line("CREATE DATABASE IF NOT EXISTS ams;")
	for _, t := range bothTables() {
		s.line("\nCREATE EXTERNAL TABLE IF NOT EXISTS ams.%s (\n  %s\n)\nPARTITIONED BY (dt string)\nSTORED AS PARQUET\nLOCATION %s", t.view,
			wrapped(hiveTypes.spelled(t.columns, backticked)), escaped(p.bucketURL("s3")+"/"+prefix+t.name+"/"))
		s.line("TBLPROPERTIES ('projection.enabled' = 'true', 'projection.dt.type' = 'date', 'projection.dt.format' = 'yyyy-MM-dd',\n"+
			"  'projection.dt.range' = '%s,NOW+1DAYS', 'projection.dt.interval' = '1', 'projection.dt.interval.unit' = 'DAYS');", p.firstDay())
	}
	s.standardViews("CREATE OR REPLACE VIEW", doubleQuoted, "CAST(e.dt AS date)")
	return s.String(), nil
}

func isAWS(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (strings.HasSuffix(u.Hostname(), ".amazonaws.com") || strings.HasSuffix(u.Hostname(), ".amazonaws.com.cn"))
}

func ifSet(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// server adds, as comments, what a catalog or session has to know of a server of S3; its keys come from elsewhere.
func (s *script) serverSettings(p Place, endpoint, region, pathStyle string) {
	if p.Endpoint != "" {
		s.line("--   %s=%s\n--   %s=true", endpoint, p.Endpoint, pathStyle)
	}
	if p.Region != "" {
		s.line("--   %s=%s", region, p.Region)
	}
}

func trino(p Place) (string, error) {
	if p.Dir != "" {
		return "", &PlaceError{Trino, "reads S3 here, and this store is a folder", "set --s3-bucket, or take --engine duckdb"}
	}
	var s script
	s.line("-- In a catalog of the connector hive, here by the name hive; its file takes the keys from the environment or a role, and has")
	s.line("--   fs.native-s3.enabled=true")
	s.serverSettings(p, "s3.endpoint", "s3.region", "s3.path-style-access")
	s.line("CREATE SCHEMA IF NOT EXISTS hive.ams;\nUSE hive.ams;")
	for _, t := range bothTables() {
		columns := append(trinoTypes.spelled(t.columns, doubleQuoted), fmt.Sprintf("dt varchar WITH (partition_projection_type = 'DATE', "+
			"partition_projection_format = 'yyyy-MM-dd',\n    partition_projection_range = ARRAY['%s', 'NOW+1DAYS'], partition_projection_interval = 1, "+
			"partition_projection_interval_unit = 'DAYS')", p.firstDay()))
		s.line("\nCREATE TABLE IF NOT EXISTS %s (\n  %s\n)\nWITH (external_location = %s, format = 'PARQUET', partitioned_by = ARRAY['dt'], "+
			"partition_projection_enabled = true);", t.view, wrapped(columns), literal(p.bucketURL("s3")+"/"+prefix+t.name+"/"))
	}
	s.standardViews("CREATE OR REPLACE VIEW", doubleQuoted, "CAST(e.dt AS date)")
	return s.String(), nil
}

func spark(p Place) (string, error) {
	var s script
	top := "file:///" + strings.TrimLeft(p.dir(), "/")
	if p.Dir == "" {
		top = p.bucketURL("s3a")
		s.line("-- For spark-sql with hadoop-aws, which takes the keys from the environment, ~/.aws or a role, and these settings:")
		s.serverSettings(p, "spark.hadoop.fs.s3a.endpoint", "spark.hadoop.fs.s3a.endpoint.region", "spark.hadoop.fs.s3a.path.style.access")
	}
	if err := needsPlain(Spark, top, "*?[{"); err != nil {
		return "", err
	}
	s.line("-- Views of this session. REFRESH TABLE session_parts; REFRESH TABLE event_parts; finds newer parts.\nSET TIME ZONE 'UTC';")
	for _, t := range bothTables() {
		columns := append(hiveTypes.spelled(t.columns, backticked), "dt date")
		s.line("\nCREATE OR REPLACE TEMPORARY VIEW %s (\n  %s\n)\nUSING parquet OPTIONS (path %s);", t.view, wrapped(columns), escaped(top+"/"+prefix+t.name))
	}
	s.standardViews("CREATE OR REPLACE TEMPORARY VIEW", backticked, "e.dt")
	return s.String(), nil
}
