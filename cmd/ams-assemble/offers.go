package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/commandline"
	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/query"
	"ams/pkg/report"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/spool"
)

// offers knows what the shell may offer: words of a fixed list, and what is in the store or the spools.
type offers struct {
	e      env
	before []string // the words before the one that is completed
}

// askTime is how long a store may take to tell what it holds: the person waits with a finger on the tab.
const askTime = 2 * time.Second

// mostOffered is how many sessions are offered, the newest first: more fill the screen.
const mostOffered = 100

var yesNo = []string{"yes", "no"}

// flagValues are the values of the flags that take one of a few.
var flagValues = map[string][]string{
	"by":                  report.Dimensions(),
	"signal":              signalNames(),
	"color":               {"auto", "always", "never"},
	"in":                  {"prompts", "messages", "thinking", "inputs", "results", "errors"},
	"only":                {"errors", "tools", "prompts", "subagents"},
	"outcome":             {"completed", "failed", "interrupted", "limited", "abandoned", "running"},
	"sort":                listing.SortNames(),
	"storage":             {"local", "s3", "exec"},
	"scope":               {"repo", "all"},
	"schedule":            {"cron", "systemd", "launchd", "none"},
	"status":              {"ok", "error", "running"},
	"s3-sse":              {"AES256", "aws:kms"},
	"capture-thinking":    yesNo,
	"redact":              yesNo,
	"redact-secrets":      yesNo,
	"keep-raw":            yesNo,
	"keep-raw-unredacted": yesNo,
}

func signalNames() []string {
	var names []string
	for _, kind := range schema.SignalKinds() {
		names = append(names, string(kind))
	}
	return names
}

// storedValues are, of a stored session, the values that a filter may be given.
var storedValues = map[string]func(*schema.Summary) []string{
	"agent":       func(s *schema.Summary) []string { return []string{s.Agent.Name} },
	"environment": func(s *schema.Summary) []string { return []string{schema.OrZero(s.Environment)} },
	"tag":         func(s *schema.Summary) []string { return s.Tags },
	"model":       func(s *schema.Summary) []string { return s.Models },
	"tool":        func(s *schema.Summary) []string { return slices.Collect(maps.Keys(s.Tools)) },
	"user":        func(s *schema.Summary) []string { return []string{schema.OrZero(s.User)} },
	"host":        func(s *schema.Summary) []string { return []string{schema.OrZero(s.Host)} },
	"branch":      func(s *schema.Summary) []string { return []string{schema.OrZero(s.GitBranch)} },
	"repo":        func(s *schema.Summary) []string { return []string{schema.OrZero(s.Repo)} },
	"agent-type":  func(s *schema.Summary) []string { return slices.Collect(maps.Keys(s.Agents)) },
	"cwd":         func(s *schema.Summary) []string { return []string{schema.OrZero(s.Cwd)} },
}

// Values are the values of a flag.
func (o offers) Values(flag string) []commandline.Candidate {
	if flag == "env" {
		flag = "environment"
	}
	if of := storedValues[flag]; of != nil {
		return o.fromStore(of)
	}
	var found []commandline.Candidate
	for _, v := range flagValues[flag] {
		found = append(found, commandline.Candidate{Word: v})
	}
	return found
}

// Arguments are the ids that a command takes, with titles, and models for prices.
func (o offers) Arguments(command string) []commandline.Candidate {
	switch command {
	case "show", "rm", "diff":
		return o.stored()
	case "session", "spool dump", "spool rm":
		return o.recorded()
	case "prices":
		return o.models()
	}
	return nil
}

// fromStore are the values of stored sessions, the most frequent first.
func (o offers) fromStore(of func(*schema.Summary) []string) []commandline.Candidate {
	counts := map[string]int{}
	for _, s := range o.sessions() {
		for _, v := range of(s.Summary) {
			if v != "" {
				counts[v]++
			}
		}
	}
	words := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var found []commandline.Candidate
	for _, w := range words {
		found = append(found, commandline.Candidate{Word: screen.Line(w), About: screen.Count(counts[w], "session")})
	}
	return found
}

func (o offers) stored() []commandline.Candidate {
	found := []commandline.Candidate{{Word: library.Last, About: "the newest session"}}
	for i, s := range o.sessions() {
		if i == mostOffered {
			break
		}
		found = append(found, commandline.Candidate{Word: s.Name,
			About: s.StartTime.Local().Format("2006-01-02 15:04") + "  " + screen.Cut(screen.Line(listing.Title(s.Summary)), 60)})
	}
	return found
}

func (o offers) recorded() []commandline.Candidate {
	set, ok := o.settings()
	if !ok {
		return nil
	}
	spools, err := spool.List(set.spoolDir)
	if err != nil || len(spools) == 0 {
		return nil
	}
	slices.SortFunc(spools, func(a, b spool.Stat) int { return b.LastChange().Compare(a.LastChange()) })
	titles := map[string]string{}
	for _, s := range o.sessions() {
		titles[s.Name] = "  " + screen.Cut(screen.Line(listing.Title(s.Summary)), 60)
	}
	found := []commandline.Candidate{{Word: library.Last, About: "what was recorded last"}}
	for _, s := range spools[:min(len(spools), mostOffered)] {
		found = append(found, commandline.Candidate{Word: s.Name, About: s.LastChange().Local().Format("2006-01-02 15:04") + titles[s.Name]})
	}
	return found
}

func (o offers) models() []commandline.Candidate {
	set, ok := o.settings()
	if !ok {
		return nil
	}
	var found []commandline.Candidate
	for _, row := range set.join.Prices.Models() {
		found = append(found, commandline.Candidate{Word: row.ID})
	}
	return found
}

// sessions are those of the store that the line names, none where it does not answer soon.
func (o offers) sessions() []library.Stored {
	set, ok := o.settings()
	if !ok {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), askTime)
	defer stop()
	lib, err := openLibrary(ctx, o.e, set, nil)
	if err != nil {
		return nil
	}
	list, err := lib.List(ctx, query.Query{})
	if err != nil {
		return nil
	}
	return list.Sessions
}

// settings are those of the line so far: the words before may name another store.
func (o offers) settings() (set settings, ok bool) {
	app := newApp(o.e)
	line, err := commandline.Parse(app, o.before)
	if err != nil { // the last word may be a flag whose value is asked for
		line, err = commandline.Parse(app, o.before[:max(len(o.before)-1, 0)])
	}
	if err != nil {
		return set, false
	}
	commandline.EachCommand(app.Commands, func(c *cli.Command) {
		c.Action = func(c *cli.Context) error {
			set, err = readSettings(o.e, c)
			ok = err == nil
			return nil
		}
	})
	if err := app.Run(slices.Concat([]string{app.Name}, line.Path, line.Args)); err != nil {
		return set, false
	}
	return set, ok
}
