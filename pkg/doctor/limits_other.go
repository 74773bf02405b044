//go:build !linux

package doctor

// limitsAround knows of none here: macOS takes no such limit seriously, Windows has none.
func limitsAround(string) []memoryLimits { return nil }
