package ptrace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Supported says that this machine has an implementation.
const Supported = true

// names are the calls that change files, or their locks, or make them durable.
var names = map[int64]string{
	syscall.SYS_OPENAT:    "openat",
	syscall.SYS_OPEN:      "openat",
	syscall.SYS_WRITE:     "write",
	syscall.SYS_PWRITE64:  "pwrite",
	syscall.SYS_FTRUNCATE: "ftruncate",
	syscall.SYS_FSYNC:     "fsync",
	syscall.SYS_FDATASYNC: "fdatasync",
	syscall.SYS_FLOCK:     "flock",
	syscall.SYS_MKDIR:     "mkdir",
	syscall.SYS_MKDIRAT:   "mkdir",
	syscall.SYS_RENAME:    "rename",
	syscall.SYS_RENAMEAT:  "rename",
	316:                   "rename", // renameat2
	syscall.SYS_UNLINK:    "unlink",
	syscall.SYS_UNLINKAT:  "unlink",
	syscall.SYS_RMDIR:     "unlink",
	syscall.SYS_MMAP:      "mmap",
	syscall.SYS_CLOSE:     "close",
	syscall.SYS_FSTAT:     "fstat",
	syscall.SYS_PREAD64:   "pread",
}

const options = syscall.PTRACE_O_TRACESYSGOOD | syscall.PTRACE_O_TRACECLONE |
	syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK | 0x100000 // EXITKILL

// sleeper is how often in a row a thread sleeps that does nothing else: the
// monitor of Go's runtime, every 20 microseconds. It is left alone then, or it
// would take most of the time.
const sleeper = 8

// tracee is the program.
type tracee struct {
	pid    int
	inside map[int]*Call // by thread: the call it is in
	naps   map[int]int   // by thread: how often it slept without doing more
	fn     func(*Call) Action
	killed bool
}

// Run starts a program and calls fn for each call it names, before and after.
// attr.Files must be files. It returns how the program ended.
func Run(path string, argv []string, attr *os.ProcAttr, fn func(*Call) Action) (syscall.WaitStatus, error) {
	runtime.LockOSThread() // one thread must do all the tracing
	defer runtime.UnlockOSThread()

	if attr.Sys == nil {
		attr.Sys = &syscall.SysProcAttr{}
	}
	attr.Sys.Ptrace = true
	attr.Sys.Setpgid = true
	p, err := os.StartProcess(path, argv, attr)
	if err != nil {
		return 0, err
	}
	t := &tracee{pid: p.Pid, inside: map[int]*Call{}, naps: map[int]int{}, fn: fn}
	defer p.Release()
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(t.pid, &ws, 0, nil); err != nil {
		return ws, fmt.Errorf("wait for the first stop: %w", err)
	}
	if err := syscall.PtraceSetOptions(t.pid, options); err != nil {
		return ws, fmt.Errorf("set options: %w", err)
	}
	if err := syscall.PtraceSyscall(t.pid, 0); err != nil {
		return ws, err
	}
	return t.loop()
}

func (t *tracee) loop() (syscall.WaitStatus, error) {
	for {
		var ws syscall.WaitStatus
		tid, err := syscall.Wait4(-t.pid, &ws, syscall.WALL, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return ws, fmt.Errorf("wait: %w", err)
		}
		if ws.Exited() || ws.Signaled() {
			delete(t.inside, tid)
			if tid == t.pid {
				return ws, nil
			}
			continue
		}
		signal := 0
		switch sig := ws.StopSignal(); {
		case sig == syscall.SIGTRAP|0x80:
			t.syscall(tid)
		case sig == syscall.SIGTRAP, sig == syscall.SIGSTOP:
			// A new thread, or the news of it.
		default:
			signal = int(sig)
		}
		switch {
		case t.killed:
		case t.naps[tid] > sleeper:
			_ = syscall.PtraceCont(tid, signal)
		default:
			_ = syscall.PtraceSyscall(tid, signal) // ESRCH: it is dying
		}
	}
}

// syscall handles a stop before or after a call.
func (t *tracee) syscall(tid int) {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return
	}
	c, inside := t.inside[tid]
	if !inside {
		c = t.enter(tid, &regs)
		if t.naps[tid]++; c.Nr != syscall.SYS_NANOSLEEP || tid == t.pid {
			t.naps[tid] = 0
		}
		t.inside[tid] = c
		if c.Name != "" {
			t.act(tid, &regs, t.fn(c), true)
		}
		return
	}
	delete(t.inside, tid)
	if c.Name == "" {
		return
	}
	c.Done, c.Ret = true, int64(regs.Rax)
	if c.Nr < 0 { // kept from happening
		regs.Rax = uint64(c.Nr)
		c.Ret = c.Nr
		_ = syscall.PtraceSetRegs(tid, &regs)
	}
	t.act(tid, &regs, t.fn(c), false)
}

func (t *tracee) act(tid int, regs *syscall.PtraceRegs, a Action, before bool) {
	switch {
	case a.Kill:
		t.killed = true
		_ = syscall.Kill(t.pid, syscall.SIGKILL)
	case a.Errno != 0 && before:
		t.inside[tid].Nr = -int64(a.Errno)
		regs.Orig_rax = ^uint64(0)
		_ = syscall.PtraceSetRegs(tid, regs)
	case a.Errno != 0:
		regs.Rax = uint64(-int64(a.Errno))
		_ = syscall.PtraceSetRegs(tid, regs)
	}
}

func (t *tracee) enter(tid int, regs *syscall.PtraceRegs) *Call {
	c := &Call{
		Nr:   int64(regs.Orig_rax),
		Args: [6]uint64{regs.Rdi, regs.Rsi, regs.Rdx, regs.R10, regs.R8, regs.R9},
	}
	c.Name = names[c.Nr]
	switch c.Nr {
	case syscall.SYS_OPEN, syscall.SYS_MKDIR, syscall.SYS_UNLINK, syscall.SYS_RMDIR:
		c.Path = t.str(tid, c.Args[0])
	case syscall.SYS_OPENAT, syscall.SYS_MKDIRAT, syscall.SYS_UNLINKAT:
		c.Path = t.str(tid, c.Args[1])
	case syscall.SYS_RENAME:
		c.Path, c.To = t.str(tid, c.Args[0]), t.str(tid, c.Args[1])
	case syscall.SYS_RENAMEAT, 316:
		c.Path, c.To = t.str(tid, c.Args[1]), t.str(tid, c.Args[3])
	case syscall.SYS_MMAP:
		c.Path = t.file(c.Args[4])
	default:
		if c.Name != "" {
			c.Path = t.file(c.Args[0])
		}
	}
	return c
}

// file returns the path of a file descriptor.
func (t *tracee) file(fd uint64) string {
	path, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(t.pid), "fd", strconv.FormatInt(int64(int32(fd)), 10)))
	return strings.TrimSuffix(path, " (deleted)")
}

// str reads a string of the program's memory, up to the end of its page or the
// next one.
func (t *tracee) str(tid int, at uint64) string {
	b := make([]byte, 8192-at%4096)
	n := t.read(tid, at, b)
	if n <= 0 {
		n = t.read(tid, at, b[:4096-at%4096])
	}
	s, _, _ := strings.Cut(string(b[:max(n, 0)]), "\x00")
	return s
}

func (t *tracee) read(tid int, at uint64, b []byte) int {
	local := unix.Iovec{Base: &b[0], Len: uint64(len(b))}
	n, _ := unix.ProcessVMReadv(tid, []unix.Iovec{local}, []unix.RemoteIovec{{Base: uintptr(at), Len: len(b)}}, 0)
	return n
}
