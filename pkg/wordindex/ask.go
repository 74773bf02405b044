package wordindex

import "strings"

// asked bounds how many grams one part of a pattern is asked by: each has its list of sessions to be read, and neighbours
// say nearly the same.
const asked = 8

// ask is the FTS5 query for what a pattern needs ([search.Pattern.Needs]), "" where every text may be what it needs.
func ask(needs [][]string) string {
	var all []string
	for _, choice := range needs {
		var any []string
		for _, part := range choice {
			q := askPart(part)
			if q == "" { // this one may be anywhere
				any = nil
				break
			}
			any = append(any, q)
		}
		if len(any) > 0 && len(all) < asked {
			all = append(all, "("+strings.Join(any, " OR ")+")")
		}
	}
	return strings.Join(all, " AND ")
}

// askPart is the query for one part: texts with it have all of its grams.
func askPart(part string) string {
	var terms []string
	runs(part, nil, func(word []rune, _ bool) {
		if short := string(word); len(word) < gramLen {
			if len(short) >= gramLeast {
				terms = append(terms, `"`+short+`" *`)
			}
			return
		}
		for i := range len(word) - gramLen + 1 {
			terms = append(terms, `"`+string(word[i:i+gramLen])+`"`)
		}
	})
	if step := (len(terms) + asked - 1) / asked; step > 1 {
		var some []string
		for i := 0; i < len(terms); i += step {
			some = append(some, terms[i])
		}
		terms = some
	}
	return strings.Join(terms, " AND ")
}
