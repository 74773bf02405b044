package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// measure is a column that a dimension may not know.
type measure string

const (
	ofCalls measure = "calls" // calls of models, their tokens and cost
	tokens  measure = "tokens"
	ofTools measure = "tools" // calls of tools, failures
	active  measure = "active"
	asked   measure = "asked"
)

// dimension is one way to divide sessions.
type dimension struct {
	name    string
	time    bool
	several bool      // a session may have several values, each with all that it has
	lacks   []measure // that rows by it do not know

	// field of the index record, that tells of it.
	field string

	// values are the values of a whole session; nil for a dimension that divides it.
	values func(s *schema.Summary) []string

	// divide are the parts of a session by its index record, nil where that does not tell. call and tool are the key of an
	// event, which for a call of a tool also knows the call of a model that asked for it, nil where none did; call is nil for a
	// dimension of tools. key is of a time.
	divide func(s *schema.Summary) []part
	call   func(e *schema.Event, c *context) string
	tool   func(e, asking *schema.Event, c *context) string
	key    func(at time.Time) string
}

// part is what a session has of one key of a dimension.
type part struct {
	key  string
	sums Sums
}

// addPart adds to the part of a key. A session has few of them.
func addPart(parts []part, key string, sums Sums) []part {
	for i := range parts {
		if parts[i].key == key {
			parts[i].sums.add(sums)
			return parts
		}
	}
	return append(parts, part{key, sums})
}

// divides reports whether a session has parts in several rows.
func (d dimension) divides() bool { return d.values == nil }

// ofTools reports whether rows are of calls of tools.
func (d dimension) ofTools() bool { return d.divides() && d.call == nil }

// context is what the events of a session are divided by.
type context struct {
	location *time.Location
	types    map[string]string // of agents, by their ids
}

// metaPrefix begins the dimensions of metadata.
const metaPrefix = "meta."

// Dimensions are the names of all dimensions but those of metadata, meta.KEY.
func Dimensions() []string {
	var names []string
	for _, d := range dimensions {
		names = append(names, d.name)
	}
	return names
}

var dimensions = []dimension{
	byTime("day", time.DateOnly),
	byTime("week", ""),
	byTime("month", "2006-01"),
	whole("project", "cwd", func(s *schema.Summary) *string { return name(schema.FolderName(schema.OrZero(s.Cwd))) }),
	whole("repo", "repo", func(s *schema.Summary) *string { return s.Repo }),
	whole("branch", "git_branch", func(s *schema.Summary) *string { return s.GitBranch }),
	whole("agent", "agent", func(s *schema.Summary) *string { return name(s.Agent.Name) }),
	byAgentType,
	byModel,
	byTool("tool", func(tool string) string { return tool }),
	byTool("mcp-server", server),
	bySkill,
	whole("user", "user", func(s *schema.Summary) *string { return s.User }),
	whole("host", "host", func(s *schema.Summary) *string { return s.Host }),
	whole("environment", "environment", func(s *schema.Summary) *string { return s.Environment }),
	{name: "tag", several: true, field: "tags", values: func(s *schema.Summary) []string { return s.Tags }},
	whole("outcome", "outcome", func(s *schema.Summary) *string { return name(string(schema.OrZero(s.Outcome))) }),
	{name: "signal", several: true, field: "signals", values: func(s *schema.Summary) []string {
		var kinds []string
		for kind := range s.Signals {
			kinds = append(kinds, string(kind))
		}
		return kinds
	}},
}

// parse finds dimensions by their names.
func parse(by []string) ([]dimension, error) {
	if len(by) == 0 || len(by) > MaxDimensions {
		return nil, fmt.Errorf("a report is by one to %d of %s or %sKEY", MaxDimensions, strings.Join(Dimensions(), ", "), metaPrefix)
	}
	var dims []dimension
	for i, name := range by {
		at := slices.IndexFunc(dimensions, func(d dimension) bool { return d.name == name })
		key, isMeta := strings.CutPrefix(name, metaPrefix)
		switch {
		case slices.Contains(by[:i], name):
			return nil, fmt.Errorf("%s stands there twice", name)
		case at >= 0:
			dims = append(dims, dimensions[at])
		case isMeta && key != "":
			dims = append(dims, byMeta(name, key))
		default:
			return nil, &UnknownError{name}
		}
	}
	return dims, nil
}

// UnknownError says that there is no dimension of a name.
type UnknownError struct{ Named string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("there is no %q; a report is by %s or %sKEY", e.Named, strings.Join(Dimensions(), ", "), metaPrefix)
}

