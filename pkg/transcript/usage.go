package transcript

import (
	"math"
	"strconv"

	"ams/pkg/lax"
)

// Count is a number of tokens or requests as a file states it. Below zero it is no number: [Absent] or [Unreadable].
type Count int64

// What a Count is that is no number. Unknown is not nothing: only the reader of a whole usage can tell what an
// absent count means.
const (
	Absent     Count = -1 // not there, or null
	Unreadable Count = -2 // there, but no whole number from 0 to maxCount
)

// maxCount bounds a count: a million times the largest window of any model, and small enough that no session's
// sum overflows.
const maxCount = 1 << 40

// Known reports whether c is a number.
func (c Count) Known() bool { return c >= 0 }

// Floor is the least that c may be: the number, or 0.
func (c Count) Floor() int64 { return max(int64(c), 0) }

// readCount reads the next value. Gateways were seen to write a number as text.
func readCount(d *lax.Decoder) (Count, error) {
	v, err := d.ReadValue()
	if err != nil {
		return Unreadable, err
	}
	switch v.Kind() {
	case 'n':
		return Absent, nil
	case '0':
		return parseCount(v), nil
	case '"':
		return parseCount([]byte(lax.String(v))), nil
	}
	return Unreadable, nil
}

// parseCount reads the digits by itself where there is nothing else, as there nearly always is.
func parseCount(b []byte) Count {
	n := Count(0)
	for _, c := range b {
		if c < '0' || c > '9' || n > maxCount {
			return parseNumber(string(b))
		}
		n = 10*n + Count(c-'0')
	}
	if n > maxCount || len(b) == 0 {
		return Unreadable
	}
	return n
}

// parseNumber reads other forms of whole numbers, too: 1e3, 12.0.
func parseNumber(s string) Count {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || f < 0 || f > maxCount {
		return Unreadable
	}
	return Count(f)
}

// Counts are the token counts of a call or of an iteration, in the API's words.
type Counts struct {
	Input         Count // input_tokens
	Output        Count // output_tokens
	CacheRead     Count // cache_read_input_tokens
	CacheCreation Count // cache_creation_input_tokens
	Ephemeral5m   Count // cache_creation.ephemeral_5m_input_tokens
	Ephemeral1h   Count // cache_creation.ephemeral_1h_input_tokens
}

// noCounts are the counts of a usage that states none.
var noCounts = Counts{Absent, Absent, Absent, Absent, Absent, Absent}

// Unreadable reports whether a count is there that is no number.
func (c *Counts) Unreadable() bool {
	return min(c.Input, c.Output, c.CacheRead, c.CacheCreation, c.Ephemeral5m, c.Ephemeral1h) == Unreadable
}

// member reads the value of a member, or reports that it is none of the counts.
func (c *Counts) member(name []byte, d *lax.Decoder) (mine bool, err error) {
	switch string(name) {
	case "input_tokens":
		c.Input, err = readCount(d)
	case "output_tokens":
		c.Output, err = readCount(d)
	case "cache_read_input_tokens":
		c.CacheRead, err = readCount(d)
	case "cache_creation_input_tokens":
		c.CacheCreation, err = readCount(d)
	case "cache_creation":
		c.Ephemeral5m, c.Ephemeral1h = Absent, Absent
		err = readMembers(d, func(name []byte) (err error) {
			switch string(name) {
			case "ephemeral_5m_input_tokens":
				c.Ephemeral5m, err = readCount(d)
			case "ephemeral_1h_input_tokens":
				c.Ephemeral1h, err = readCount(d)
			default:
				err = d.SkipValue()
			}
			return err
		})
	default:
		return false, nil
	}
	return true, err
}

// Usage is the API's count of what one call used.
type Usage struct {
	Counts
	WebSearches    Count // server_tool_use.web_search_requests
	ThinkingTokens Count // output_tokens_details.thinking_tokens
	Iterations     []Iteration
	*Terms
}

// Terms are what the price of a call depends on beside its counts. Calls as a rule have the same: lines that follow
// each other share them, so nobody writes to them.
type Terms struct{ Speed, InferenceGeo, ServiceTier string }

// noTerms are those of a usage that states none.
var noTerms Terms

