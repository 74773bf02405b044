package screen

import (
	"math"
	"testing"
)

func TestDurationSaysWhatAPersonWouldSay(t *testing.T) {
	for ms, want := range map[int64]string{
		0: "0.0s", 49: "0.0s", 250: "0.2s", 9_949: "9.9s", 9_950: "10s", 59_499: "59s", 59_500: "0m 59s", 60_000: "1m 00s",
		185_000: "3m 05s", 3_599_999: "59m 59s", 7_440_000: "2h 04m", 90_000_000: "1d 01h", -1500: "-1.5s",
		math.MinInt64: "-106751991167d 07h",
	} {
		if got := Duration(ms); got != want {
			t.Errorf("Duration(%d) = %q, want %q", ms, got, want)
		}
	}
}

func TestMoneyKeepsTheDigitsThatMatter(t *testing.T) {
	for usd, want := range map[float64]string{
		0: "$0", 0.00204: "$0.0020", 0.136586: "$0.137", 1: "$1.00", 12.345: "$12.35", 1234.5: "$1,234", -0.5: "-$0.500",
		0.00002: "$0.000020", 0.00000012: "$0.00000012", 1e-17: "$0",
	} {
		if got := Money(usd); got != want {
			t.Errorf("Money(%v) = %q, want %q", usd, got, want)
		}
	}
	for usd, want := range map[float64]string{
		0: "$0.00", 0.13658599999999999: "$0.136586", 2: "$2.00", 2.5: "$2.50", -0.25: "-$0.25", 0.0000004: "$0.00000040", 1e-17: "$0.00",
	} {
		if got := Exactly(usd); got != want {
			t.Errorf("Exactly(%v) = %q, want %q", usd, got, want)
		}
	}
}

func TestNumbersStayShort(t *testing.T) {
	for n, want := range map[int64][3]string{
		0:             {"0", "0", "0 B"},
		999:           {"999", "999", "999 B"},
		1000:          {"1,000", "1.0k", "1.0 kB"},
		99_949:        {"99,949", "99.9k", "99.9 kB"},
		99_951:        {"99,951", "100k", "100 kB"},
		999_400:       {"999,400", "999k", "999 kB"},
		999_900:       {"999,900", "1.0M", "1.0 MB"},
		1_234_567_890: {"1,234,567,890", "1.2G", "1.2 GB"},
	} {
		if got := [3]string{Number(n), Short(n), Bytes(n)}; got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
	if got := AtLeast("0", 0) + " " + AtLeast("1.0k", 1000); got != "? 1.0k+?" {
		t.Errorf("AtLeast gives %q", got)
	}
	if got := Number(-1234); got != "-1,234" {
		t.Errorf("got %q", got)
	}
	if got := Count(1, "call") + ", " + Count(2000, "error"); got != "1 call, 2,000 errors" {
		t.Errorf("got %q", got)
	}
}
