package transcript

import (
	"path/filepath"
	"slices"
	"strings"
)

// settleFamilies finds the families anew after some files changed, and reads what those held whose family is new or
// who changed themselves. It takes one look at the ids of all the others. left says that a file is gone.
func (a *Archive) settleFamilies(changed []*mainFile, left bool) {
	u := union{}
	related := left
	fresh := make(map[*mainFile]bool, len(changed))
	first := map[uint64]*mainFile{} // id -> the first changed file that has it
	for _, f := range changed {
		fresh[f] = true
		related = related || f.family != nil
		for id := range f.ids.all {
			if other, ok := first[id]; ok {
				u.join(f, other)
			} else {
				first[id] = f
			}
		}
	}
	may := newSieve(first)
	head := map[*family]*mainFile{} // of a family as it was: one that did not change
	var buf []byte
	for f := range a.all {
		if fresh[f] {
			continue
		}
		if old := f.family; old != nil && head[old] == nil {
			head[old] = f
		} else if old != nil {
			u.join(f, head[old])
		}
		ids := a.idsOf(f, &buf)
		for id := range ids.all {
			if may.hold(id) && first[id] != nil {
				u.join(f, first[id])
			}
		}
	}
	if len(u) == 0 && !related {
		return
	}
	a.changed, a.unsettled = true, true
	a.newFamilies(u)
	var toRead []*mainFile
	for f := range a.all {
		if f.family != nil && !f.gone && (f.held == nil || fresh[f]) {
			toRead = append(toRead, f)
		}
	}
	inParallel(toRead, func(f *mainFile) { f.held = a.owner.heldBy(f.path, f.held) })
}

// newFamilies gives every file its family. Who is gone is remembered as long as one of its family is there.
func (a *Archive) newFamilies(u union) {
	byRoot := map[*mainFile]*family{}
	for f := range a.all {
		root := u.root(f)
		if byRoot[root] == nil {
			byRoot[root] = &family{}
		}
		byRoot[root].members = append(byRoot[root].members, f)
	}
	for _, fam := range byRoot {
		alive := slices.ContainsFunc(fam.members, func(f *mainFile) bool { return !f.gone })
		slices.SortFunc(fam.members, func(f, g *mainFile) int { return strings.Compare(f.path, g.path) })
		for _, f := range fam.members {
			f.family = fam
			if !alive {
				delete(a.folders[filepath.Dir(f.path)].files, filepath.Base(f.path))
			} else if len(fam.members) == 1 {
				f.family, f.held = nil, nil
			}
		}
	}
}

// sieve tells quickly of most ids that a map does not have them: it stays in the processor's cache, the map does not.
type sieve []uint64

const sieveBits = 19

func newSieve(ids map[uint64]*mainFile) sieve {
	s := make(sieve, 1<<(sieveBits-6))
	for id := range ids {
		s[id>>6&(1<<(sieveBits-6)-1)] |= 1 << (id & 63)
	}
	return s
}

func (s sieve) hold(id uint64) bool { return s[id>>6&(1<<(sieveBits-6)-1)]&(1<<(id&63)) != 0 }

// union is a union-find over files; a file that is not in it stands for itself.
type union map[*mainFile]*mainFile

func (u union) root(f *mainFile) *mainFile {
	for u[f] != nil {
		if next := u[u[f]]; next != nil {
			u[f] = next // halves the way for the next one
		}
		f = u[f]
	}
	return f
}

func (u union) join(f, g *mainFile) {
	if a, b := u.root(f), u.root(g); a != b {
		u[a] = b
	}
}
