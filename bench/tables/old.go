package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
)

// What rows of a program were that knew few columns: those that no row was ever without.
type (
	oldSession struct {
		SessionID string `parquet:"session_id"`
		Part      string `parquet:"part"`
		Rev       int64  `parquet:"rev"`
		Deleted   bool   `parquet:"deleted"`
		Name      string `parquet:"name"`
		Events    int64  `parquet:"events"`
	}
	oldEvent struct {
		SessionID string `parquet:"session_id"`
		Part      string `parquet:"part"`
		Seq       int64  `parquet:"seq"`
		EventID   string `parquet:"event_id"`
		Type      string `parquet:"type"`
		Name      string `parquet:"name"`
	}
)

// old puts parts with few columns beside those of a store, and asks the engines for rows of both: what a part lacks is null.
func old(ctx context.Context, dir string, engines []engine) error {
	const part = "0000000000001-0001-0000000000000001"
	err := errors.Join(
		putOld(dir, "sessions", part, oldSession{"older", part, 1, false, "older", 1}),
		putOld(dir, "events", part, oldEvent{"older", part, 1, "e1", "tool_call", "tool:Bash"}))
	if err != nil {
		return err
	}
	for _, e := range engines {
		answers, err := e.ask(ctx,
			"SELECT count(*) AS all_of_them, count(CASE WHEN cost_usd IS NULL AND title IS NULL THEN 1 END) AS older FROM sessions",
			"SELECT session_id, type, tool, start_time, cost_usd FROM events WHERE session_id = 'older'",
			"SELECT count(*) AS newer FROM tool_calls WHERE session_id <> 'older' AND tool IS NOT NULL")
		if err != nil {
			return err
		}
		all, row, newer := answers[0].Rows[0], answers[1].Rows, answers[2].Rows[0][0]
		if shown(all[0]) == "1" || shown(all[1]) != "1" || len(row) != 1 || shown(row[0][1]) != "tool_call" || row[0][2] != nil || row[0][3] != nil || row[0][4] != nil || shown(newer) == "0" {
			return fmt.Errorf("%s: %s sessions, %s of an older program; its event %v; %s calls of newer ones", e.name, shown(all[0]), shown(all[1]), row, shown(newer))
		}
	}
	fmt.Printf("older parts are read by %d engines\n", len(engines))
	return nil
}

func putOld[R any](dir, name, part string, row R) error {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[R](&b, parquet.KeyValueMetadata("ams.table", name), parquet.KeyValueMetadata("ams.version", "1"))
	_, err := w.Write([]R{row})
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	file := filepath.Join(dir, "tables", name, "dt=2025-01-01", part+".parquet")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
