package doctor

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"ams/pkg/install"
	"ams/pkg/screen"
)

// memoryLimits are how many bytes of addresses and of data a process may have (RLIMIT_AS, RLIMIT_DATA).
type memoryLimits struct {
	who         string
	space, data int64
}

const unbounded = -1

// roomySpace and roomyData are limits under which a hook of the largest event starts for certain.
// Below them whether the Go runtime starts goes by bands (with Go 1.26 it does from 0.71 GB of
// addresses on, but not from 1.13 to 1.25 GB), and so it is tried.
const (
	roomySpace = 2 << 30
	roomyData  = 512 << 20
)

func (l memoryLimits) String() string {
	var parts []string
	if l.space != unbounded {
		parts = append(parts, screen.Bytes(l.space)+" of addresses (ulimit -v)")
	}
	if l.data != unbounded {
		parts = append(parts, screen.Bytes(l.data)+" of data (ulimit -d)")
	}
	return strings.Join(parts, " and ")
}

func (l memoryLimits) isTight() bool {
	return l.space != unbounded && l.space < roomySpace || l.data != unbounded && l.data < roomyData
}

// startsUnder reports whether ams-hook starts under limits. It records nothing there.
func (d *doctor) startsUnder(ctx context.Context, hook string, l memoryLimits) bool {
	ctx, cancel := context.WithTimeout(ctx, install.HookTime)
	defer cancel()
	script := ""
	for _, bound := range []struct {
		flag  string
		bytes int64
	}{{"-v", l.space}, {"-d", l.data}} {
		if bound.bytes != unbounded {
			script += fmt.Sprintf("ulimit -S %s %d || exit 0; ", bound.flag, bound.bytes>>10)
		}
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script+`exec "$0"`, hook)
	cmd.Env = []string{"AMS_DISABLE=1", "HOME=" + d.Machine.Home}
	cmd.WaitDelay = time.Second
	return cmd.Run() == nil
}

// checkLimits looks for limits under which the Go runtime cannot start: it ends with 2 then, before
// the hook can do anything about it.
func (d *doctor) checkLimits(ctx context.Context) {
	client, err := exec.LookPath(d.Client)
	if err != nil {
		client = "" // said already
	}
	tight := false
	for _, l := range limitsAround(client) {
		if !l.isTight() {
			continue
		}
		for _, command := range d.hookPrograms() {
			path, err := exec.LookPath(command)
			if err != nil {
				continue // said already
			}
			tight = true
			d.sayLimits(l, d.startsUnder(ctx, path, l))
		}
	}
	if !tight {
		d.ok("limits", "no limit keeps ams-hook from starting")
	}
}

const raiseLimit = "raise the limit: ulimit, LimitAS= and LimitDATA= of systemd, limits.conf"

func (d *doctor) sayLimits(l memoryLimits, starts bool) {
	guarded := d.allGuarded()
	switch {
	case !starts && !guarded:
		d.problem("limits", "ams-assemble install --guard, so that nothing is blocked; then "+raiseLimit,
			"%s allows %s: there ams-hook cannot start and ends with 2, which blocks the client's tool calls", l.who, l)
	case !starts:
		d.problem("limits", raiseLimit,
			"%s allows %s: there ams-hook cannot start, and nothing is recorded; it blocks nothing, as it is guarded", l.who, l)
	case !guarded:
		d.warn("limits", "ams-assemble install --guard",
			"%s allows %s: ams-hook starts there, but with little to spare; "+
				"where it did not, it would block the client's tool calls",
			l.who, l)
	default:
		d.ok("limits", "%s allows %s: ams-hook starts there, and is guarded", l.who, l)
	}
}

// allGuarded reports whether every hook of ours is registered so that it blocks nothing where it cannot start.
func (d *doctor) allGuarded() bool {
	for _, f := range d.files {
		for _, h := range f.Ours() {
			if !h.IsGuarded() {
				return false
			}
		}
	}
	return d.plugin == ""
}
