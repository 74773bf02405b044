package price

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	maxTable = 4 << 20 // bytes of a table: the embedded one has 8 kB, so this is no list of models
	maxRate  = 1e6     // USD per million tokens: a dollar a token is a misplaced point
	maxScale = 100     // of a multiplier

	listBatch = 0.5 // the batch multiplier of tables from before it was a field
)

// The JSON of a table. Pointers tell absent from zero; parts are decoded on
// their own so that an error can name them.
type (
	tableJSON struct {
		Date        string            `json:"date"`
		Unit        string            `json:"unit"`
		Sources     []string          `json:"sources"`
		Multipliers json.RawMessage   `json:"multipliers"`
		WebSearch   *float64          `json:"web_search_per_request"`
		Models      []json.RawMessage `json:"models"`
	}
	multipliersJSON struct {
		GeoUS    *float64 `json:"inference_geo_us"`
		Regional *float64 `json:"regional"`
		Batch    *float64 `json:"batch"`
	}
	ratesJSON struct {
		Input        *float64 `json:"input"`
		Output       *float64 `json:"output"`
		CacheWrite5m *float64 `json:"cache_write_5m"`
		CacheWrite1h *float64 `json:"cache_write_1h"`
		CacheRead    *float64 `json:"cache_read"`
	}
	longJSON struct {
		ratesJSON
		Above *int64 `json:"above"`
		Until string `json:"until"`
	}
	fastJSON struct {
		ratesJSON
		Removed string          `json:"removed"`
		Long    json.RawMessage `json:"long"`
	}
	pastJSON struct {
		ratesJSON
		Until string `json:"until"`
	}
	rowJSON struct {
		ID string `json:"id"`
		ratesJSON
		Released            string            `json:"released"`
		Long                json.RawMessage   `json:"long"`
		Fast                json.RawMessage   `json:"fast"`
		History             []json.RawMessage `json:"history"`
		NoGeoSurcharge      bool              `json:"no_geo_surcharge"`
		NoRegionalSurcharge bool              `json:"no_regional_surcharge"`
		Note                string            `json:"note"`
	}
)

// Parse reads a whole table in the package's format. The error names the model
// and the field that is missing, unknown, negative or not a number.
func Parse(b []byte) (*Table, error) {
	raw, err := decodeTable(b)
	if err != nil {
		return nil, err
	}
	t := &Table{}
	switch {
	case raw.Date == "":
		return nil, errors.New("price table: date is missing")
	case raw.Multipliers == nil:
		return nil, errors.New("price table: multipliers is missing")
	case raw.WebSearch == nil:
		return nil, errors.New("price table: web_search_per_request is missing")
	case len(raw.Models) == 0:
		return nil, errors.New("price table: models is missing or empty")
	}
	if err := t.apply(raw); err != nil {
		return nil, fmt.Errorf("price table: %w", err)
	}
	if t.geoUS == 0 || t.regional == 0 {
		return nil, errors.New("price table: multipliers: inference_geo_us and regional are required")
	}
	if t.batch == 0 {
		t.batch = listBatch
	}
	return t, nil
}

// Override returns a table in which the rows of b, a file in the same format,
// replace those with the same id or are added. A row replaces the whole row:
// what it does not state (long, fast, history) is gone. Everything but models
// may be left out and then stays as it was; the table's date always stays.
func (t *Table) Override(b []byte) (*Table, error) {
	raw, err := decodeTable(b)
	if err != nil {
		return nil, err
	}
	n := &Table{geoUS: t.geoUS, regional: t.regional, webSearch: t.webSearch, batch: t.batch}
	if err := n.apply(raw); err != nil {
		return nil, fmt.Errorf("price override: %w", err)
	}
	n.date = t.date
	for i := range n.rows {
		n.rows[i].Overridden = true
	}
	for _, r := range t.rows {
		if _, replaced := n.index[strings.ToLower(r.ID)]; !replaced {
			n.rows = append(n.rows, r.clone())
		}
	}
	n.sortRows()
	return n, nil
}

func decodeTable(b []byte) (*tableJSON, error) {
	if len(b) > maxTable {
		return nil, fmt.Errorf("price table: %d bytes are more than the allowed %d", len(b), maxTable)
	}
	if err := checkNames(b); err != nil {
		return nil, fmt.Errorf("price table: %w", err)
	}
	var raw tableJSON
	if err := decodeStrict(b, &raw); err != nil {
		return nil, fmt.Errorf("price table: %w", err)
	}
	return &raw, nil
}

// apply sets what raw states.
func (t *Table) apply(raw *tableJSON) error {
	if raw.Date != "" {
		if _, err := day("date", raw.Date); err != nil {
			return err
		}
		t.date = raw.Date
	}
	if raw.WebSearch != nil {
		if err := checkRate("web_search_per_request", *raw.WebSearch); err != nil {
			return err
		}
		t.webSearch = *raw.WebSearch
	}
	if raw.Multipliers != nil {
		if err := t.applyMultipliers(raw.Multipliers); err != nil {
			return fmt.Errorf("multipliers: %w", err)
		}
	}
	seen := make(map[string]bool, len(raw.Models))
	for i, m := range raw.Models {
		row, err := parseRow(m)
		if err != nil {
			if row.ID == "" {
				return fmt.Errorf("model %d: %w", i+1, err)
			}
			return fmt.Errorf("model %q: %w", row.ID, err)
		}
		if key := strings.ToLower(row.ID); seen[key] {
			return fmt.Errorf("model %q: stands twice", row.ID)
		} else {
			seen[key] = true
		}
		t.rows = append(t.rows, row)
	}
	t.sortRows()
	return nil
}

