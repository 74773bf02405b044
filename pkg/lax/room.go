package lax

// Room is what may be kept in memory of many texts and values. What one of them may have is at most an eighth of what
// is left, so that where there is too much the largest go first and the small ones stay.
type Room struct {
	Left int // bytes
	Part int // bytes that one text or value may have at most
	Cut  int // how many were cut
}

// minPart is what every text or value may have, even where no room is left.
const minPart = 256

func (r *Room) part() int { return min(r.Part, max(r.Left/8, minPart)) }

// Text cuts a text to the room that there is.
func (r *Room) Text(s *string) {
	if most := r.part(); len(*s) > most {
		*s = CutText(*s, most)
		r.Cut++
	}
	r.Left -= min(r.Left, len(*s))
}

// Value cuts a JSON value by the rules of [Fit].
func (r *Room) Value(v *Raw) {
	if most := r.part(); len(*v) > most {
		*v = Fit(*v, 0, maxNested, most)
		r.Cut++
	}
	r.Left -= min(r.Left, len(*v))
}

// maxNested is as deep as the JSON library goes.
const maxNested = 10_000
