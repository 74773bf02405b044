package transcript

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzRead holds that Read takes whatever stands in a file: its counts fit each other and the bytes, and neither a
// second reading nor another way of handing over the bytes changes anything.
func FuzzRead(f *testing.F) {
	real, err := os.ReadFile("testdata/lines.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(real)
	for line := range bytes.Lines(real) {
		f.Add(line)
		f.Add(line[:len(line)/2])
	}
	f.Add([]byte(user("a", 5) + user("b", 5) + "garbage\r\n\n\ufeff{}"))
	f.Add([]byte("\ufeff" + user("a", 5)))
	f.Add([]byte(`{"type":"api-request-blob","x":1}{"type":"api-request-shape",`))
	f.Add([]byte(`{"type":"progress","data":{"type":"agent_progress","agentId":"a","message":{"type":"user","timestamp":7,"message":{"content":[{"text":1}]}}}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var lines []*Line
		rep, err := Read(bytes.NewReader(in), func(l *Line) { lines = append(lines, l) })
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		checkReport(t, in, rep, lines)
		var again []*Line
		repAgain, err := Read(iotest.OneByteReader(bytes.NewReader(in)), func(l *Line) { again = append(again, l) })
		if err != nil || !reflect.DeepEqual(rep, repAgain) || !reflect.DeepEqual(lines, again) {
			t.Errorf("read twice: %+v with %d lines, then %+v, %v with %d lines", rep, len(lines), repAgain, err, len(again))
		}
		// Real lines before and after damage are read, whatever it is.
		both, _, _ := readAll(t, user("first", 1)+"\n"+string(in)+"\n"+user("last", 1)+"\n")
		if !strings.HasPrefix(both, "first") || !strings.HasSuffix(both, "last") {
			t.Errorf("kept %.100q, want the first and the last line among them", both)
		}
	})
}

func checkReport(t *testing.T, in []byte, rep Report, lines []*Line) {
	physical := bytes.Count(in, []byte("\n")) + 1
	unknown := 0
	for name, n := range rep.Unknown {
		unknown += n
		if n <= 0 || len(name) > maxUnknownName {
			t.Errorf("unknown type %.100q %d times", name, n)
		}
	}
	switch {
	case rep.Bytes != int64(len(in)):
		t.Errorf("%d bytes read of %d", rep.Bytes, len(in))
	case rep.Lines > physical, rep.Unparsed < 0, rep.Unparsed > rep.Lines, rep.Cut && rep.Unparsed == 0:
		t.Errorf("counts do not fit: %+v of %d lines", rep, physical)
	case len(rep.Unknown) > maxUnknownTypes+1:
		t.Errorf("%d unknown types", len(rep.Unknown))
	case len(lines)+unknown > bytes.Count(in, []byte("{")):
		t.Errorf("%d lines and %d unknown ones from %d braces", len(lines), unknown, bytes.Count(in, []byte("{")))
	}
	number := 1
	for _, l := range lines {
		if l.Number < number || l.Number > physical {
			t.Errorf("line number %d after %d, of %d", l.Number, number, physical)
		}
		number = l.Number
		if needed, known := knownTypes[l.Type]; !needed || !known {
			t.Errorf("a line of type %q was kept", l.Type)
		}
		l.Nested()
	}
}
