package assemble_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"ams/pkg/assemble"
	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
	"ams/pkg/transcript"
)

// losses are the ways in which inputs get poorer.
var losses = map[string]func(in *assemble.Input){
	"transcript gone": func(in *assemble.Input) { in.Files = nil },
	"spool pruned":    func(in *assemble.Input) { in.Records = nil },
	"transcript rewritten": func(in *assemble.Input) {
		in.Files = append([]transcript.File{}, in.Files...)
		for i := range in.Files {
			f := &in.Files[i]
			f.Lines, f.Bytes = f.Lines[len(f.Lines)/2:], f.Bytes/2
		}
	},
	"spool lost its head": func(in *assemble.Input) { in.Records = in.Records[len(in.Records)/2:] },
}

// TestNothingIsLostWhenInputsAre holds [assemble.Carry] to its rule over every case of testdata: what a stored
// Session tells stays told when its inputs go, carrying twice changes nothing, and inputs that come back replace it.
func TestNothingIsLostWhenInputsAre(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		full, set := readCase(t, archive)
		stored := assemble.Session(full, set)
		for loss, apply := range losses {
			poor := full
			if apply(&poor); len(poor.Records) == 0 && len(poor.Files) == 0 {
				continue // nothing is left, so nothing is assembled
			}
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+loss, func(t *testing.T) {
				before := encode(t, stored)
				fresh := assemble.Session(poor, set)
				got := assemble.Carry(stored, fresh, set.Status)
				checkCarried(t, stored, got)
				if again := assemble.Carry(got, fresh, set.Status); !bytes.Equal(encode(t, again), encode(t, got)) {
					t.Errorf("carrying twice changes\n%s", firstDifference(encode(t, again), encode(t, got)))
				}
				if !bytes.Equal(encode(t, stored), before) {
					t.Error("the stored Session was changed")
				}
				if back := assemble.Carry(got, stored, set.Status); back != stored {
					t.Error("inputs that came back do not replace what was carried")
				}
			})
		}
	}
}

// checkCarried holds what every carried Session owes the stored one.
func checkCarried(t *testing.T, stored, got *schema.Session) {
	t.Helper()
	schematest.Validate(t, encode(t, got))
	has := map[string]schema.Event{}
	for i, e := range got.Events {
		if e.Seq != i+1 {
			t.Errorf("event %d has seq %d", i+1, e.Seq)
		}
		if _, twice := has[e.ID]; twice {
			t.Errorf("event %s twice", e.ID)
		}
		has[e.ID] = e
	}
	for _, e := range stored.Events {
		g, ok := has[e.ID]
		switch {
		case e.Provisional:
		case !ok:
			t.Errorf("event %d %s %s is lost", e.Seq, e.Name, e.Note+e.Prompt)
		case e.Tool != nil && len(e.Tool.Result) > 0 && len(g.Tool.Result) == 0:
			t.Errorf("event %d %s lost its result", e.Seq, e.Name)
		case e.LLM != nil && (e.LLM.Text != "" && g.LLM.Text != e.LLM.Text || e.LLM.Thinking != "" && g.LLM.Thinking != e.LLM.Thinking):
			t.Errorf("event %d lost its words", e.Seq)
		case e.ParentID != "" && e.ParentID != g.ParentID:
			t.Errorf("event %d %s: parent %q, was %q", e.Seq, e.Name, g.ParentID, e.ParentID)
		}
	}
	if g, w := got.Totals, stored.Totals; g.LLMCalls < w.LLMCalls || g.ToolCalls < w.ToolCalls || g.Usage.OutputTokens < w.Usage.OutputTokens {
		t.Errorf("totals: got %+v, were %+v", g, w)
	}
	if w := stored.Totals.CostUSD; w != nil && (got.Totals.CostUSD == nil || *got.Totals.CostUSD < *w-1e-9) {
		t.Errorf("cost: got %v, was %v", got.Totals.CostUSD, *w)
	}
}

func TestWholeInputsReplaceWhatIsStored(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/agent.txtar")
	if err != nil {
		t.Fatal(err)
	}
	in, set := readCase(t, archive)
	old, fresh := assemble.Session(in, set), assemble.Session(in, set)
	old.Events = append(old.Events, schema.Event{ID: "an error of an older program"})
	if got := assemble.Carry(old, fresh, ""); got != fresh {
		t.Error("a better program must be able to correct an older one")
	}
	old.Completeness = nil
	if got := assemble.Carry(old, fresh, ""); got != fresh {
		t.Error("an object that names no inputs is replaced")
	}
}
