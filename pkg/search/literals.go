package search

import "regexp/syntax"

// maxLiterals bounds of how many literals one must be in a text: each is a look at all bytes.
const maxLiterals = 8

// literals are what the matches of a regular expression cannot be without: each match holds one of them. There are
// none where that cannot be told.
func literals(re *syntax.Regexp) []scanner {
	switch re.Op {
	case syntax.OpLiteral:
		if s := newScanner(string(re.Rune), re.Flags&syntax.FoldCase == 0); s.run != "" {
			return []scanner{s}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return literals(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literals(re.Sub[0])
		}
	case syntax.OpConcat: // all are there: the one that says most
		var best []scanner
		for _, sub := range re.Sub {
			if l := literals(sub); shortest(l) > shortest(best) {
				best = l
			}
		}
		return best
	case syntax.OpAlternate:
		var all []scanner
		for _, sub := range re.Sub {
			l := literals(sub)
			if all = append(all, l...); len(l) == 0 || len(all) > maxLiterals {
				return nil
			}
		}
		return all
	}
	return nil
}

// shortest is the length of the shortest of some literals, 0 where there are none.
func shortest(all []scanner) int {
	n := 0
	for _, s := range all {
		if n == 0 || len(s.run) < n {
			n = len(s.run)
		}
	}
	return n
}