func (t *Table) applyMultipliers(b []byte) error {
	var m multipliersJSON
	if err := decodeStrict(b, &m); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		from *float64
		to   *float64
	}{{"inference_geo_us", m.GeoUS, &t.geoUS}, {"regional", m.Regional, &t.regional}, {"batch", m.Batch, &t.batch}} {
		if f.from == nil {
			continue
		}
		if !(*f.from > 0 && *f.from <= maxScale) {
			return fmt.Errorf("%s: %v is not between 0 and %d", f.name, *f.from, maxScale)
		}
		*f.to = *f.from
	}
	return nil
}

// parseRow returns the id with the error too, where it got that far.
func parseRow(b []byte) (Row, error) {
	var name struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(b, &name) // only for the error below; decodeStrict reports what is wrong
	row := Row{ID: name.ID}
	var raw rowJSON
	if err := decodeStrict(b, &raw); err != nil {
		return row, err
	}
	if err := checkID(raw.ID); err != nil {
		return row, err
	}
	row.NoGeoSurcharge, row.NoRegionalSurcharge, row.Note = raw.NoGeoSurcharge, raw.NoRegionalSurcharge, raw.Note
	var err error
	if row.Rates, err = raw.rates(nil); err != nil {
		return row, err
	}
	if row.Released, err = day("released", raw.Released); err != nil {
		return row, err
	}
	if row.Long, err = parseLong(raw.Long); err != nil {
		return row, fmt.Errorf("long: %w", err)
	}
	if row.Fast, err = parseFast(raw.Fast); err != nil {
		return row, fmt.Errorf("fast: %w", err)
	}
	if row.History, err = parseHistory(raw.History, row.Rates); err != nil {
		return row, fmt.Errorf("history: %w", err)
	}
	return row, nil
}

func parseLong(b []byte) (*Long, error) {
	if b == nil || string(b) == "null" {
		return nil, nil
	}
	var raw longJSON
	if err := decodeStrict(b, &raw); err != nil {
		return nil, err
	}
	if raw.Above == nil || *raw.Above <= 0 {
		return nil, errors.New("above: must be a number of tokens above 0")
	}
	rates, err := raw.rates(nil)
	if err != nil {
		return nil, err
	}
	until, err := day("until", raw.Until)
	if err != nil {
		return nil, err
	}
	return &Long{Above: *raw.Above, Rates: rates, Until: until}, nil
}

func parseFast(b []byte) (*Fast, error) {
	if b == nil || string(b) == "null" {
		return nil, nil
	}
	var raw fastJSON
	if err := decodeStrict(b, &raw); err != nil {
		return nil, err
	}
	rates, err := raw.rates(nil)
	if err != nil {
		return nil, err
	}
	removed, err := day("removed", raw.Removed)
	if err != nil {
		return nil, err
	}
	long, err := parseLong(raw.Long)
	if err != nil {
		return nil, fmt.Errorf("long: %w", err)
	}
	return &Fast{Rates: rates, Long: long, Removed: removed}, nil
}

// parseHistory fills what an entry leaves out from today's rates.
func parseHistory(entries []json.RawMessage, today Rates) ([]Past, error) {
	var past []Past
	for i, b := range entries {
		var raw pastJSON
		if err := decodeStrict(b, &raw); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		rates, err := raw.rates(&today)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if raw.Until == "" {
			return nil, fmt.Errorf("entry %d: until is missing", i+1)
		}
		until, err := day("until", raw.Until)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		past = append(past, Past{Until: until, Rates: rates})
	}
	slices.SortFunc(past, func(a, b Past) int { return a.Until.Compare(b.Until) })
	for i := 1; i < len(past); i++ {
		if past[i].Until.Equal(past[i-1].Until) {
			return nil, fmt.Errorf("two entries until %s", past[i].Until.Format(time.DateOnly))
		}
	}
	return past, nil
}

// rates checks the five prices. Absent ones come from other; without it they
// are an error.
func (r ratesJSON) rates(other *Rates) (Rates, error) {
	var out Rates
	if other != nil {
		out = *other
	}
	for _, f := range []struct {
		name string
		from *float64
		to   *float64
	}{
		{"input", r.Input, &out.Input},
		{"output", r.Output, &out.Output},
		{"cache_write_5m", r.CacheWrite5m, &out.CacheWrite5m},
		{"cache_write_1h", r.CacheWrite1h, &out.CacheWrite1h},
		{"cache_read", r.CacheRead, &out.CacheRead},
	} {
		if f.from == nil {
			if other == nil {
				return Rates{}, fmt.Errorf("%s is missing", f.name)
			}
			continue
		}
		if err := checkRate(f.name, *f.from); err != nil {
			return Rates{}, err
		}
		*f.to = *f.from + 0 // no negative zero
	}
	return out, nil
}

func checkRate(field string, v float64) error {
	if !(v >= 0 && v <= maxRate) { // false for NaN too
		return fmt.Errorf("%s: %v is not between 0 and %v", field, v, maxRate)
	}
	return nil
}

// checkID refuses what [Table.Match] could never find.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("id is missing")
	case len(id) > maxModelID:
		return fmt.Errorf("id: longer than %d bytes", maxModelID)
	case id[0] == '<':
		return errors.New("id: <...> is the client's mark for lines that no model wrote")
	case strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("id: holds a space or control character")
	}
	return nil
}

func day(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is not a date like 2026-11-22", field, s)
	}
	return d, nil
}

// decodeStrict refuses unknown fields and anything after the value.
func decodeStrict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			field := strings.TrimPrefix(wrong.Field, "ratesJSON.") // the Go type is no part of the file
			return fmt.Errorf("%s: got a %s", orElse(field, "value"), wrong.Value)
		}
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
