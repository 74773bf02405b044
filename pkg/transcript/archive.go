package transcript

import (
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"ams/pkg/safefile"
)

// Archive knows the main files of all project folders that it was ever shown, and which of them share lines: forks and, in old clients,
// resumes begin with the history of another session, and people copy files. It compares sets of ids of whole files, because the
// heads of such files differ, and finds its way by stats: a file is read again only when it changed.
//
// It is kept in a cache file, which may be deleted at any time but for one thing: of files that share lines it remembers what they held
// after they are gone, so that a copy stays one. It is safe for concurrent use.
type Archive struct {
	cache string   // "" keeps nothing
	lists *os.File // the cache as it was opened: the ids of files that did not change are read from it when they are asked for
	owner owner

	mu      sync.Mutex
	folders map[string]*folder
	// complete is when every file was last looked at, in ns.
	complete int64
	// unsettled says that families changed since somebody asked whether one did.
	unsettled bool
	changed   bool // against the cache, in more than what rescanned holds
	// rescanned are the bytes of files that merely changed since the cache was written: to read a few of them again
	// is cheaper than to write what is known of all.
	rescanned int64
}

// completeEvery is how often every file is looked at. Files come and go with their folder's time, and so the looks
// between need only see those that are asked for, have relatives, or were at work not long before. What may be found
// late by this is a file that was known, was at rest, went on, and was then copied without any of the lines that were
// known.
const (
	completeEvery = 10 * time.Minute
	atWork        = time.Minute
)

// worthSaving is how many bytes a run rather reads again than writes the cache.
const worthSaving = 8 << 20

// folder is a project folder, or the one that holds them all.
type folder struct {
	path    string
	modTime int64                // ns; 0 where it proves nothing
	looked  bool                 // since the Archive was opened
	files   map[string]*mainFile // by name
}

// mainFile is what is known of one main file.
type mainFile struct {
	path          string
	size, modTime int64 // ns; modTime is 0 where the stat proves nothing
	uid           int
	ids           idList  // nil where they are merely kept
	kept          keptIDs // in the cache
	family        *family // nil where it shares nothing
	held          *held   // of files that have a family
	gone          bool
	looked        bool // since the Archive was opened
}

// family are files that share ids, directly or through others.
type family struct {
	members []*mainFile
	once    sync.Once
	shared  map[uint64]bool // what files of two sessions hold
}

// settled is how old a change must be for its stat to prove that nothing else happened: one tick of a slow file
// system's clock.
const settled = 2 * time.Second

// NewArchive returns an Archive that knows nothing and is kept nowhere. It looks at the files of one owner.
func NewArchive(of safefile.Owner) *Archive {
	return &Archive{owner: owner{of}, folders: map[string]*folder{}}
}

// OpenArchive returns the Archive that is kept in the file cache. One that is missing, damaged or of another version
// is empty.
func OpenArchive(cache string, of safefile.Owner) *Archive {
	a := NewArchive(of)
	a.cache = cache
	a.load()
	return a
}

// Show adds folders whose main files may share lines with others: project folders, or one named projects that holds
// them. It costs nothing until somebody asks.
func (a *Archive) Show(dirs ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, dir := range dirs {
		a.show(dir)
	}
}

func (a *Archive) show(dir string) {
	if a.folders[dir] == nil {
		a.folders[dir] = &folder{path: dir, files: map[string]*mainFile{}}
		a.changed = true
	}
}

// around is the folder to be shown for the sessions of a project folder: the one that holds all projects, because a
// fork of a worktree or of a project that was moved lies beside it.
func around(project string) string {
	if root := filepath.Dir(project); filepath.Base(root) == projectsName {
		return root
	}
	return project
}

// projectsName is the client's name of the folder of all project folders.
const projectsName = "projects"

// Changed reports whether a main file has come or gone since the cache was written, by the change times of the
// folders alone, or another was found to share lines since [Archive.Settle]: then sessions may have siblings that
// they were not told of.
func (a *Archive) Changed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.unsettled {
		return true
	}
	for _, dir := range a.folders {
		if info, err := os.Stat(dir.path); err == nil && info.ModTime().UnixNano() != dir.modTime {
			return true
		}
	}
	return false
}

// Settle says that all sessions were asked for their siblings after [Archive.Changed].
func (a *Archive) Settle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changed = a.changed || a.unsettled
	a.unsettled = false
}

// LookAtAll makes the next look a complete one.
func (a *Archive) LookAtAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.complete = 0
}

// look brings the folders that were not looked at yet up to date. The caller holds mu.
func (a *Archive) look() {
	now := time.Now()
	all := now.UnixNano()-a.complete >= int64(completeEvery)
	var todo []*mainFile
	left, looked := false, false
	for again := true; again; { // a folder of projects shows more folders
		again = false
		for _, dir := range a.folders {
			if dir.looked {
				continue
			}
			dir.looked, again, looked = true, true, true
			if info, err := os.Stat(dir.path); err == nil && !all && dir.modTime == info.ModTime().UnixNano() {
				todo = append(todo, a.lookAtSome(dir, now)...)
				continue
			}
			changed, gone := a.lookInto(dir, now)
			todo = append(todo, changed...)
			left = left || gone
		}
	}
	if all && looked {
		a.complete, a.changed = now.UnixNano(), true
	}
	a.takeIn(todo, left)
}

