package install

import (
	"context"
	"fmt"
	"strings"

	"ams/pkg/clientsettings"
	"ams/pkg/screen"
)

// PlanRemoval finds out what has to change so that nothing is recorded by these settings any more,
// and changes nothing. Nothing but what install put there goes: later edits stay, and so do the env
// file, what was recorded and what is stored. The schedule goes with a person's own settings alone,
// as it serves all projects; what could not be looked at is in [Change.Unknown].
func (m Machine) PlanRemoval(ctx context.Context, t Target) (*Change, error) {
	settings, now, err := readSettings(t.Path)
	if err != nil {
		return nil, err
	}
	c := &Change{machine: m, opt: Options{Target: t}, settings: settings, env: &fileChange{}, timer: &timerPlan{}}
	if len(now.Ours()) > 0 {
		// The variable has no meaning without the hook, whatever its value.
		vars := map[string]string{"AMS_SPOOL_DIR": now.Env["AMS_SPOOL_DIR"]}
		if settings.after, err = clientsettings.Unregister(settings.before, vars); err != nil {
			return nil, settings.explain(err)
		}
	}
	if !t.shared() {
		c.timer, c.Unknown = planUnschedule(ctx, m.Schedule())
	}
	for _, h := range now.Ours() {
		if !h.Plain() && strings.ContainsAny(h.Command, ";&|") {
			c.note("", "%s of %s starts ams-hook among other commands, and is left as it is: %s",
				h.Event, t.Path, screen.Line(h.Command))
		}
	}
	return c, nil
}

// note adds a word to the person.
func (c *Change) note(hint, format string, args ...any) {
	c.Notes = append(c.Notes, Note{Text: fmt.Sprintf(format, args...), Hint: hint})
}
