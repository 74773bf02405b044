package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"ams/pkg/safefile"
	"ams/pkg/screen"
	"ams/pkg/spool"
)

// smallDisk and fullDisk are how many free bytes are worth a word, and how many are too few.
const (
	smallDisk = 1 << 30
	fullDisk  = 100 << 20
)

// checkSpoolDir looks at the folder that hooks write to.
func (d *doctor) checkSpoolDir(context.Context) {
	dir := d.SpoolDir
	if d.Refused != nil {
		d.warn("spool", unsafeNext, "%v: hooks record into %s, and ams-assemble reads that", d.Refused, dir)
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.ok("spool", "%s is not there yet; the first event makes it", dir)
		return
	case err != nil:
		d.problem("spool", "make it readable for this user", "%s: %v", dir, err)
		return
	case !info.IsDir():
		d.problem("spool", "move it away, or ams-assemble install --spool-dir DIR",
			"%s is no folder: nothing can be recorded", dir)
		return
	}
	if !d.Quick {
		f, err := os.CreateTemp(dir, ".ams-trial-*")
		if err != nil {
			d.problem("spool", "make it writable for this user, or ams-assemble install --spool-dir DIR",
				"%s cannot be written to: %v", dir, err)
			return
		}
		f.Close()
		os.Remove(f.Name())
	}
	free, known := freeBytes(dir)
	switch {
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		d.warn("spool", "chmod 700 "+dir,
			"%s is open to others (%v): it holds what agents saw", dir, info.Mode().Perm())
	case known && free < fullDisk:
		d.problem("spool", "make room: hooks that cannot write lose their events",
			"%s has %s left on its disk", dir, screen.Bytes(free))
	case known && free < smallDisk:
		d.warn("spool", "make room", "%s has %s left on its disk", dir, screen.Bytes(free))
	default:
		d.ok("spool", "%s can be written to", dir) // status has not tried, and shows no line that is well
	}
}

// checkPlanted looks for what stands in the place of files of the spool, and for events that were kept elsewhere.
func (d *doctor) checkPlanted(context.Context) {
	planted, err := spool.Planted(d.SpoolDir)
	if err != nil {
		return // checkRecorded says that it cannot be read
	}
	for _, p := range planted[:min(len(planted), mostPlanted)] {
		d.warn("planted", "look who put it there, and remove it",
			"%v; nothing is written through it, and events go around it", p)
	}
	if more := len(planted) - mostPlanted; more > 0 {
		d.warn("planted", "", "and %s more like it", screen.Number(int64(more)))
	}
	place, err := spool.PlaceFor("", d.Machine.Getenv)
	if err != nil || safefile.Same(place.Dir, d.SpoolDir) {
		return
	}
	lines, err := spool.ReadLog(place.Dir)
	if err != nil {
		return
	}
	for _, l := range slices.Backward(lines) {
		if strings.HasPrefix(l.Text, spool.KeptHere) && d.Machine.Now().Sub(l.Time) < recentDays*24*time.Hour {
			d.warn("planted", "ams-assemble run --spool-dir "+place.Dir+" stores them",
				"hooks kept events in %s, the last at %s: %s", place.Dir,
				l.Time.Local().Format("2006-01-02 15:04"), l.Text)
			return
		}
	}
}

// mostPlanted bounds how many planted files doctor names.
const mostPlanted = 5

// checkDamage looks for spools that were set aside, and events that belong to no session.
func (d *doctor) checkDamage(context.Context) {
	damaged, first := 0, ""
	for _, s := range d.spools {
		if len(s.Damaged) > 0 {
			damaged++
			if first == "" {
				first = s.Name
			}
		}
		if s.Name == spool.Unassigned {
			d.warn("unassigned", "ams-assemble spool dump unassigned",
				"there are events without a session: is ams-hook registered for something else than Claude Code?")
		}
	}
	if damaged > 0 {
		d.warn("damage", "ams-assemble spool dump "+first+" shows what could be read; is the disk failing?",
			"files of %s were damaged and set aside; what could be read of them counts", screen.Count(damaged, "spool"))
		return
	}
	d.ok("damage", "no spool is damaged")
}

// checkLog shows what hooks could not do.
func (d *doctor) checkLog(context.Context) {
	lines, err := spool.ReadLog(d.SpoolDir)
	if err != nil {
		d.warn("log", "make the spool folder readable for this user", "the hook's log cannot be read: %v", err)
		return
	}
	recent := 0
	for _, l := range lines {
		if d.Machine.Now().Sub(l.Time) < recentDays*24*time.Hour {
			recent++
		}
	}
	if recent == 0 {
		d.ok("log", "hooks had no trouble in the last %d days", recentDays)
		return
	}
	last := lines[len(lines)-1]
	d.warn("log", "see "+filepath.Join(d.SpoolDir, "ams-hook.log"),
		"hooks had trouble %d times in the last %d days, the last at %s: %s", recent, recentDays,
		last.Time.Local().Format("2006-01-02 15:04"), last.Text)
}
