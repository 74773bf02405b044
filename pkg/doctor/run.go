package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"ams/pkg/install"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/safefile"
	"ams/pkg/schedule"
	"ams/pkg/screen"
)

// checkSchedule looks whether this program runs by itself.
func (d *doctor) checkSchedule(ctx context.Context) {
	m := d.Machine.Schedule()
	found := 0
	for _, kind := range schedule.Kinds() {
		if kind == schedule.Launchd != (m.GOOS == "darwin") && kind != schedule.Cron {
			continue
		}
		entry, ok, err := m.State(ctx, kind)
		if err != nil || !ok {
			continue
		}
		found++
		switch {
		case entry.Program != "" && !safefile.Same(entry.Program, d.Machine.Self):
			d.warn("schedule", "ams-assemble install",
				"%s starts %s, and not this ams-assemble (%s)", entry.Where, entry.Program, d.Machine.Self)
		case !entry.Active:
			d.problem("schedule", "ams-assemble install", "%s is there, but %s does not run it", entry.Where, kind)
		default:
			d.ok("schedule", "every five minutes by %s (%s)", kind, entry.Where)
		}
	}
	if found == 0 && m.GOOS == "linux" {
		if _, err := m.Run(ctx, "", "systemctl", "--user", "is-active", "--quiet", "ams-assemble.timer"); err == nil {
			found++
			d.ok("schedule", "by systemd (ams-assemble.timer of a package)")
		}
	}
	d.scheduled = found > 0
	switch {
	case found > 0:
	case m.Default(ctx) == schedule.None:
		d.warn("schedule", "let ams-assemble run --watch go on as a service or in a terminal, or call ams-assemble run --now after each session",
			"nothing runs ams-assemble by itself, and %v", schedule.ErrNone)
	default:
		d.warn("schedule", "ams-assemble install; or let ams-assemble run --watch go on",
			"nothing runs ams-assemble by itself")
	}
}

// checkReceipts looks at what this machine remembers of its runs. It says nothing where all is well.
func (d *doctor) checkReceipts(context.Context) {
	path := d.Receipts
	kept := receipt.SetAside(path)
	switch {
	case errors.Is(d.booksErr, receipt.ErrDamaged):
		d.warn("receipts", "ams-assemble run sets the file aside and looks at every session anew; is the disk failing?",
			"%v", d.booksErr)
	case errors.Is(d.booksErr, receipt.ErrNewer):
		d.problem("receipts", "update this ams-assemble", "%v", d.booksErr)
	case d.booksErr != nil:
		d.problem("receipts", "make it readable for this user", "%v", d.booksErr)
	case len(kept) > 0:
		d.warn("receipts", "nothing is lost: remove it; is the disk failing?",
			"damaged receipts were set aside, %s in all, the last as %s",
			screen.Count(len(kept), "file"), kept[len(kept)-1])
	}
}

// overdue is how long after a run another should have come.
const overdue = time.Hour

// firstRun is how long after the first event the first run may come.
const firstRun = 15 * time.Minute

// checkLastRun looks at the last run and at what waits for the next.
func (d *doctor) checkLastRun(context.Context) {
	waiting, oldest := d.backlog()
	last, err := receipt.ReadLastRun(receipt.LastRunPath(d.Receipts))
	now := d.Machine.Now()
	wait := "nothing waits"
	if waiting > 0 {
		wait = fmt.Sprintf("%s waiting, the oldest for %s", screen.Count(waiting, "session"), ago(now, oldest))
	}
	switch {
	case d.busy:
		d.ok("run", "a run is at work now")
	case err != nil:
		d.warn("run", "ams-assemble run", "%v; %s", err, wait)
	case last == nil && waiting > 0 && now.Sub(oldest) > firstRun:
		d.warn("run", "ams-assemble run", "there was no run into this store yet; %s", wait)
	case last == nil:
		d.ok("run", "there was no run into this store yet; %s", wait)
	case last.Failed > 0:
		d.problem("run", "ams-assemble run, and see what it says",
			"in the last run, %s ago, %d of %s failed, the last of them: %s; %s", ago(now, last.Ended), last.Failed,
			screen.Count(last.Failed+last.Stored, "session"), last.Error, wait)
	case last.Error != "":
		d.problem("run", "ams-assemble run, and see what it says",
			"the last run, %s ago, failed: %s; %s", ago(now, last.Ended), last.Error, wait)
	case waiting > 0 && now.Sub(last.Ended) > overdue && now.Sub(oldest) > overdue:
		d.problem("run", "ams-assemble run; and see the schedule",
			"the last run was %s ago; %s", ago(now, last.Ended), wait)
	default:
		d.ok("run", "the last run was %s ago and stored %s; %s",
			ago(now, last.Ended), screen.Count(last.Stored, "session"), wait)
	}
}

