package doctor

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ams/pkg/safefile"
)

// limitsAround are the limits of this process, and of each client that runs here for this user,
// that bound memory. What a client may not use, its hooks may not use either.
func limitsAround(client string) []memoryLimits {
	own := memoryLimits{who: "this shell", space: softLimit(unix.RLIMIT_AS), data: softLimit(unix.RLIMIT_DATA)}
	all := []memoryLimits{own}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is a good one
	for _, dir := range dirs {
		if !isClient(dir, client) {
			continue
		}
		if b, err := os.ReadFile(filepath.Join(dir, "limits")); err == nil {
			l := memoryLimits{who: "a client that runs (process " + filepath.Base(dir) + ")"}
			l.space, l.data = limitIn(b, "Max address space"), limitIn(b, "Max data size")
			all = append(all, l)
		}
	}
	bounded := slices.DeleteFunc(all, func(l memoryLimits) bool { return l.space == unbounded && l.data == unbounded })
	return slices.CompactFunc(bounded, func(a, b memoryLimits) bool { return a.space == b.space && a.data == b.data })
}

func softLimit(resource int) int64 {
	var r unix.Rlimit
	if unix.Getrlimit(resource, &r) != nil || r.Cur == unix.RLIM_INFINITY {
		return unbounded
	}
	return int64(min(r.Cur, 1<<62))
}

// limitIn is the soft limit in a line of /proc/PID/limits.
func limitIn(limits []byte, name string) int64 {
	for line := range bytes.Lines(limits) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			if f := strings.Fields(string(rest)); len(f) > 0 {
				if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
					return n
				}
			}
		}
	}
	return unbounded
}

// isClient reports whether a process is the client: by its name, which a native one sets, or by the
// program or script that it runs.
func isClient(proc, client string) bool {
	if comm, err := os.ReadFile(filepath.Join(proc, "comm")); err != nil || string(comm) == "claude\n" {
		return err == nil
	}
	b, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	if err != nil || client == "" {
		return false
	}
	args := strings.SplitN(string(b), "\x00", 3)
	return slices.ContainsFunc(args[:min(len(args), 2)], func(arg string) bool {
		return filepath.IsAbs(arg) && safefile.Same(arg, client)
	})
}