// whole is a dimension of which a session has one value, told by a field of its index record.
func whole(name, field string, of func(*schema.Summary) *string) dimension {
	return dimension{name: name, field: field, values: func(s *schema.Summary) []string {
		if v := of(s); v != nil && *v != "" {
			return []string{*v}
		}
		return nil
	}}
}

func name(s string) *string { return &s }

func byMeta(name, key string) dimension {
	return dimension{name: name, field: "metadata", values: func(s *schema.Summary) []string {
		value, ok := s.Metadata[key]
		switch {
		case !ok || lax.IsNull(value):
			return nil
		case value.Kind() == '"':
			return []string{lax.String(value)}
		}
		return []string{lax.Canonical(value)}
	}}
}

// byTime divides by when calls began. A tool call belongs to the time of its own begin.
func byTime(name, layout string) dimension {
	key := func(at time.Time) string {
		if layout == "" {
			year, week := at.ISOWeek()
			return fmt.Sprintf("%d-W%02d", year, week)
		}
		return at.Format(layout)
	}
	of := func(e *schema.Event, c *context) string {
		if e.StartTime.IsZero() {
			return None
		}
		return key(e.StartTime.In(c.location))
	}
	return dimension{
		name: name, time: true, field: "per_day", lacks: []measure{ofTools, active, asked}, key: key, call: of,
		tool: func(e, _ *schema.Event, c *context) string { return of(e, c) },
		divide: func(s *schema.Summary) []part {
			parts := make([]part, 0, len(s.PerDay)+1)
			for day, n := range s.PerDay {
				at, err := time.Parse(time.DateOnly, day)
				k := None
				if err == nil && at.Year() > 1 { // a call without a time is on the first day of all
					k = key(at)
				}
				parts = addPart(parts, k, sumsOfCalls(n))
			}
			if len(parts) == 0 && !s.StartTime.IsZero() {
				parts = append(parts, part{key: key(s.StartTime.UTC())})
			}
			return parts
		},
	}
}

func sumsOfCalls(n schema.CallSums) Sums {
	return Sums{Calls: n.Calls, UnknownCalls: n.UnknownCalls, CostUSD: n.CostUSD, Input: n.InputTokens, CacheRead: n.CacheReadInputTokens,
		CacheWrite: n.CacheCreationInputTokens, Output: n.OutputTokens}
}

var byModel = dimension{
	name: "model", field: "per_model", lacks: []measure{ofTools, active, asked},
	call: func(e *schema.Event, _ *context) string { return orUnnamed(e.LLM.Model) },
	tool: func(_, asking *schema.Event, _ *context) string {
		if asking == nil {
			return None
		}
		return orUnnamed(asking.LLM.Model)
	},
	divide: func(s *schema.Summary) []part {
		parts := make([]part, 0, len(s.PerModel))
		for model, n := range s.PerModel {
			parts = append(parts, part{model, sumsOfCalls(n)})
		}
		return parts
	},
}

var byAgentType = dimension{
	name: "agent-type", field: "agents", lacks: []measure{tokens, ofTools, active, asked},
	call: func(e *schema.Event, c *context) string {
		if e.Note == schema.WarmUpNote {
			return schema.WarmUps
		}
		return orUnnamed(c.types[e.AgentID])
	},
	tool: func(e, _ *schema.Event, c *context) string { return orUnnamed(c.types[e.AgentID]) },
	divide: func(s *schema.Summary) []part {
		parts := make([]part, 0, len(s.Agents))
		for kind, n := range s.Agents {
			parts = append(parts, part{kind, Sums{Calls: n.Calls, UnknownCalls: n.UnknownCalls, CostUSD: n.CostUSD}})
		}
		return parts
	},
}

// byTool divides by the tools that were called. A call of a model belongs to no tool: what it cost is told as asked.
func byTool(name string, of func(tool string) string) dimension {
	return dimension{
		name: name, field: "tools", lacks: []measure{ofCalls, tokens, active},
		tool: func(e, _ *schema.Event, _ *context) string { return of(e.Tool.Name) },
	}
}

var bySkill = dimension{
	name: "skill", field: "skills", lacks: []measure{ofCalls, tokens, active},
	tool: func(e, _ *schema.Event, _ *context) string { return e.Tool.Skill() },
}

// server is the MCP server of a tool, "" for the client's own.
func server(tool string) string {
	rest, ok := strings.CutPrefix(tool, "mcp__")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "__")
	return name
}

func orUnnamed(name string) string {
	if name == "" {
		return schema.Unnamed
	}
	return name
}
