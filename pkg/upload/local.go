package upload

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// The names that Local keeps for itself. No key can be one, and List skips
// everything that begins with a dot.
const (
	tempPrefix = ".tmp-" // an unfinished Put; stays behind only after a crash
	lockName   = ".lock" // in the root, held while a Put looks and renames
	folderMode = 0o700   // sessions hold prompts, code and file contents
	fileMode   = 0o600
	lockPause  = 2 * time.Millisecond // a rename takes less
)

// Local is a [Store] in a folder: the object K is the file FOLDER/K.
//
// A Put writes a temp file beside its target, syncs it, renames it, and syncs
// the folder and every folder that it had to make, each in its parent. A crash
// leaves the old object or the new one, and at worst a temp file, which
// [Local.Tidy] removes. Where folders cannot be synced (Windows, some network
// file systems) a crash of the machine may undo the last Puts, as a whole.
//
// The folder is made by the first Put, for its owner only. Nothing outside it is
// ever touched: all access goes through [os.Root], which no symbolic link leaves.
//
// Looking and renaming is one step for all processes of a machine, by a lock on
// FOLDER/.lock. On Windows and on file systems without such locks, it is one
// step among the users of one Local only.
type Local struct {
	dir  string
	turn chan struct{} // holds one value while a Put looks and renames

	mu     sync.Mutex
	synced map[string]bool // folders whose entry in their parent this process synced; guarded by mu
}

// NewLocal returns the store in dir, which need not exist. It touches nothing.
func NewLocal(dir string) *Local {
	return &Local{dir: dir, turn: make(chan struct{}, 1), synced: make(map[string]bool)}
}

// Put implements [Store].
func (l *Local) Put(ctx context.Context, key string, body []byte, opt PutOptions) (string, error) {
	if err := checkPut(ctx, key, body, opt); err != nil {
		return "", err
	}
	etag, err := l.put(ctx, key, body, opt)
	if err != nil {
		return "", fmt.Errorf("put %s: %w", key, err)
	}
	return etag, nil
}

func (l *Local) put(ctx context.Context, key string, body []byte, opt PutOptions) (_ string, err error) {
	if err := l.makeRoot(); err != nil {
		return "", err
	}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	folder := path.Dir(key)
	if err := l.makeFolders(root, folder); err != nil {
		return "", err
	}

	// 1. The whole body, on disk, under a name that is no key.
	temp := path.Join(folder, tempPrefix+rand.Text())
	defer func() {
		if err != nil {
			err = errors.Join(err, removeIfThere(root, temp))
		}
	}()
	if err := writeFile(root, temp, body); err != nil {
		return "", err
	}

	// 2. Look and rename, alone.
	if err := l.replace(ctx, root, temp, key, opt); err != nil {
		return "", err
	}

	// 3. The new name, on disk. A crash before this may bring back the old body.
	if err := syncFolder(root, folder); err != nil {
		return "", err
	}
	return etagOf(body), nil
}

// replace gives the temp file the object's name, if the condition holds.
func (l *Local) replace(ctx context.Context, root *os.Root, temp, key string, opt PutOptions) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	unlock, err := lock(ctx, root)
	if err != nil {
		return err
	}
	defer unlock()
	if opt.IfMatch != "" {
		_, etag, err := read(root, key)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: it does not exist", ErrChanged)
		case err != nil:
			return err
		case etag != opt.IfMatch:
			return ErrChanged
		}
	}
	if opt.IfAbsent {
		switch _, err := root.Lstat(key); {
		case err == nil:
			return fmt.Errorf("%w: it exists", ErrChanged)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return root.Rename(temp, key)
}

// Get implements [Store].
func (l *Local) Get(ctx context.Context, key string) ([]byte, string, error) {
	body, err := l.Body(ctx, key)
	if err != nil {
		return nil, "", err
	}
	return body, etagOf(body), nil
}

// Body implements [Near]: making an ETag costs more than the reading.
func (l *Local) Body(ctx context.Context, key string) ([]byte, error) {
	if err := check(ctx, key); err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, notFound(err))
	}
	defer root.Close()
	body, err := readBody(root, key)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, notFound(err))
	}
	return body, nil
}

// Delete implements [Store]. Folders stay, even empty: removing one could take
// it away under another process's Put.
func (l *Local) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	root, err := os.OpenRoot(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	defer root.Close()
	if info, err := root.Lstat(key); err == nil && info.IsDir() {
		return nil // a folder is no object
	}
	if err := removeIfThere(root, key); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	// Synced even if nothing was there: a Delete before a crash may have got no further.
	if err := syncFolder(root, path.Dir(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// makeRoot makes the store's folder with all that is missing above it.
func (l *Local) makeRoot() error {
	dir, err := filepath.Abs(l.dir)
	if err != nil {
		return err
	}
	var missing []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		missing = append(missing, at)
	}
	for _, at := range slices.Backward(missing) {
		if err := os.Mkdir(at, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := syncPath(filepath.Dir(at)); err != nil {
			return err
		}
	}
	return nil
}

// makeFolders makes the folders of a key and syncs the entry of each in its
// parent, once per process even where it exists: another process may have made
// it and crashed before its sync.
func (l *Local) makeFolders(root *os.Root, folder string) error {
	if folder == "." {
		return nil
	}
	parent, at := ".", ""
	for part := range strings.SplitSeq(folder, "/") {
		at = path.Join(at, part)
		err := root.Mkdir(at, folderMode)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		l.mu.Lock()
		done := l.synced[at] && err != nil
		l.mu.Unlock()
		if !done {
			if err := syncFolder(root, parent); err != nil {
				return err
			}
			l.mu.Lock()
			l.synced[at] = true
			l.mu.Unlock()
		}
		parent = at
	}
	return nil
}

// writeFile makes a new file and syncs it.
func writeFile(root *os.Root, name string, body []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// read returns a regular file of at most maxSize bytes; anything else is no
// object: fs.ErrNotExist.
func read(root *os.Root, key string) ([]byte, string, error) {
	body, err := readBody(root, key)
	if err != nil {
		return nil, "", err
	}
	return body, etagOf(body), nil
}

func readBody(root *os.Root, key string) ([]byte, error) {
	info, err := root.Lstat(key)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // before it is opened: opening a pipe would wait
		return nil, fs.ErrNotExist
	}
	if info.Size() > int64(maxSize(key)) {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, info.Size())
	}
	f, err := root.Open(key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body := make([]byte, 0, info.Size()+1) // one more, so that the end is seen without growing
	for {
		n, err := f.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		if len(body) > maxSize(key) {
			return nil, ErrTooLarge
		}
		if len(body) == cap(body) {
			body = slices.Grow(body, 512)
		}
	}
}

// etagOf is 128 bits of SHA-256: enough that no two versions of one object ever
// share it.
func etagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// checkPut is what every Put refuses before anything is touched.
func checkPut(ctx context.Context, key string, body []byte, opt PutOptions) error {
	if err := check(ctx, key); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	if len(body) > maxSize(key) {
		return fmt.Errorf("put %s: %w: %d bytes", key, ErrTooLarge, len(body))
	}
	if opt.IfMatch != "" && opt.IfAbsent {
		return fmt.Errorf("put %s: IfMatch and IfAbsent exclude each other", key)
	}
	return nil
}

func check(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

// notFound turns the file system's word for it into the contract's. A path
// through a file, or to a folder, has no object either.
func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) || isNotFolder(err) {
		return ErrNotFound
	}
	return err
}

func removeIfThere(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) && !isNotFolder(err) {
		return err
	}
	return nil
}

func orDot(folder string) string {
	if folder == "" {
		return "."
	}
	return folder
}
