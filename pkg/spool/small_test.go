package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestFileName(t *testing.T) {
	hashed := func(id string) string {
		sum := sha256.Sum256([]byte(id))
		return "x" + hex.EncodeToString(sum[:])
	}
	tests := []struct{ id, want string }{
		{"4eaac988-79e9-48db-88c6-0f231988ff78", "4eaac988-79e9-48db-88c6-0f231988ff78"},
		{strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{"com", "com"}, {"com10", "com10"}, {"console", "console"},
		{"", Unassigned},
		{Unassigned, hashed(Unassigned)},
		{strings.Repeat("a", 65), hashed(strings.Repeat("a", 65))},
		{hashed("a"), hashed(hashed("a"))},
		{"A", hashed("A")}, {"a.b", hashed("a.b")}, {"../a", hashed("../a")}, {"a\x00", hashed("a\x00")}, {"é", hashed("é")},
		{"con", hashed("con")}, {"nul", hashed("nul")}, {"com1", hashed("com1")}, {"lpt9", hashed("lpt9")},
	}
	for _, tt := range tests {
		got := FileName(tt.id)
		if got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.id, got, tt.want)
		}
		if !validName(got) {
			t.Errorf("%q: its name %q is not valid", tt.id, got)
		}
	}
	for _, name := range []string{"", "a.db", "../a", "con", "A", strings.Repeat("a", 65), "x" + strings.Repeat("g", 64), "x" + strings.Repeat("A", 64)} {
		if validName(name) {
			t.Errorf("%q is valid", name)
		}
	}
}

func TestSHA256IsTheRealOne(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		if got, want := sha256Sum(string(b)), sha256.Sum256(b); got != want {
			t.Fatalf("%d bytes: got %x, want %x", n, got, want)
		}
	}
}

func TestKeySortsByArrival(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 123456789, time.UTC)
	a, b := NewKey(at, 7), NewKey(at.Add(1), 3)
	if a.Compare(b) >= 0 {
		t.Errorf("%s does not sort before %s", a, b)
	}
	if !a.Time().Equal(at) || a.Time().Location() != time.UTC {
		t.Errorf("got time %v, want %v", a.Time(), at)
	}
	if a == NewKey(at, 7) {
		t.Error("two keys of one moment are equal")
	}
	if got, err := ParseKey(a.String()); err != nil || got != a {
		t.Errorf("got %v, %v, want %v", got, err, a)
	}
	for _, s := range []string{"", "zz", strings.Repeat("g", 40), strings.Repeat("0", 41)} {
		if _, err := ParseKey(s); err == nil {
			t.Errorf("parsed %q", s)
		}
	}
	raw := []byte("x")
	first, again := KeyFor(at, raw, 0), KeyFor(at, raw, 0)
	if first != again || first == KeyFor(at, raw, 1) || first == KeyFor(at, []byte("y"), 0) {
		t.Error("KeyFor is not a function of time, payload and number")
	}
}

func TestValueAndInboxFileRoundTrip(t *testing.T) {
	for _, rec := range []Record{
		{Key: NewKey(time.Now(), 1), Raw: []byte{}},
		{Key: NewKey(time.Now(), 1), Raw: []byte("x"), Cut: true},
		{Key: NewKey(time.Now(), 1), Raw: bytes.Repeat([]byte("x"), 70_000), Context: []byte(`{"a":1}`)},
	} {
		id := hashContext(rec.Context)
		got, gotID, err := decodeValue(rec.Key, encodeValue(rec, id))
		if err != nil || gotID != id || got.Key != rec.Key || got.Cut != rec.Cut || !bytes.Equal(got.Raw, rec.Raw) {
			t.Errorf("value: got %+v, %v, want %+v", got, err, rec)
		}
		var file bytes.Buffer
		if err := writeRecord(&file, rec); err != nil {
			t.Fatal(err)
		}
		got, err = decodeInbox(file.Bytes())
		if err != nil || got.Key != rec.Key || got.Cut != rec.Cut || !bytes.Equal(got.Raw, rec.Raw) || !bytes.Equal(got.Context, rec.Context) {
			t.Errorf("inbox file: got %+v, %v, want %+v", got, err, rec)
		}
	}
}

