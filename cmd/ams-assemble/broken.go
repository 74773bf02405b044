package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
)

// relativeConfigDir says what a relative CLAUDE_CONFIG_DIR does, "" where there is none: the client takes it
// from the folder that it is started in, so that each project has settings and transcripts of its own, and a
// schedule finds none of them.
func relativeConfigDir(e env, set settings) string {
	dir := e.getenv("CLAUDE_CONFIG_DIR")
	if dir == "" || filepath.IsAbs(dir) || dir != set.claudeDir {
		return ""
	}
	return fmt.Sprintf("CLAUDE_CONFIG_DIR is %q, a path from whatever folder a client is started in: each has its own settings and transcripts", dir)
}

// warnBroken tells what settings of this shell cannot work as they are, whatever was installed.
func warnBroken(e env, set settings) {
	if word := relativeConfigDir(e, set); word != "" {
		fmt.Fprintf(e.stderr, "ams-assemble: warning: %s\nhint: set it to a path from the root and install again\n", word)
	}
	if set.s3 == nil {
		return
	}
	for _, name := range awsVariables {
		if strings.ContainsFunc(e.getenv(name), unicode.IsControl) {
			fmt.Fprintf(e.stderr, "ams-assemble: warning: %s has a line break or another control character in it: no server takes it\n", name)
		}
	}
}
