package schedule

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// mark ends our line of a crontab. For the shell that cron starts it is a comment.
const mark = " # ams-assemble (installed by ams-assemble install)"

const everyFiveMinutes = "*/5 * * * * "

type cron struct{ Machine }

func (c cron) state(ctx context.Context) (Entry, bool, error) {
	text, err := c.read(ctx)
	if err != nil {
		return Entry{}, false, err
	}
	for line := range strings.Lines(text) {
		if isOurs(line) {
			return Entry{Kind: Cron, Program: lineProgram(line), Where: "crontab", Active: true}, true, nil
		}
	}
	return Entry{}, false, nil
}

func (c cron) plan(ctx context.Context, program string) ([]Step, error) {
	before, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	return crontabSteps(before, withLine(before, cronLine(program))), nil
}

func (c cron) remove(ctx context.Context) ([]Step, error) {
	before, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	return crontabSteps(before, withLine(before, "")), nil
}

// crontabSteps writes the whole crontab, the only way there is. One with nothing left in it goes away.
func crontabSteps(before, after string) []Step {
	switch after {
	case before:
		return nil
	case "":
		return []Step{{Argv: []string{"crontab", "-r"}, Before: before}}
	}
	return []Step{{Argv: []string{"crontab", "-"}, Before: before, After: after}}
}

// read returns the user's crontab, "" if there is none. Every failure that does not say so is an error: taken for an
// empty crontab, it would cost the user all its lines.
func (c cron) read(ctx context.Context) (string, error) {
	out, err := c.Run(ctx, "", "crontab", "-l")
	if err == nil {
		return out, nil
	}
	none := strings.Contains(out, "no crontab for ") || // Vixie's, cronie, dcron, macOS
		strings.Contains(out, "crontab: can't open ") && strings.Contains(out, "No such file or directory") // busybox
	if none && ctx.Err() == nil {
		return "", nil
	}
	if errors.Is(err, ErrTooLong) {
		out = ""
	}
	return "", fmt.Errorf("read the crontab: %w", runError(Step{Argv: []string{"crontab", "-l"}}, out, err))
}

// withLine returns the crontab with our one line, where ours was or else at the end; with none if ours is "". All
// other lines stay byte for byte, but that a last line without a newline gets one if ours follows: crontab refuses a
// file without it.
func withLine(text, ours string) string {
	var b strings.Builder
	done := ours == ""
	for line := range strings.Lines(text) {
		switch {
		case !isOurs(line):
			b.WriteString(line)
		case !done:
			b.WriteString(ours + ending(line))
			done = true
		}
	}
	if !done {
		if text != "" && !strings.HasSuffix(text, "\n") {
			b.WriteString("\n")
		}
		b.WriteString(ours + "\n")
	}
	return b.String()
}

// ending returns the newline of a line of ours, and gives it one if it is the last and has none. A carriage return
// before it is part of the comment and does no harm.
func ending(line string) string {
	if strings.HasSuffix(line, "\r\n") {
		return "\r\n"
	}
	return "\n"
}

// isOurs reports whether we wrote the line. One that the user made a comment is theirs: it starts nothing.
func isOurs(line string) bool {
	return strings.HasSuffix(strings.TrimRight(line, "\r\n"), mark) && !strings.HasPrefix(strings.TrimLeft(line, " \t"), "#")
}

func cronLine(program string) string {
	return everyFiveMinutes + cronWord(program) + " -q" + mark
}

// cronWord returns program as cron and then the shell read it. cron turns an unescaped % into a newline. The \%
// stands outside the quotes, so that it is right also for a cron that hands \% on to the shell (busybox).
func cronWord(program string) string {
	parts := strings.Split(program, "%")
	for i, part := range parts {
		if part != "" {
			parts[i] = shellWord(part)
		}
	}
	return strings.Join(parts, `\%`)
}

// shellWord quotes s for sh if it needs it.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+,:@=", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// lineProgram returns the program that a line of ours starts, "" if it is not as we write it. The times may have been
// edited.
func lineProgram(line string) string {
	rest := strings.TrimLeft(line, " \t")
	fields := 5
	if strings.HasPrefix(rest, "@") { // @hourly
		fields = 1
	}
	for range fields {
		i := strings.IndexAny(rest, " \t")
		if i < 0 {
			return ""
		}
		rest = strings.TrimLeft(rest[i:], " \t")
	}
	word, ok := firstShellWord(strings.ReplaceAll(rest, `\%`, "%"))
	if !ok || !strings.HasPrefix(word, "/") {
		return ""
	}
	return word
}

// firstShellWord undoes shellWord. Quotes that shellWord does not write are not read.
func firstShellWord(s string) (string, bool) {
	var b strings.Builder
	for s != "" && s[0] != ' ' {
		switch s[0] {
		case '\'':
			quoted, rest, ok := strings.Cut(s[1:], "'")
			if !ok {
				return "", false
			}
			b.WriteString(quoted)
			s = rest
		case '\\':
			if len(s) < 2 {
				return "", false
			}
			b.WriteByte(s[1])
			s = s[2:]
		case '"', '$', '`':
			return "", false
		default:
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String(), true
}
