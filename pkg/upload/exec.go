package upload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ams/pkg/program"
	"ams/pkg/safefile"
)

// What a command's exit code says beside 0, done. Any other is a failure. They are none that shells,
// curl, ssh, rsync or the AWS tools end with, so that a script that ends as such a program did says
// nothing of the kind by mistake.
const (
	ExitNotFound     = 44 // there is no such object
	ExitChanged      = 49 // the condition does not hold: the object is another, or is there, or is not
	ExitNoConditions = 51 // it cannot put on a condition
)

const (
	execTime   = 30 * time.Second // for a call, and what its bytes add: see slowest
	execAtOnce = 8                // processes at a time: servers take about ten of ssh
	maxList    = 64 << 20         // bytes of a list: half a million objects
	maxETag    = 256              // bytes
	maxChatter = 64 << 10         // bytes on standard output of an act that has none to give; they are dropped
)

// ExecOptions say which command keeps the objects.
type ExecOptions struct {
	Command program.Command
	Timeout time.Duration // of a call, without what its bytes add; 0: 30 s
}

// Exec is a [Store] behind a program of any language: docs/storage.md tells the protocol. For every
// call the command is started once, with the act and the key as its last two arguments:
//
//	CMD put KEY      the body on standard input; the new ETag goes into the file AMS_ETAG_FILE names.
//	                 AMS_IF_MATCH=ETAG, AMS_IF_ABSENT=1: only on that condition, else exit code 49
//	CMD get KEY      the body on standard output, then its ETag in the file; exit code 44: there is none
//	CMD list PREFIX  a line for each object, in any order: KEY SIZE TIME ETAG
//	CMD delete KEY   exit code 0 or 44
//
// It is started without a shell, in a process group that ends with the call. What it prints is
// bounded, what it says on standard error is told in an error and nowhere else. A get or put that ends
// well and gave no ETag is a failure: a command that writes it last cannot have half an object taken
// for a whole one.
//
// A command that puts on no condition says so by exit code 51; a Put then looks first and puts without
// it, and two at once may both win. Its credentials are its own affair.
type Exec struct {
	opt   ExecOptions
	turns chan struct{}

	mu    sync.Mutex
	lacks map[string]bool // conditions that it said it has not; guarded by mu
}

// NewExec returns the store behind a command. It starts nothing.
func NewExec(opt ExecOptions) *Exec {
	opt.Timeout = cmp.Or(opt.Timeout, execTime)
	return &Exec{opt: opt, turns: make(chan struct{}, execAtOnce), lacks: map[string]bool{}}
}

// ExecError is a failure of the command of an [Exec]. Its text is one line that may be shown.
type ExecError struct {
	Act, Key string
	Program  string // its name, without arguments: those may hold a secret
	Cause    string
	Dead     bool // it cannot be started or does not end: every other call would meet the same
	err      error
}

func (e *ExecError) Error() string {
	return fmt.Sprintf("%s %s: the store command %s: %s", e.Act, e.Key, e.Program, e.Cause)
}

// Unwrap is what package program says of it, nil for an exit code.
func (e *ExecError) Unwrap() error { return e.err }

// answer is what a command that ended with an exit code gave.
type answer struct {
	program.Result
	etag string
}

// call runs the command. The error is that of the context, or an *ExecError.
func (e *Exec) call(ctx context.Context, act, key string, body []byte, most int, env ...string) (answer, error) {
	select {
	case e.turns <- struct{}{}:
		defer func() { <-e.turns }()
	case <-ctx.Done():
		return answer{}, fmt.Errorf("%s %s: %w", act, key, ctx.Err())
	}
	dir, err := os.MkdirTemp("", "ams-store-")
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", act, key, err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "etag")
	const perByte = time.Second / slowest
	run := program.Call{
		Args: []string{act, key}, Stdin: body, Most: most,
		PerByte: perByte, Timeout: e.opt.Timeout + time.Duration(len(body))*perByte,
		// All of them each time: one of the environment is none of ours.
		Env: append([]string{"AMS_ETAG_FILE=" + file, "AMS_IF_MATCH=", "AMS_IF_ABSENT="}, env...),
	}
	r, err := e.opt.Command.Run(ctx, run)
	switch {
	case err != nil && ctx.Err() != nil:
		return answer{}, fmt.Errorf("%s %s: the store command %s was ended: %w", act, key, e.name(), ctx.Err())
	case errors.Is(err, program.ErrTooMuch) && act == "get":
		return answer{}, fmt.Errorf("%s %s: %w", act, key, ErrTooLarge)
	case err != nil:
		failed := e.failed(act, key, err.Error(), r)
		failed.err = err
		failed.Dead = errors.Is(err, program.ErrNotStarted) || errors.Is(err, program.ErrTimeout)
		return answer{}, failed
	}
	b, _ := safefile.Read(file, safefile.Rules{MaxBytes: maxETag + 2}) // who wants an ETag finds out if there is none
	return answer{r, strings.TrimSpace(string(b))}, nil
}

