// Package program runs a program that a person named in a setting, and keeps what it does within
// bounds: its time, what it prints, what of it is told.
//
// Such a program is the person's own, and so may do what it likes. It may also be broken: hang, print
// without end, leave children behind that hold its output open, be killed in the middle. None of that
// holds ams up for longer than [Call.Timeout] or takes more memory than [Call.Most] and a little.
//
// No shell takes part: [Parse] cuts a line into words, and what is handed over goes by standard input,
// the environment and further arguments.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"ams/pkg/screen"
)

const (
	// maxSaid bounds what of standard error is told, in bytes: the first words say what went wrong.
	maxSaid = 400

	// lateOutput is how long the output is waited for of children that outlive the program.
	lateOutput = 2 * time.Second
)

// The errors that callers branch on, with errors.Is.
var (
	ErrNotStarted = errors.New("it cannot be started")
	ErrTimeout    = errors.New("it did not end in time")
	ErrTooMuch    = errors.New("it printed more than is taken")
	ErrKilled     = errors.New("it was killed")
)

// Command is a program and its first arguments.
type Command []string

// Parse reads a command line: words between blanks. '...' and "..." hold blanks and are taken off;
// nothing else is special, and no shell runs. The empty line is no command: nil.
func Parse(line string) (Command, error) {
	var words Command
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range strings.TrimSpace(line) {
		switch {
		case r == quote && quote != 0:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		case r == 0 || r == '\n' || r == '\r':
			return nil, errors.New("a command has one line")
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, errors.New("the quote is not closed")
	}
	if begun {
		words = append(words, word.String())
	}
	if len(words) > 0 && words[0] == "" {
		return nil, errors.New("the program has no name")
	}
	return words, nil
}

// String is a line that [Parse] reads as the command.
func (c Command) String() string {
	words := make([]string, len(c))
	for i, word := range c {
		if words[i] = word; word == "" || strings.ContainsAny(word, " \t'\"") {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'"'"'`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// Call is what one run of a command gets, and its bounds.
type Call struct {
	Args    []string // after the command's own
	Env     []string // NAME=VALUE, beside the environment of this process
	Stdin   []byte
	Most    int           // bytes of standard output that are taken
	Timeout time.Duration // for all of it
	// PerByte is what each byte of the output adds to Timeout: who sends much may take longer.
	PerByte time.Duration
}

// Result is how a program ended by itself.
type Result struct {
	Stdout []byte
	Code   int    // its exit code
	Said   string // the beginning of its standard error, in one line that may be shown
}

// Run runs the command and waits for it. An exit code is a [Result] and no error. Errors:
// [ErrNotStarted], [ErrTimeout], [ErrTooMuch], [ErrKilled] for a program that somebody else ended, or
// the context's. Then it is gone, with all children that it did not set free.
func (c Command) Run(ctx context.Context, call Call) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	alarm := time.AfterFunc(call.Timeout, func() { end(ErrTimeout) })
	defer alarm.Stop()

	out := &output{most: call.Most, over: func() { end(ErrTooMuch) }, perByte: call.PerByte, alarm: alarm}
	out.deadline = time.Now().Add(call.Timeout)
	said := &output{most: maxSaid}
	cmd := exec.CommandContext(ctx, c[0], append(c[1:len(c):len(c)], call.Args...)...)
	cmd.Env = append(os.Environ(), call.Env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(call.Stdin), out, said
	cmd.WaitDelay = lateOutput
	ownGroup(cmd)

	err := cmd.Start()
	if err == nil {
		err = cmd.Wait()
	} else {
		return Result{}, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	r := Result{Stdout: out.text.Bytes(), Code: cmd.ProcessState.ExitCode(), Said: screen.Line(said.text.String())}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return r, context.Cause(ctx)
	case errors.As(err, &exit) && r.Code < 0:
		return r, fmt.Errorf("%w (%v)", ErrKilled, exit.ProcessState)
	case errors.As(err, &exit):
		return r, nil
	case errors.Is(err, exec.ErrWaitDelay):
		return r, fmt.Errorf("%w: a child of it still holds its output", ErrTimeout)
	}
	return r, err
}

// output takes what a program prints. Where over is nil the rest is dropped, so that the program is
// not held up.
type output struct {
	most    int
	perByte time.Duration
	over    func()

	mu       sync.Mutex // guards what follows
	text     bytes.Buffer
	alarm    *time.Timer
	deadline time.Time
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	room := o.most - o.text.Len()
	o.text.Write(b[:min(room, len(b))])
	if len(b) > room && o.over != nil {
		o.over()
		return 0, ErrTooMuch
	}
	if o.perByte > 0 && o.alarm.Stop() {
		o.deadline = o.deadline.Add(time.Duration(len(b)) * o.perByte)
		o.alarm.Reset(time.Until(o.deadline))
	}
	return len(b), nil
}
