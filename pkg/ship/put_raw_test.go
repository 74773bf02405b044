package ship

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ams/pkg/bundle"
	"ams/pkg/recorded"
	"ams/pkg/upload"
)

func TestLinesOfTwoCopiesAreUnited(t *testing.T) {
	for _, c := range []struct{ name, old, fresh, want string }{
		{"grew", "a b", "a b c", "a b c"},
		{"shrank", "a b c", "a b", "a b c"},
		{"lost its head", "a b c", "c d", "a b c d"},
		{"each its own end", "a b c", "a b d", "a b d c"},
		{"each its own", "a b", "c d", "c d a b"},
		{"one line twice", "a x b x", "a x c x", "a x c b x"},
		{"nothing", "", "a", "a"},
		{"nothing new", "a", "", "a"},
	} {
		lines := func(s string) []byte { return []byte(strings.ReplaceAll(s, " ", "\n")) } // the last line is not ended
		if got := strings.Join(strings.Fields(string(uniteLines(lines(c.old), lines(c.fresh)))), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestWhatIsTooLargeOfRawMaterialIsNoMatterOfTheSession tells the errors of a store apart.
func TestWhatIsTooLargeOfRawMaterialIsNoMatterOfTheSession(t *testing.T) {
	other := errors.New("disk full")
	for _, c := range []struct {
		err      error
		tooLarge bool
		want     string
	}{
		{nil, false, ""},
		{fmt.Errorf("get raw/x: %w: 300 bytes", upload.ErrTooLarge), true, "get raw/x: object too large: 300 bytes"},
		{bundle.ErrTooLarge, true, "store its raw material: "},
		{other, false, "store its raw material: disk full"},
	} {
		got := rawError(c.err)
		switch {
		case (got == nil) != (c.err == nil), got != nil && !strings.Contains(got.Error(), c.want):
			t.Errorf("rawError(%v): got %v, want %q in it", c.err, got, c.want)
		case errors.Is(got, bundle.ErrTooLarge) != c.tooLarge, errors.Is(got, upload.ErrTooLarge) && c.tooLarge:
			t.Errorf("rawError(%v): got %v, want one of the bundle: %v, and none of the session's body", c.err, got, c.tooLarge)
		}
	}
}

// TestAnIndexRecordThatIsTooLargeGoes has one that ams cannot have written, beside a body as large as no store takes, which stays.
func TestAnIndexRecordThatIsTooLargeGoes(t *testing.T) {
	dir := t.TempDir()
	store := upload.NewLocal(dir)
	body := "sessions/2026/11/20/one.json"
	for key, size := range map[string]int64{upload.IndexKey("one"): upload.MaxRecord + 1, body: upload.MaxObject + 1} {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
	}
	p := &putting{sh: &Shipper{opt: Options{Store: store}}, w: &recorded.Session{Name: "one"}, denied: map[string]error{}}
	have := holding{}
	if sum, err := p.indexed(t.Context(), &have); sum != nil || err != nil || have.indexTag != "" {
		t.Errorf("got %v, ETag %q and %v, want none", sum, have.indexTag, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "index", "one.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the record is there: %v", err)
	}
	if _, _, err := p.read(t.Context(), body); !errors.Is(err, upload.ErrTooLarge) {
		t.Errorf("the body: got %v, want ErrTooLarge", err)
	}
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(body))); err != nil {
		t.Errorf("the body: %v, want it to stay", err)
	}
}
