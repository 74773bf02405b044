package main

import (
	"fmt"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"ams/pkg/lax"
)

// build is what Go wrote into a program of this module about the source that it was built from.
type build struct {
	// Version is the tag; of a commit without one, v0.0.0, its time and its beginning; "devel" where Go knew neither.
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	// Date is the commit's time, RFC 3339 in UTC.
	Date     string `json:"date,omitempty"`
	Modified bool   `json:"modified"` // by changes that are in no commit
	Go       string `json:"go"`
	System   string `json:"system"` // GOOS/GOARCH
}

// thisBuild is what this program was built from.
func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build{Version: "unknown"}
	}
	return buildOf(info)
}

func buildOf(info *debug.BuildInfo) build {
	b := build{Version: info.Main.Version, Go: info.GoVersion}
	system, processor := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "GOOS":
			system = s.Value
		case "GOARCH":
			processor = s.Value
		}
	}
	b.System = system + "/" + processor
	switch {
	case b.Version != "" && b.Version != "(devel)":
	case b.Commit != "":
		b.Version = b.Commit[:min(12, len(b.Commit))]
	default:
		b.Version = "devel"
	}
	return b
}

func (b build) String() string {
	text := b.Version
	if b.Commit != "" {
		text += fmt.Sprintf(", commit %s of %s", b.Commit[:min(12, len(b.Commit))], b.Date[:min(len("2006-01-02"), len(b.Date))])
	}
	if b.Modified {
		text += ", modified"
	}
	return fmt.Sprintf("%s, %s, %s", text, b.Go, b.System)
}

// version names this program in what it stores.
func version() string { return thisBuild().Version }

// versionOf is the version of a program of this module.
func versionOf(info *debug.BuildInfo) string { return buildOf(info).Version }

func versionCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "version", Category: more, Usage: "print the version: tag or commit, and date",
		UsageText: "ams-assemble version --json  # for a program or a bug report",
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print it as JSON"}},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("version takes no arguments")
			}
			if !c.Bool("json") {
				_, err := fmt.Fprintf(e.stdout, "ams-assemble %s\n", thisBuild())
				return err
			}
			b, err := lax.Encode(thisBuild())
			if err == nil {
				_, err = fmt.Fprintf(e.stdout, "%s\n", b)
			}
			return err
		},
	}
}