// takeIn reads what changed, and finds the families anew.
func (a *Archive) takeIn(changed []*mainFile, left bool) {
	if len(changed) > 0 || left {
		for _, f := range changed {
			f.ids = a.idsOf(f, nil)
		}
		inParallel(changed, func(f *mainFile) { f.ids = a.owner.idsOf(f, f.ids) })
		a.settleFamilies(changed, left)
	}
}

// lookAtSome looks at those files of a folder in which none came or went that are likely to have changed.
func (a *Archive) lookAtSome(dir *folder, now time.Time) (todo []*mainFile) {
	for _, f := range dir.files {
		rests := f.modTime != 0 && a.complete-f.modTime > int64(atWork) && f.hasIDs() && f.family == nil
		if !f.gone && !rests && a.lookAt(f, now) {
			todo = append(todo, f)
		}
	}
	return todo
}

// lookAt looks at a file that is known, and reports whether it is to be read.
func (a *Archive) lookAt(f *mainFile, now time.Time) bool {
	info, err := os.Lstat(f.path)
	return err == nil && a.owner.check(f.path, info) == nil && a.note(f, info, now)
}

// note notes what a file looks like, and reports whether it is to be read.
func (a *Archive) note(f *mainFile, info fs.FileInfo, now time.Time) bool {
	f.looked = true
	if !f.gone && f.size == info.Size() && f.modTime == info.ModTime().UnixNano() {
		return false
	}
	a.rescanned += info.Size()
	f.size, f.modTime, f.uid, f.gone = info.Size(), proof(info, now), safefile.UID(info), false
	return true
}

// lookInto compares the main files of a folder with what is known of them: which ones changed, and whether one is gone.
func (a *Archive) lookInto(dir *folder, now time.Time) (todo []*mainFile, left bool) {
	entries, _ := os.ReadDir(dir.path)
	if info, err := os.Stat(dir.path); err == nil {
		if t := proof(info, now); dir.modTime != t {
			dir.modTime, a.changed = t, true
		}
	}
	there := map[string]bool{}
	for _, e := range entries {
		if filepath.Base(dir.path) == projectsName && isFolderOrLink(filepath.Join(dir.path, e.Name()), e) {
			a.show(filepath.Join(dir.path, e.Name()))
			continue
		}
		name, ok := strings.CutSuffix(e.Name(), ".jsonl")
		if !ok || name == "" || strings.HasPrefix(name, "agent-") || !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir.path, e.Name())
		info, err := os.Lstat(path)
		if err != nil || a.owner.check(path, info) != nil {
			continue
		}
		there[e.Name()] = true
		f := dir.files[e.Name()]
		if f == nil {
			f = &mainFile{path: path, size: -1}
			dir.files[e.Name()] = f
			a.changed = true
		}
		if a.note(f, info, now) {
			todo = append(todo, f)
		}
	}
	for name, f := range dir.files {
		if !f.gone && !there[name] {
			f.gone, left, a.changed = true, true, true
		}
	}
	return todo, left
}

// proof is the change time of a file or folder in ns, 0 where it is so young that another change may hide behind it.
func proof(info fs.FileInfo, now time.Time) int64 {
	if now.Sub(info.ModTime()).Abs() < settled {
		return 0
	}
	return info.ModTime().UnixNano()
}

func isFolderOrLink(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// all are the files of all folders.
func (a *Archive) all(yield func(*mainFile) bool) {
	for _, dir := range a.folders {
		for _, f := range dir.files {
			if !yield(f) {
				return
			}
		}
	}
}

// idsOf are the ids in a file. What it held before is kept: clients rewrite long files, and a line that went there is
// still a copy where another file has it.
func (o owner) idsOf(f *mainFile, before idList) idList {
	file, err := o.open(f.path)
	if err != nil {
		return before
	}
	defer file.Close()
	ids, err := scanIDs(file)
	if err != nil {
		return before
	}
	list := make(idList, 0, 8*len(ids))
	for _, id := range ids {
		list = list.append(id)
	}
	if len(before) == 0 {
		return list
	}
	seen := make(map[uint64]bool, len(ids))
	for _, id := range ids {
		seen[id] = true
	}
	for id := range before.all {
		if !seen[id] {
			seen[id] = true
			list = list.append(id)
		}
	}
	return list
}

// idList are ids of 8 bytes each, as the cache has them: a list of half a million is not copied to be read.
type idList []byte

func (l idList) append(id uint64) idList { return binary.LittleEndian.AppendUint64(l, id) }

func (l idList) all(yield func(uint64) bool) {
	for ; len(l) >= 8; l = l[8:] {
		if !yield(binary.LittleEndian.Uint64(l)) {
			return
		}
	}
}

// inParallel calls fn for every file, on all processors.
func inParallel(files []*mainFile, fn func(*mainFile)) {
	var wg sync.WaitGroup
	next := make(chan *mainFile)
	for range min(len(files), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for f := range next {
				fn(f)
			}
		})
	}
	for _, f := range files {
		next <- f
	}
	close(next)
	wg.Wait()
}
