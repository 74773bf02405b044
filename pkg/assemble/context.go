package assemble

import (
	"slices"

	"ams/pkg/hook"
	"ams/pkg/schema"
)

// readContexts unites the contexts of all records: the newest that set a value wins, tags are united.
func (j *joiner) readContexts() {
	c := &j.context
	c.Metadata = map[string]schema.Raw{}
	c.Claude = map[string]string{}
	for i, r := range j.in.Records {
		if i > 0 && string(r.Context) == string(j.in.Records[i-1].Context) {
			continue
		}
		next, err := hook.ParseContext(r.Context)
		if err != nil {
			continue
		}
		newer(&c.AgentName, next.AgentName)
		newer(&c.AgentVersion, next.AgentVersion)
		newer(&c.Environment, next.Environment)
		newer(&c.Host, next.Host)
		newer(&c.User, next.User)
		for _, tag := range next.Tags {
			if !slices.Contains(c.Tags, tag) {
				c.Tags = append(c.Tags, tag)
			}
		}
		for k, v := range next.Metadata {
			c.Metadata[k] = v
		}
		for k, v := range next.Claude {
			c.Claude[k] = v
		}
	}
}

// clientOf is the process of the client that a hook ran for, where the context says it: two that resume one session
// at once begin with the same bytes.
func clientOf(context []byte) string {
	c, err := hook.ParseContext(context)
	if err != nil {
		return ""
	}
	return c.Claude["CLAUDE_PID"]
}

func newer(have *string, next string) {
	if next != "" {
		*have = next
	}
}
