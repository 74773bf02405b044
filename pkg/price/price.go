// Package price turns the tokens of an API call into US dollars at list price.
//
// The prices are data: a [Table], embedded (prices.json, with its date and its
// sources) and replaceable row by row with a user's file ([Table.Override]).
// The package is pure: no clock, no files, no network.
//
// The arithmetic repeats, operation for operation in float64, what Claude Code
// 2.1.330 does, so that a sum of computed calls equals its own total_cost_usd
// to the last digit (held by tests against recorded sessions):
//
//	cost  = (in/1e6*input + out/1e6*output + read/1e6*cache_read + writes) * surcharges
//	        + web_searches*web_search_per_request
//	writes = h/1e6*cache_write_1h + (creation-h)/1e6*cache_write_5m,  h = 1-hour part
//
// The rates are the fast ones when the API says the call ran at speed "fast" and
// the model has them; else the long-prompt ones when input + cache read + cache
// creation is above the model's bound, for the whole request; else the standard.
//
// A model that the table does not hold has no price. It is never charged at a
// default, as the client does, and never silently at zero.
//
// # Table format
//
// A JSON object; rates are USD per million tokens, dates are YYYY-MM-DD (UTC).
//
//	date                    the day the table was checked
//	unit, sources           for the reader
//	multipliers             inference_geo_us, regional, batch: factors on all token costs
//	web_search_per_request  USD
//	models[]                id, input, output, cache_write_5m, cache_write_1h,
//	                        cache_read (all required), and optionally
//	  released              information only: a call before it is priced all the same
//	  long                  the five rates, above (tokens), until
//	  fast                  the five rates, removed (information only), long
//	  history[]             until, and those of the five rates that differed
//	  no_geo_surcharge, no_regional_surcharge, note
//
// Every until is exclusive: it is the first day, from 00:00 UTC, on which the
// entry no longer holds. (Long-prompt prices "until 2026-03-13" ended with that
// day's announcement.) A file with a field that is not listed is refused.
package price

import (
	_ "embed" // the price table
	"fmt"
	"slices"
	"strings"
	"time"
)

//go:embed prices.json
var embedded []byte // read only

// Rates are one set of prices, in USD per million tokens.
type Rates struct {
	Input        float64
	Output       float64
	CacheWrite5m float64 // cache writes kept 5 minutes
	CacheWrite1h float64 // cache writes kept 1 hour
	CacheRead    float64
}

// Long are the rates of a whole request whose prompt (input, cache reads and
// cache writes together) is above Above tokens.
type Long struct {
	Above int64
	Rates
	Until time.Time // first instant they no longer hold; zero: open end
}

// Fast are the rates of calls that the API served at speed "fast".
type Fast struct {
	Rates
	Long *Long // nil: the same rates for every prompt length
	// Removed is the day the mode was taken away, zero if never. It is information
	// only: after it the API answers "standard" or rejects the call (code.claude.com,
	// fast mode), so a call that says "fast" was served, and billed, as fast.
	Removed time.Time
}

// Past are the standard rates of a model before Until.
type Past struct {
	Until time.Time // first instant they no longer held
	Rates
}

// Row is what a [Table] knows of one model.
type Row struct {
	ID       string
	Rates    // today's
	Released time.Time
	Long     *Long
	Fast     *Fast
	History  []Past // oldest first
	// NoGeoSurcharge and NoRegionalSurcharge name models from before those surcharges.
	NoGeoSurcharge      bool
	NoRegionalSurcharge bool
	Note                string
	Overridden          bool // set by [Table.Override]
}

// Table holds the prices of all known models at all known dates. It never
// changes once made and is safe for concurrent use.
type Table struct {
	date      string
	geoUS     float64 // factor on tokens of calls with inference_geo "us"
	regional  float64 // factor on tokens of Bedrock's regional endpoints
	batch     float64 // factor on tokens of calls that the API served in a batch
	webSearch float64 // USD per request
	rows      []Row   // by ID
	index     map[string]int
}

// Embedded returns the table that the program was built with.
func Embedded() (*Table, error) {
	t, err := Parse(embedded)
	if err != nil {
		return nil, fmt.Errorf("embedded price table: %w", err)
	}
	return t, nil
}

// Date is the day the table was checked, as YYYY-MM-DD. An override keeps it;
// the rows it set are marked [Row.Overridden].
func (t *Table) Date() string { return t.date }

// WebSearch is the price of one web search request in USD.
func (t *Table) WebSearch() float64 { return t.webSearch }

// Models returns all rows, sorted by id. The caller owns them.
func (t *Table) Models() []Row {
	rows := make([]Row, len(t.rows))
	for i, r := range t.rows {
		rows[i] = r.clone()
	}
	return rows
}

// clone copies what the row points to, so that no caller can change a Table.
func (r Row) clone() Row {
	r.Long = cloneLong(r.Long)
	if r.Fast != nil {
		fast := *r.Fast
		fast.Long = cloneLong(fast.Long)
		r.Fast = &fast
	}
	r.History = slices.Clone(r.History)
	return r
}

func cloneLong(l *Long) *Long {
	if l == nil {
		return nil
	}
	c := *l
	return &c
}

// ratesAt returns the rates for a prompt of that many tokens at that time; the
// zero time means today's rates.
func (r *Row) ratesAt(fast bool, promptTokens float64, at time.Time) Rates {
	rates, long := r.Rates, r.Long
	if fast && r.Fast != nil {
		rates, long = r.Fast.Rates, r.Fast.Long
	} else {
		for _, past := range r.History {
			if before(at, past.Until) {
				rates = past.Rates
				break
			}
		}
	}
	if long.holds(at) && promptTokens > float64(long.Above) {
		return long.Rates
	}
	return rates
}

// hasLong reports whether the price depends on the prompt's length.
func (r *Row) hasLong(fast bool, at time.Time) bool {
	if fast && r.Fast != nil {
		return r.Fast.Long.holds(at)
	}
	return r.Long.holds(at)
}

func (l *Long) holds(at time.Time) bool {
	return l != nil && (l.Until.IsZero() || before(at, l.Until))
}

// before is false for the zero time, which stands for "now, whenever that is".
func before(at, until time.Time) bool { return !at.IsZero() && at.Before(until) }

// sortRows orders the rows by id and builds the index. Ids are unique without
// regard to case.
func (t *Table) sortRows() {
	slices.SortFunc(t.rows, func(a, b Row) int { return strings.Compare(a.ID, b.ID) })
	t.index = make(map[string]int, len(t.rows))
	for i, r := range t.rows {
		t.index[strings.ToLower(r.ID)] = i
	}
}
