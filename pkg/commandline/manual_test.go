package commandline

import (
	"testing"
)

func TestRoffKeepsTextAsItIs(t *testing.T) {
	got := roffText(".dot at the start\n'quote --flag C:\\x\n\n  alone ~/.ams\n")
	want := `\&.dot at the start` + "\n" + `\(aqquote \-\-flag C:\ex` + "\n.PP\n.br\n" + `alone \(ti/.ams` + "\n.br\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
