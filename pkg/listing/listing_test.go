package listing_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

func stored(id, title string, cost *float64) library.Stored {
	cwd, ms := "/home/dev/shop", int64(61_000)
	return library.Stored{Name: id, Summary: &schema.Summary{
		SessionID: id, Title: &title, Cwd: &cwd, CostUSD: cost, DurationMS: &ms, Status: schema.OK, Models: []string{"claude-opus-4-6"},
		StartTime: schema.At(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)), OutputTokens: 5, ToolCalls: 2,
	}}
}

func dollars(usd float64) *float64 { return &usd }

// TestATableFitsItsScreen lays one list out on narrow and wide screens: no line is wider than the screen, the title
// always stays, and the project goes before the cost does.
func TestATableFitsItsScreen(t *testing.T) {
	rows := []library.Stored{
		stored("a1", "why does the build of the shop fail on a clean machine", dollars(1.5)),
		stored("b2", "日本語の題 with wide characters", nil),
	}
	for _, cells := range []int{60, 80, 120, 200} {
		var out bytes.Buffer
		layout := listing.Table{Screen: screen.Screen{Cells: cells}, Writer: &out, ShortID: func(name string) string { return name }, Year: 2026}
		if err := layout.Show(rows, 3); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(out.String(), "\n")
		for _, line := range lines {
			if screen.Width(line) > cells {
				t.Errorf("at %d columns, %d wide: %q", cells, screen.Width(line), line)
			}
		}
		above, table, _ := strings.Cut(strings.TrimRight(out.String(), "\n"), "\n\n")
		lines = strings.Split(table, "\n")
		if !strings.Contains(lines[0], "TITLE") || !strings.Contains(lines[1], "why does the") {
			t.Errorf("at %d columns the title is gone:\n%s", cells, out.String())
		}
		if strings.Contains(lines[0], "PROJECT") && !strings.Contains(lines[0], "COST") || cells == 80 && !strings.Contains(lines[0], "PROJECT") {
			t.Errorf("at %d columns the project took the cost's room, or has none:\n%s", cells, out.String())
		}
		if sum := strings.Join(strings.Fields(above), " "); !strings.Contains(sum, "2 sessions (3 more fit)") ||
			!strings.Contains(sum, "without 1 of unknown cost") {
			t.Errorf("at %d columns the sum says %q", cells, sum)
		}
	}
}

func TestSpreadsheetsRunNoTitle(t *testing.T) {
	var out bytes.Buffer
	if err := listing.CSV(&out, []library.Stored{stored("a1", "=HYPERLINK(\"http://x\",\"y\"), with a comma", dollars(0.25))}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	if got["title"] != "'=HYPERLINK(\"http://x\",\"y\"), with a comma" || got["cost_usd"] != "0.25" || got["output_tokens"] != "5" {
		t.Errorf("got %q", got)
	}
}

func TestSortPutsUnknownCostLast(t *testing.T) {
	rows := []library.Stored{stored("unknown", "b", nil), stored("less", "c", dollars(1)), stored("most", "a", dollars(2))}
	for by, want := range map[string]string{"cost": "most less unknown", "title": "most unknown less"} {
		listing.Sort(rows, by)
		var got []string
		for _, r := range rows {
			got = append(got, r.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("by %s: got %v, want %s", by, got, want)
		}
	}
}

func TestASessionWithSignalsIsMarked(t *testing.T) {
	plain, marked := stored("a1", "plain", dollars(1)), stored("b2", "marked", dollars(1))
	marked.Signals = map[schema.SignalKind]int{schema.SignalLoop: 3}
	show := func(rows ...library.Stored) []string {
		var out bytes.Buffer
		table := listing.Table{Screen: screen.Screen{Cells: 80}, Writer: &out, ShortID: func(name string) string { return name }, Year: 2026}
		if err := table.Show(rows, 0); err != nil {
			t.Fatal(err)
		}
		_, behindTheSum, _ := strings.Cut(out.String(), "\n\n")
		return strings.Split(behindTheSum, "\n")
	}
	with := show(plain, marked)
	if !strings.Contains(with[0], "  !  TITLE") || !strings.Contains(with[1], "     plain") || !strings.Contains(with[2], "  !  marked") {
		t.Errorf("got\n%s\nwant a mark at the second", strings.Join(with, "\n"))
	}
	if without := show(plain); strings.Contains(without[0], "!") {
		t.Errorf("got %q, want no column where nobody has one", without[0])
	}
}

func TestSortByWhatRecordsTellFrom12On(t *testing.T) {
	text := func(s string) *string { return &s }
	number := func(n int64) *int64 { return &n }
	a, b, old := stored("a", "", nil), stored("b", "", nil), stored("old", "", nil)
	a.User, a.Repo, a.ActiveMS, a.PeakContext, a.Compactions = text("zoe"), text("Shop"), number(5), number(90), 1
	b.User, b.Repo, b.ActiveMS, b.PeakContext, b.Retries.Count = text("Ann"), text("tax"), number(7), number(80), 2
	a.Signals = map[schema.SignalKind]int{schema.SignalLoop: 3}
	b.Files = map[string]schema.FileCount{"/x": {}}
	for by, want := range map[string]string{
		"user": "b a old", "repo": "a b old", "active": "b a old", "context": "a b old", "compactions": "a b old", "retries": "b a old", "signals": "a b old",
		"files": "b a old",
	} {
		rows := []library.Stored{old, b, a}
		listing.Sort(rows, "start")
		listing.Sort(rows, by)
		got := rows[0].Name
		if first, _, _ := strings.Cut(want, " "); got != first {
			t.Errorf("%s: got %s first, want %s", by, got, first)
		}
		if by == "user" && rows[2].Name != "old" {
			t.Errorf("%s: got %s last, want the one without", by, rows[2].Name)
		}
	}
	var out bytes.Buffer
	if err := listing.CSV(&out, []library.Stored{a, old}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v: want all of one length", len(rows), err)
	}
}
