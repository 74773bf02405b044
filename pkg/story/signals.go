package story

import (
	"fmt"
	"strings"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// eventsNamed is how many events of a signal the header names; the Session has more of them.
const eventsNamed = 8

// signalRows say what deserves a look, and at which events.
func signalRows(s *schema.Session) []row {
	if len(s.Signals) == 0 {
		return nil
	}
	wanted := map[string]int{}
	for _, signal := range s.Signals {
		for _, id := range signal.EventIDs {
			wanted[id] = 0
		}
	}
	for i := range s.Events {
		if _, ok := wanted[s.Events[i].ID]; ok {
			wanted[s.Events[i].ID] = s.Events[i].Seq
		}
	}
	var rows []row
	for _, signal := range s.Signals {
		rows = append(rows, row{name: "signal", text: signalText(signal, wanted), alarm: true})
	}
	return rows
}

func signalText(signal schema.Signal, seq map[string]int) string {
	facts := []string{}
	if signal.CostUSD != nil {
		facts = append(facts, screen.Money(*signal.CostUSD))
	}
	if signal.MS != nil {
		facts = append(facts, screen.Duration(*signal.MS))
	}
	var events []string
	for _, id := range signal.EventIDs {
		if n := seq[id]; n > 0 && len(events) < eventsNamed {
			events = append(events, fmt.Sprint("#", n))
		}
	}
	if more := signal.Count - len(events); len(events) == eventsNamed && more > 0 {
		events = append(events, "…")
	}
	if len(events) > 0 {
		facts = append(facts, strings.Join(events, " "))
	}
	text := strings.ReplaceAll(string(signal.Kind), "_", " ") + ": " + signal.Text
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, ", ") + ")"
	}
	return text
}