// TestEveryBitCounts changes each bit of a value and of an inbox file.
func TestEveryBitCounts(t *testing.T) {
	rec := Record{Key: NewKey(time.Now(), 1), Raw: []byte("payload"), Context: []byte(`{"a":1}`)}
	value := encodeValue(rec, hashContext(rec.Context))
	var file bytes.Buffer
	if err := writeRecord(&file, rec); err != nil {
		t.Fatal(err)
	}
	bad := func(err error) bool { return errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) }
	for i := range 8 * len(value) {
		b := bytes.Clone(value)
		b[i/8] ^= 1 << (i % 8)
		if _, _, err := decodeValue(rec.Key, b); !bad(err) {
			t.Errorf("value, bit %d: got %v", i, err)
		}
	}
	for i := range 8 * file.Len() {
		b := bytes.Clone(file.Bytes())
		b[i/8] ^= 1 << (i % 8)
		if _, err := decodeInbox(b); !bad(err) {
			t.Errorf("inbox file, bit %d: got %v", i, err)
		}
	}
	for n := range file.Len() {
		if _, err := decodeInbox(file.Bytes()[:n]); !errors.Is(err, ErrDamaged) {
			t.Errorf("inbox file cut at %d: got %v", n, err)
		}
	}
}

func FuzzDecodeInbox(f *testing.F) {
	var file bytes.Buffer
	if err := writeRecord(&file, Record{Raw: []byte("payload"), Context: []byte("{}")}); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := decodeInbox(b)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := writeRecord(&again, rec); err != nil || !bytes.Equal(again.Bytes(), b) {
			t.Errorf("%q reads as %+v, which writes as %q, %v", b, rec, again.Bytes(), err)
		}
	})
}

func TestLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 2000 {
		Log(dir, "s-1", fmt.Sprintf("line %d\nof text\x1b %s", i, strings.Repeat("x", 100)))
	}
	size := int64(0)
	for _, name := range []string{logName, logName + ".1"} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		size += st.Size()
	}
	if size > 2*(maxLog+maxLogText) {
		t.Errorf("log has %d bytes", size)
	}
	lines, err := ReadLog(dir)
	if err != nil || len(lines) < 100 {
		t.Fatalf("got %d lines, %v", len(lines), err)
	}
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last.Text, "line 1999\nof text\x1b") || last.Name != "s-1" || last.PID != os.Getpid() || time.Since(last.Time) > time.Hour {
		t.Errorf("got %+v", last)
	}
	for i := 1; i < len(lines); i++ {
		if lines[i].Time.Before(lines[i-1].Time) {
			t.Errorf("line %d is older than the one before", i)
		}
	}
}

func TestReadLogTakesAnything(t *testing.T) {
	dir := t.TempDir()
	if lines, err := ReadLog(dir); err != nil || len(lines) != 0 {
		t.Errorf("no log: got %v, %v", lines, err)
	}
	if err := os.WriteFile(filepath.Join(dir, logName), []byte("a\n\tb\tc\td\n\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := ReadLog(dir)
	if err != nil || len(lines) != 3 || lines[0].Text != "a" || lines[2].Text != "\x00" {
		t.Errorf("got %v, %v", lines, err)
	}
	Log(filepath.Join(dir, "nowhere"), "", "silent")
}

func TestDir(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("other variables")
	}
	vars := map[string]string{"HOME": "/home/dev", "XDG_STATE_HOME": "/elsewhere"}
	getenv := func(name string) string { return vars[name] }
	for setting, want := range map[string]string{
		"":         "/home/dev/.local/state/ams/spool",
		"/a/b/":    "/a/b",
		"~/a":      "/home/dev/a",
		"~":        "/home/dev",
		"a/../b":   "/home/dev/b",
		"./":       "/home/dev",
		"~other/a": "/home/dev/~other/a",
	} {
		if got, err := Dir(setting, getenv); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", setting, got, err, want)
		}
	}
	for _, home := range []string{"", "relative"} {
		vars["HOME"] = home
		got, err := DefaultDir(getenv)
		if err == nil && !filepath.IsAbs(got) {
			t.Errorf("HOME=%q: got %q", home, got)
		}
	}
}
