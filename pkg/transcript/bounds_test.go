package transcript

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"ams/pkg/lax"
)

// small is room for a few lines.
func small() *room {
	return &room{Room: lax.Room{Left: 100_000, Part: 10_000}, lines: 50, line: 600_000}
}

func readIn(t *testing.T, r *room, in string) (lines []*Line, rep Report) {
	t.Helper()
	rep, err := read(strings.NewReader(in), r, func(l *Line) { lines = append(lines, l) })
	if err != nil {
		t.Fatal(err)
	}
	return lines, rep
}

func userLine(i int, text string) string {
	return fmt.Sprintf(`{"type":"user","uuid":"u%d","message":{"role":"user","content":"%s"}}`+"\n", i, text)
}

func TestALineThatIsTooLongIsLeftOut(t *testing.T) {
	for _, length := range []int{590_000, 610_000, 2_000_000} {
		in := userLine(1, "first") + userLine(2, strings.Repeat("x", length)) + userLine(3, "last")
		lines, rep := readIn(t, small(), in)
		left := 0
		if length > 600_000 {
			left = 1
		}
		if len(lines) != 3-left || rep.LeftOut != left || rep.Lines != 3 || rep.Unparsed != 0 || rep.Bytes != int64(len(in)) {
			t.Errorf("%d bytes: got %d lines and %+v, want %d left out and every byte counted", length, len(lines), rep, left)
		}
		if got := lines[len(lines)-1]; got.UUID != "u3" || got.Number != 3 {
			t.Errorf("%d bytes: got line %s, number %d last; want the one after it", length, got.UUID, got.Number)
		}
	}
	lines, rep := readIn(t, small(), userLine(1, "first")+strings.Repeat("x", 610_000)) // without an end
	if len(lines) != 1 || rep.LeftOut != 1 {
		t.Errorf("got %d lines and %+v, want the last one left out", len(lines), rep)
	}
}

func TestTheLargestTextsOfASessionAreCut(t *testing.T) {
	var in strings.Builder
	for i := range 40 {
		in.WriteString(userLine(i, "short"))
		in.WriteString(userLine(i, strings.Repeat("long ", 8000)))
	}
	r := small()
	r.lines = 100
	lines, rep := readIn(t, r, in.String())
	kept := 0
	for i, l := range lines {
		kept += len(l.Message.Content.Text)
		if i%2 == 0 && l.Message.Content.Text != "short" || i%2 == 1 && !strings.HasSuffix(l.Message.Content.Text, lax.CutMark) {
			t.Errorf("line %d: got %.20q, want the short texts whole and the long ones cut", i, l.Message.Content.Text)
		}
	}
	if kept > 110_000 || rep.Short != 40 {
		t.Errorf("got %d bytes, %d cut; want at most 100,000 and 40", kept, rep.Short)
	}
}

func TestLinesBeyondTheirNumberAreLeftOut(t *testing.T) {
	in := strings.Repeat(userLine(1, "x"), 70)
	lines, rep := readIn(t, small(), in)
	if len(lines) != 50 || rep.LeftOut != 20 || rep.Lines != 70 {
		t.Errorf("got %d lines and %+v, want 50, and 20 left out", len(lines), rep)
	}
}

func TestPartsOfALineAreBounded(t *testing.T) {
	in := `{"type":"assistant","uuid":"a","message":{"content":[` + strings.Repeat(`{},`, maxBlocks) + `{},{}],` +
		`"usage":{"iterations":[` + strings.Repeat(`{},`, 500) + `7]}}}` + "\n" +
		`{"type":"cost-state","uuid":"b","modelUsage":{"m":{}` + strings.Repeat(`,"x":{}`, 10)
	for i := range 2000 {
		in += fmt.Sprintf(`,"m%d":{}`, i)
	}
	in += "}}\n"
	lines, rep := readIn(t, newRoom(), in)
	if m := lines[0].Message; len(m.Content.Blocks) != maxBlocks || rep.LeftOut != 2 || len(m.Usage.Iterations) != maxIterations {
		t.Errorf("got %d blocks, %d left out, %d iterations", len(m.Content.Blocks), rep.LeftOut, len(m.Usage.Iterations))
	}
	if n := len(lines[1].ModelUsage); n > maxModels {
		t.Errorf("got %d models of a bill, want at most %d", n, maxModels)
	}
}

// TestEveryTextOfALineIsBounded makes each text of a line large.
func TestEveryTextOfALineIsBounded(t *testing.T) {
	large := strings.Repeat("large ", 10_000)
	var walk func(v reflect.Value, path string, fields *[]reflect.Value, names *[]string)
	walk = func(v reflect.Value, path string, fields *[]reflect.Value, names *[]string) {
		for i := range v.NumField() {
			f, name := v.Field(i), path+v.Type().Field(i).Name
			switch f.Interface().(type) {
			case string, lax.Raw:
				*fields, *names = append(*fields, f), append(*names, name)
			case *Message, *Common, *Said, *Rare, *ToolPart, *Usage, *Terms, *Attachment, *Progress, *Nested, *PermissionDecision, *CompactMetadata:
				f.Set(reflect.New(f.Type().Elem()))
				walk(f.Elem(), name+".", fields, names)
			case Content:
				f.Set(reflect.ValueOf(Content{Blocks: []Block{{}}}))
				*fields, *names = append(*fields, f.Field(0)), append(*names, name+".Text")
				walk(f.Field(1).Index(0), name+".", fields, names)
			}
		}
	}
	count := 0
	for i := 0; ; i++ {
		var l Line
		var fields []reflect.Value
		var names []string
		walk(reflect.ValueOf(&l).Elem(), "", &fields, &names)
		if i == len(fields) {
			break
		}
		count++
		if fields[i].Kind() == reflect.String {
			fields[i].SetString(large)
		} else {
			fields[i].SetBytes([]byte(`{"text":"` + large + `"}`))
		}
		if cut, ok := small().fit(&l); fields[i].Len() > 10_000 || cut != 1 || !ok {
			t.Errorf("%s: got %d bytes, %d cut; want at most 10,000 and 1", names[i], fields[i].Len(), cut)
		}
	}
	if count < 60 {
		t.Errorf("%d texts were tried, want all", count)
	}
}
