package screen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Duration shows milliseconds as a person says them: 0.3s, 42s, 3m 05s, 2h 04m, 3d 04h.
func Duration(ms int64) string {
	switch s := ms / 1000; {
	case ms < 0:
		return "-" + Duration(-max(ms, -math.MaxInt64))
	case ms < 9_950:
		return fmt.Sprintf("%.1fs", float64(ms)/1000)
	case ms < 59_500:
		return fmt.Sprintf("%.0fs", float64(ms)/1000)
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh %02dm", s/3600, s/60%60)
	default:
		return fmt.Sprintf("%dd %02dh", s/86400, s/3600%24)
	}
}

// dust is less than a token costs anywhere: what adding up leaves behind.
const dust = 1e-10

// Money shows US dollars with as many digits as tell amounts of that size apart.
func Money(usd float64) string {
	digits := 2
	switch size := math.Abs(usd); {
	case size < dust || math.IsNaN(size):
		return "$0"
	case size < 0.01: // two digits that say something, however small
		digits = max(4, 1+int(math.Ceil(-math.Log10(size))))
	case size < 1:
		digits = 3
	case size >= 1000:
		digits = 0
	}
	sign, text := "", strconv.FormatFloat(math.Abs(usd), 'f', digits, 64)
	if usd < 0 {
		sign = "-"
	}
	whole, part, _ := strings.Cut(text, ".")
	if text = sign + "$" + grouped(whole); part != "" {
		text += "." + part
	}
	return text
}

// Exactly shows US dollars to a millionth: the smallest unit that a list price makes is a tenth of that.
func Exactly(usd float64) string {
	if size := math.Abs(usd); size >= dust && size < 1e-5 {
		return Money(usd)
	}
	text := strings.TrimRight(strconv.FormatFloat(usd, 'f', 6, 64), "0")
	if at := strings.IndexByte(text, '.'); len(text)-at-1 < 2 {
		text += strings.Repeat("0", 3-(len(text)-at))
	}
	if strings.HasPrefix(text, "-") {
		return "-$" + text[1:]
	}
	return "$" + text
}

// Number shows a whole number with commas: 12,345.
func Number(n int64) string {
	if n < 0 {
		return "-" + grouped(strconv.FormatInt(n, 10)[1:])
	}
	return grouped(strconv.FormatInt(n, 10))
}

func grouped(digits string) string {
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// Short shows a number in at most five characters: 950, 12.3k, 4.5M.
func Short(n int64) string {
	f := float64(n)
	for _, unit := range []string{"", "k", "M", "G"} {
		switch {
		case unit == "" && math.Abs(f) < 1000:
			return strconv.FormatInt(n, 10)
		case math.Abs(f) < 99.95:
			return strconv.FormatFloat(f, 'f', 1, 64) + unit
		case math.Abs(f) < 999.5:
			return strconv.FormatFloat(f, 'f', 0, 64) + unit
		}
		f /= 1000
	}
	return strconv.FormatFloat(f, 'f', 0, 64) + "T"
}

// AtLeast marks a figure of which a part is not known; known is what is. Unknown is not nothing: where nothing is
// known, nothing is said.
func AtLeast(figure string, known int64) string {
	if known == 0 {
		return "?"
	}
	return figure + "+?"
}

// Bytes shows a size: 512 B, 12.3 kB, 4.5 MB.
func Bytes(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	text := Short(n)
	return text[:len(text)-1] + " " + text[len(text)-1:] + "B"
}

// Count is a number and what it counts, in the plural where it must be.
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Number(int64(n)) + " " + what + "s"
}
