package price

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Change is one difference between two tables, for a person to review.
type Change struct {
	ID    string // of the model; empty for the table itself
	Field string // as in the JSON, with "." and "[until]"; empty when a whole model came or went
	Old   string // empty: was not there
	New   string // empty: is gone
}

// String shows the change on one line.
func (c Change) String() string {
	name := c.ID
	if c.Field != "" {
		name = strings.TrimPrefix(c.ID+" "+c.Field, " ")
	}
	switch {
	case c.Old == "":
		return "+ " + name + ": " + c.New
	case c.New == "":
		return "- " + name + ": " + c.Old
	}
	return "~ " + name + ": " + c.Old + " -> " + c.New
}

// Diff lists what is different in newer, the table's own fields first, then by
// model, then by field as the format orders them. Notes are not compared.
func Diff(older, newer *Table) []Change {
	var out []Change
	out = diffFields(out, "", older.fields(), newer.fields())
	ids := make([]string, 0, len(older.rows)+len(newer.rows))
	for _, r := range older.rows {
		ids = append(ids, strings.ToLower(r.ID))
	}
	for _, r := range newer.rows {
		ids = append(ids, strings.ToLower(r.ID))
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		was, old := older.index[id]
		is, now := newer.index[id]
		switch {
		case !old:
			r := newer.rows[is]
			out = append(out, Change{ID: r.ID, New: show(r.Rates)})
			out = diffFields(out, r.ID, r.Rates.fields(""), r.fields())
		case !now:
			r := older.rows[was]
			out = append(out, Change{ID: r.ID, Old: show(r.Rates)})
		default:
			out = diffFields(out, newer.rows[is].ID, older.rows[was].fields(), newer.rows[is].fields())
		}
	}
	return out
}

// show writes rates as input/output/5m/1h/read.
func show(r Rates) string {
	parts := make([]string, 0, 5)
	for _, f := range r.fields("") {
		parts = append(parts, f.value)
	}
	return strings.Join(parts, "/")
}

type field struct{ name, value string }

func (t *Table) fields() []field {
	return []field{
		{"date", t.date},
		{"multipliers.inference_geo_us", number(t.geoUS)},
		{"multipliers.regional", number(t.regional)},
		{"multipliers.batch", number(t.batch)},
		{"web_search_per_request", number(t.webSearch)},
	}
}

func (r Rates) fields(prefix string) []field {
	return []field{
		{prefix + "input", number(r.Input)},
		{prefix + "output", number(r.Output)},
		{prefix + "cache_write_5m", number(r.CacheWrite5m)},
		{prefix + "cache_write_1h", number(r.CacheWrite1h)},
		{prefix + "cache_read", number(r.CacheRead)},
	}
}

func (r Row) fields() []field {
	f := r.Rates.fields("")
	f = append(f, field{"released", date(r.Released)})
	f = append(f, r.Long.fields("long.")...)
	if r.Fast != nil {
		f = append(f, r.Fast.Rates.fields("fast.")...)
		f = append(f, field{"fast.removed", date(r.Fast.Removed)})
		f = append(f, r.Fast.Long.fields("fast.long.")...)
	}
	for _, p := range r.History {
		f = append(f, p.Rates.fields("history["+date(p.Until)+"].")...)
	}
	return append(f,
		field{"no_geo_surcharge", flag(r.NoGeoSurcharge)},
		field{"no_regional_surcharge", flag(r.NoRegionalSurcharge)})
}

func (l *Long) fields(prefix string) []field {
	if l == nil {
		return nil
	}
	f := []field{{prefix + "above", strconv.FormatInt(l.Above, 10)}}
	f = append(f, l.Rates.fields(prefix)...)
	return append(f, field{prefix + "until", date(l.Until)})
}

// diffFields goes through the new fields in order, then through those that are gone.
func diffFields(out []Change, id string, older, newer []field) []Change {
	was := make(map[string]string, len(older))
	for _, f := range older {
		was[f.name] = f.value
	}
	is := make(map[string]bool, len(newer))
	for _, f := range newer {
		is[f.name] = true
		if was[f.name] != f.value {
			out = append(out, Change{ID: id, Field: f.name, Old: was[f.name], New: f.value})
		}
	}
	for _, f := range older {
		if !is[f.name] && f.value != "" {
			out = append(out, Change{ID: id, Field: f.name, Old: f.value})
		}
	}
	return out
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func flag(on bool) string {
	if on {
		return "true"
	}
	return ""
}