// UnmarshalJSONFrom tells absent counts from zero; what is no object states none.
func (u *Usage) UnmarshalJSONFrom(d *lax.Decoder) error {
	*u = Usage{Counts: noCounts, WebSearches: Absent, ThinkingTokens: Absent}
	var terms Terms
	err := readMembers(d, func(name []byte) error {
		if mine, err := u.Counts.member(name, d); mine {
			return err
		}
		return u.member(name, &terms, d)
	})
	if u.Terms = &noTerms; terms != noTerms {
		u.Terms = &terms
	}
	return err
}

func (u *Usage) member(name []byte, terms *Terms, d *lax.Decoder) (err error) {
	switch string(name) {
	case "server_tool_use":
		u.WebSearches, err = readInner(d, "web_search_requests")
	case "output_tokens_details":
		u.ThinkingTokens, err = readInner(d, "thinking_tokens")
	case "speed":
		terms.Speed, err = readString(d)
	case "inference_geo":
		terms.InferenceGeo, err = readString(d)
	case "service_tier":
		terms.ServiceTier, err = readString(d)
	case "iterations":
		u.Iterations, err = readIterations(d)
	default:
		err = d.SkipValue()
	}
	return err
}

// readInner reads the one count of an object that matters.
func readInner(d *lax.Decoder, wanted string) (Count, error) {
	n := Absent
	err := readMembers(d, func(name []byte) (err error) {
		if string(name) != wanted {
			return d.SkipValue()
		}
		n, err = readCount(d)
		return err
	})
	return n, err
}

// Iteration is one attempt or step inside a call, for example one refused by a model and one answered by its
// fallback.
type Iteration struct {
	Counts
	Type  string // message, fallback_message, advisor_message, compaction
	Model string
}

// readIterations reads those of one call, at most maxIterations.
func readIterations(d *lax.Decoder) (out []Iteration, err error) {
	_, err = lax.Elements(d, maxIterations, func(d *lax.Decoder) error {
		it := Iteration{Counts: noCounts}
		err := readMembers(d, func(name []byte) (err error) {
			if mine, err := it.Counts.member(name, d); mine {
				return err
			}
			switch string(name) {
			case "type":
				it.Type, err = readString(d)
			case "model":
				it.Model, err = readString(d)
			default:
				err = d.SkipValue()
			}
			return err
		})
		out = append(out, it)
		return err
	})
	return out, err
}

// ModelUsage is what cost-state says of one model, cumulative over the session. A number below zero is one that
// cannot be.
type ModelUsage struct {
	InputTokens         int64   `json:"inputTokens"`
	OutputTokens        int64   `json:"outputTokens"`
	CacheReadTokens     int64   `json:"cacheReadInputTokens"`
	CacheCreationTokens int64   `json:"cacheCreationInputTokens"`
	CostUSD             float64 `json:"costUSD"`
}

// UnmarshalJSONFrom reads what is absent as 0 and what is no such number as -1, which says that the bill is not
// to be believed.
func (u *ModelUsage) UnmarshalJSONFrom(d *lax.Decoder) error {
	*u = ModelUsage{}
	if d.PeekKind() != '{' {
		u.CostUSD = -1
		return d.SkipValue()
	}
	counts := map[string]*int64{
		"inputTokens": &u.InputTokens, "outputTokens": &u.OutputTokens,
		"cacheReadInputTokens": &u.CacheReadTokens, "cacheCreationInputTokens": &u.CacheCreationTokens,
	}
	return readMembers(d, func(name []byte) error {
		if at := counts[string(name)]; at != nil {
			n, err := readCount(d)
			if *at = n.Floor(); n == Unreadable {
				*at = -1
			}
			return err
		}
		if string(name) != "costUSD" {
			return d.SkipValue()
		}
		v, err := d.ReadValue()
		if u.CostUSD, _ = strconv.ParseFloat(string(v), 64); v.Kind() != '0' || math.IsInf(u.CostUSD, 0) {
			u.CostUSD = -1
		}
		return err
	})
}

// ModelUsages are what a bill says of each model, by its name; at most maxModels.
type ModelUsages map[string]ModelUsage

// UnmarshalJSONFrom reads what is no object as none.
func (m *ModelUsages) UnmarshalJSONFrom(d *lax.Decoder) error {
	*m = ModelUsages{}
	_, err := lax.Members(d, maxModels, func(name string, d *lax.Decoder) error {
		var u ModelUsage
		err := u.UnmarshalJSONFrom(d)
		(*m)[lax.CutText(name, maxShort)] = u
		return err
	})
	return err
}
