package transcript

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ams/pkg/safefile"
)

// BenchmarkOneChangedAmong measures what finding the siblings of one session that changed costs: one file alone in
// its archive, and one among 2,000 of 300 lines each.
func BenchmarkOneChangedAmong(b *testing.B) {
	for _, n := range []int{1, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			old := time.Now().Add(-time.Hour)
			path := ""
			for i := range n {
				project := filepath.Join(dir, "projects", fmt.Sprint("p", i%20))
				if err := os.MkdirAll(project, 0o700); err != nil {
					b.Fatal(err)
				}
				var body strings.Builder
				for k := range 300 {
					body.WriteString(at(fmt.Sprintf("%08d-0000-4000-8000-%012d", i, k), k))
				}
				path = filepath.Join(project, fmt.Sprintf("s%d.jsonl", i))
				if err := os.WriteFile(path, []byte(body.String()), 0o600); err != nil {
					b.Fatal(err)
				}
				if err := os.Chtimes(path, old, old); err != nil {
					b.Fatal(err)
				}
			}
			cache := filepath.Join(b.TempDir(), "ids")
			ask := func() {
				a := OpenArchive(cache, safefile.Owner{})
				a.SiblingFiles(path)
				if err := a.Save(); err != nil {
					b.Fatal(err)
				}
			}
			ask()
			for i := 0; b.Loop(); i++ {
				if err := os.Chtimes(path, old, old.Add(time.Duration(i+1)*time.Second)); err != nil {
					b.Fatal(err)
				}
				ask()
			}
		})
	}
}
