package schedule

import (
	"context"
	_ "embed" // the property list
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed unit/io.github.ams.assemble.plist
var agentPlist string

const agentLabel = "io.github.ams.assemble"

// bootstrapTries bounds how long we wait for a job to go before its successor comes: with [tryPause], two seconds.
const bootstrapTries = 5

// Plist returns the text of the launchd agent that runs program when the user logs in and every five minutes.
func Plist(program string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(program)) // a strings.Builder takes everything
	return strings.Replace(agentPlist, "@PROGRAM@", b.String(), 1)
}

type launchd struct{ Machine }

func (l launchd) path() string {
	return filepath.Join(l.Home, "Library", "LaunchAgents", agentLabel+".plist")
}

func (l launchd) domain() string { return "gui/" + strconv.Itoa(l.UID) }

func (l launchd) job() string { return l.domain() + "/" + agentLabel }

func (l launchd) state(ctx context.Context) (Entry, bool, error) {
	text, err := readOurs(l.path())
	if err != nil {
		return Entry{}, false, fmt.Errorf("look for the agent: %w", err)
	}
	if text == "" {
		return Entry{}, false, nil
	}
	return Entry{Kind: Launchd, Program: plistProgram(text), Where: l.path(), Active: l.loaded(ctx)}, true, nil
}

func (l launchd) loaded(ctx context.Context) bool {
	_, err := l.Run(ctx, "", "launchctl", "print", l.job())
	return err == nil
}

// plan loads the agent anew after every change of its file, which launchd reads only then. There may be no job to end.
func (l launchd) plan(ctx context.Context, program string) ([]Step, error) {
	text, err := readOurs(l.path())
	if err != nil {
		return nil, fmt.Errorf("install the agent: %w", err)
	}
	steps := fileStep(nil, l.path(), text, Plist(program))
	if len(steps) == 0 && l.loaded(ctx) {
		return nil, nil
	}
	return append(steps, l.bootout(),
		Step{Argv: []string{"launchctl", "bootstrap", l.domain(), l.path()}, tries: bootstrapTries}), nil
}

func (l launchd) bootout() Step {
	return Step{Argv: []string{"launchctl", "bootout", l.job()}, mayFail: true}
}

func (l launchd) remove(context.Context) ([]Step, error) {
	text, err := readOurs(l.path())
	if err != nil {
		return nil, fmt.Errorf("remove the agent: %w", err)
	}
	if text == "" {
		return nil, nil
	}
	return fileStep([]Step{l.bootout()}, l.path(), text, ""), nil
}

// plistProgram returns the first of the ProgramArguments, "" if there is none.
func plistProgram(text string) string {
	d := xml.NewDecoder(strings.NewReader(text))
	found := false
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "key" && start.Name.Local != "string" {
			continue
		}
		var value string
		if err := d.DecodeElement(&value, &start); err != nil {
			return ""
		}
		if found {
			return value
		}
		found = start.Name.Local == "key" && value == "ProgramArguments"
	}
}