func (e *Exec) name() string { return filepath.Base(e.opt.Command[0]) }

func (e *Exec) failed(act, key, cause string, r program.Result) *ExecError {
	if r.Said != "" {
		cause += ": " + r.Said
	}
	return &ExecError{Act: act, Key: key, Program: e.name(), Cause: cause}
}

// refused is the error of an exit code that is none of those that the act may end with.
func (e *Exec) refused(act, key string, a answer) error {
	cause := fmt.Sprintf("exit code %d", a.Code)
	if slices.Contains([]int{ExitNotFound, ExitChanged, ExitNoConditions}, a.Code) {
		cause += ", which says nothing of such a " + act
	}
	return e.failed(act, key, cause, a.Result)
}

// tagged is the ETag of an answer, or an error where it is none.
func (e *Exec) tagged(act, key string, a answer) (string, error) {
	if a.etag == "" {
		return "", e.failed(act, key, "it ended well and wrote no ETag into the file AMS_ETAG_FILE", a.Result)
	}
	if !isETag(a.etag) {
		cause := fmt.Sprintf("its ETag is not 1 to %d printable characters without blanks", maxETag)
		return "", e.failed(act, key, cause, a.Result)
	}
	return a.etag, nil
}

func isETag(s string) bool {
	return s != "" && len(s) <= maxETag && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Put implements [Store].
func (e *Exec) Put(ctx context.Context, key string, body []byte, opt PutOptions) (string, error) {
	if err := checkPut(ctx, key, body, opt); err != nil {
		return "", err
	}
	condition := conditionOf(opt)
	if condition != "" && !e.isLacking(condition) {
		etag, known, err := e.putIf(ctx, key, body, opt)
		if known {
			return etag, err
		}
		e.mu.Lock()
		e.lacks[condition] = true
		e.mu.Unlock()
	}
	if condition != "" {
		if err := e.look(ctx, key, opt); err != nil {
			return "", err
		}
	}
	a, err := e.call(ctx, "put", key, body, maxChatter)
	switch {
	case err != nil:
		return "", err
	case a.Code != 0:
		return "", e.refused("put", key, a)
	}
	return e.tagged("put", key, a)
}

// putIf puts on a condition; known is false where the command has no such condition.
func (e *Exec) putIf(ctx context.Context, key string, body []byte, opt PutOptions) (tag string, known bool, err error) {
	condition := "AMS_IF_MATCH=" + opt.IfMatch
	if opt.IfAbsent {
		condition = "AMS_IF_ABSENT=1"
	}
	a, err := e.call(ctx, "put", key, body, maxChatter, condition)
	switch {
	case err != nil:
		return "", true, err
	case a.Code == ExitNoConditions:
		return "", false, nil
	case a.Code == ExitChanged, a.Code == ExitNotFound && opt.IfMatch != "":
		return "", true, fmt.Errorf("put %s: %w", key, ErrChanged)
	case a.Code != 0:
		return "", true, e.refused("put", key, a)
	}
	tag, err = e.tagged("put", key, a)
	return tag, true, err
}

// look is the condition of a Put by a command that has none.
func (e *Exec) look(ctx context.Context, key string, opt PutOptions) error {
	_, etag, err := e.Get(ctx, key)
	absent := errors.Is(err, ErrNotFound)
	switch {
	case err != nil && !absent:
		return err
	case opt.IfAbsent && !absent, opt.IfMatch != "" && (absent || etag != opt.IfMatch):
		return fmt.Errorf("put %s: %w", key, ErrChanged)
	}
	return nil
}

// conditionOf is the name of the condition of a Put, "" for none.
func conditionOf(opt PutOptions) string {
	switch {
	case opt.IfMatch != "":
		return "AMS_IF_MATCH"
	case opt.IfAbsent:
		return "AMS_IF_ABSENT"
	}
	return ""
}

func (e *Exec) isLacking(condition string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lacks[condition]
}

// Lacks names the conditions that the command said it has not, for a person; empty for none.
func (e *Exec) Lacks() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var names []string
	for name := range e.lacks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Get implements [Store].
func (e *Exec) Get(ctx context.Context, key string) ([]byte, string, error) {
	if err := check(ctx, key); err != nil {
		return nil, "", fmt.Errorf("get: %w", err)
	}
	a, err := e.call(ctx, "get", key, nil, maxSize(key))
	switch {
	case err != nil:
		return nil, "", err
	case a.Code == ExitNotFound:
		return nil, "", fmt.Errorf("get %s: %w", key, ErrNotFound)
	case a.Code != 0:
		return nil, "", e.refused("get", key, a)
	}
	etag, err := e.tagged("get", key, a)
	if err != nil {
		return nil, "", err
	}
	return a.Stdout, etag, nil
}

// List implements [Store]. The whole list is read and sorted first: a command may list in any order.
func (e *Exec) List(ctx context.Context, prefix string, fn func(Object) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("list %q: %w", prefix, err)
	}
	if !beginsKey(prefix) {
		return nil
	}
	a, err := e.call(ctx, "list", prefix, nil, maxList)
	switch {
	case err != nil:
		return err
	case a.Code == ExitNotFound:
		return nil
	case a.Code != 0:
		return e.refused("list", prefix, a)
	}
	objects, err := e.listed(prefix, a)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("list %q: %w", prefix, err)
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	return nil
}

