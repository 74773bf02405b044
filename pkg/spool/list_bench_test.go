package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkList lists 10,000 spools, of which each has an inbox or not.
func BenchmarkList(b *testing.B) {
	for _, inbox := range []bool{false, true} {
		b.Run(fmt.Sprintf("inbox=%v", inbox), func(b *testing.B) {
			dir := b.TempDir()
			for i := range 10_000 {
				base := filepath.Join(dir, fmt.Sprintf("5f1a3c52-8d0e-4b7e-9a52-3f1c6f%06d", i))
				if err := os.WriteFile(base+".db", nil, 0o600); err != nil {
					b.Fatal(err)
				}
				if !inbox {
					continue
				}
				if err := os.Mkdir(base+".inbox", 0o700); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(base+".lock", nil, 0o600); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				list, err := List(dir)
				if err != nil || len(list) != 10_000 {
					b.Fatalf("got %d, %v", len(list), err)
				}
			}
		})
	}
}