func ago(now, then time.Time) string { return screen.Duration(max(now.Sub(then).Milliseconds(), 0)) }

// backlog counts the sessions whose spools hold something that no run has looked at.
func (d *doctor) backlog() (waiting int, oldest time.Time) {
	for _, s := range d.News(d.receipts, d.spools) {
		if r := d.receipts[s.Name]; r != nil && receipt.Same(recorded.SpoolStats(s), r.Spool) {
			continue // it goes on, or is to be looked at again for another reason
		}
		waiting++
		if at := s.LastChange(); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return waiting, oldest
}

// clockWord and clockOff are how far this clock and the store's may differ: S3 refuses requests from 15 minutes on.
const (
	clockWord = time.Minute
	clockOff  = 5 * time.Minute
)

func (d *doctor) storeNext() string {
	switch {
	case d.Store.Next != "":
		return d.Store.Next
	case d.Store.Bucket:
		return "check bucket, endpoint, region and credentials: cron sees ~/.config/ams/env and ~/.aws alone"
	}
	return "make the folder writable, or name another: --local-dir, AMS_LOCAL_DIR"
}

// checkClock compares this clock with the store's.
func (d *doctor) checkClock(ours, theirs time.Time) {
	off := ours.Sub(theirs).Abs()
	text := fmt.Sprintf("this clock and the store's differ by %s", screen.Duration(off.Milliseconds()))
	switch {
	case off > clockOff:
		d.problem("clock", "set this machine's clock (ntp)", "%s; S3 refuses requests from 15 minutes on", text)
	case off > clockWord:
		d.warn("clock", "set this machine's clock (ntp)", "%s", text)
	default:
		d.ok("clock", "%s", text)
	}
}

// oldPrices is the age from which a price table is worth a word.
const oldPrices = 180 * 24 * time.Hour

// checkOwnSettings looks at the file with the settings of this program, and at the price table.
func (d *doctor) checkOwnSettings(context.Context) {
	path := install.EnvFile(d.Machine.Home)
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 && holdsSecrets(path) {
		d.warn("own", "chmod 600 "+path,
			"%s holds credentials and is open to others (%v)", path, info.Mode().Perm())
	}
	date, err := time.Parse(time.DateOnly, d.PricesDate)
	if err == nil && d.Machine.Now().Sub(date) > oldPrices {
		d.warn("prices", "install a newer release, or --prices FILE",
			"the price table is of %s; what no bill of the client covers is computed with it", d.PricesDate)
		return
	}
	d.ok("own", "ams-assemble %s; settings read; prices of %s", d.Version, d.PricesDate)
}

// checkPath looks whether a person can call this program by its name. It says nothing where all is well.
func (d *doctor) checkPath(context.Context) {
	dir, name := filepath.Dir(d.Machine.Self), filepath.Base(d.Machine.Self)
	if found, err := exec.LookPath(name); err != nil {
		d.warn("path", fmt.Sprintf(`put export PATH="%s:$PATH" into your shell's profile`, dir), "%s is not in PATH: %s must be called by its path", dir, name)
	} else if !safefile.Same(found, d.Machine.Self) {
		d.warn("path", "remove one of them, or let its folder come first in PATH", "the shell calls %s, and this is %s", found, d.Machine.Self)
	}
}

func holdsSecrets(path string) bool {
	b, err := install.ReadEnv(path)
	return err == nil && (strings.Contains(string(b), "SECRET") || strings.Contains(string(b), "TOKEN"))
}