// listed reads a list. What no Store put is left out, as beside the objects of a bucket; a line that
// is none, or a list that breaks off in one, is an error: what came of it is not the whole.
func (e *Exec) listed(prefix string, a answer) ([]Object, error) {
	var objects []Object
	n := 0
	for line := range strings.Lines(string(a.Stdout)) {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		o, err := parseObject(line)
		if err == nil && !strings.HasSuffix(line, "\n") {
			err = errors.New("it breaks off")
		}
		if err != nil {
			return nil, e.failed("list", prefix, fmt.Sprintf("line %d is no KEY SIZE TIME ETAG: %v", n, err), a.Result)
		}
		if strings.HasPrefix(o.Key, prefix) && CheckKey(o.Key) == nil {
			objects = append(objects, o)
		}
	}
	slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	for i := 1; i < len(objects); i++ {
		if objects[i].Key == objects[i-1].Key {
			return nil, e.failed("list", prefix, "it lists "+objects[i].Key+" twice", a.Result)
		}
	}
	return objects, nil
}

// parseObject reads a line of a list: KEY SIZE TIME ETAG, TIME in seconds since 1970 or as in RFC 3339.
func parseObject(line string) (Object, error) {
	fields := strings.Fields(line)
	if len(fields) != 4 {
		return Object{}, fmt.Errorf("%d fields", len(fields))
	}
	size, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || size < 0 {
		return Object{}, errors.New("the size is no number of bytes")
	}
	at, err := time.Parse(time.RFC3339, fields[2])
	if seconds, failed := strconv.ParseInt(fields[2], 10, 64); failed == nil {
		at, err = time.Unix(seconds, 0), nil
	}
	if err != nil {
		return Object{}, errors.New("the time is neither seconds since 1970 nor as in RFC 3339")
	}
	if !isETag(fields[3]) {
		return Object{}, errors.New("the ETag is not printable")
	}
	return Object{Key: fields[0], Size: size, ETag: fields[3], ModTime: at.UTC()}, nil
}

// Delete implements [Store].
func (e *Exec) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	a, err := e.call(ctx, "delete", key, nil, maxChatter)
	switch {
	case err != nil:
		return err
	case a.Code != 0 && a.Code != ExitNotFound:
		return e.refused("delete", key, a)
	}
	return nil
}
