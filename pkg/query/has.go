package query

import (
	"maps"
	"slices"

	"ams/pkg/schema"
)

// property is something that a session has or has not: the fields of the index record that tell, and how.
type property struct {
	fields []string
	of     func(s *schema.Summary) bool
}

func given[T comparable](field string, of func(*schema.Summary) *T) property {
	return property{[]string{field}, func(s *schema.Summary) bool {
		var zero T
		v := of(s)
		return v != nil && *v != zero
	}}
}

var properties = map[string]property{
	"errors":      {nil, func(s *schema.Summary) bool { return s.Errors > 0 }},
	"subagents":   {nil, func(s *schema.Summary) bool { return s.Subagents > 0 }},
	"cost":        {nil, func(s *schema.Summary) bool { return s.CostUSD != nil }},
	"title":       {[]string{"title"}, func(s *schema.Summary) bool { return schema.OrZero(s.Title) != "" }},
	"tags":        {[]string{"tags"}, func(s *schema.Summary) bool { return len(s.Tags) > 0 }},
	"tools":       {nil, func(s *schema.Summary) bool { return s.ToolCalls > 0 }},
	"signals":     {[]string{"signals"}, func(s *schema.Summary) bool { return len(s.Signals) > 0 }},
	"files":       {[]string{"files"}, func(s *schema.Summary) bool { return len(s.Files) > 0 }},
	"skills":      {[]string{"skills"}, func(s *schema.Summary) bool { return len(s.Skills) > 0 }},
	"compactions": {[]string{"compactions"}, func(s *schema.Summary) bool { return s.Compactions > 0 }},
	"approvals":   {[]string{"approvals"}, func(s *schema.Summary) bool { return s.Approvals.Count > 0 }},
	"rewrites":    {[]string{"cache_rewrites"}, func(s *schema.Summary) bool { return s.CacheRewrites.Count > 0 }},
	"retries":     {[]string{"retries"}, func(s *schema.Summary) bool { return s.Retries.Count > 0 }},
	"parent":      given("parent_session_id", func(s *schema.Summary) *string { return s.ParentSessionID }),
	"branch":      given("git_branch", func(s *schema.Summary) *string { return s.GitBranch }),
	"repo":        given("repo", func(s *schema.Summary) *string { return s.Repo }),
	"user":        given("user", func(s *schema.Summary) *string { return s.User }),
	"host":        given("host", func(s *schema.Summary) *string { return s.Host }),
	"environment": given("environment", func(s *schema.Summary) *string { return s.Environment }),
	"agent":       {[]string{"agent"}, func(s *schema.Summary) bool { return s.Agent.Name != "" }},
	"project":     {[]string{"cwd"}, func(s *schema.Summary) bool { return schema.FolderName(schema.OrZero(s.Cwd)) != "" }},
}

func hasNames() []string { return slices.Sorted(maps.Keys(properties)) }
