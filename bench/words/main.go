// Command words measures what the word index costs and spares.
//
//	go run ./bench/words [-sessions N] [-dir DIR]
//
// It generates a store of N sessions once (30 to 200 kB of text each: words by Zipf's law, and names, paths, numbers and
// ids that hardly come twice), keeps it in DIR (default: ams-words in the user's cache folder), has `ams-assemble index`
// index it, a process of its own, and searches: for each text, the look at the index and the whole search with it, and
// the scan of everything. The first search fills the caches of both; of the others the best of three counts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"ams/bench/internal/memory"
	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/search"
	"ams/pkg/upload"
	"ams/pkg/wordindex"
)

func main() {
	log.SetFlags(0)
	sessions := flag.Int("sessions", 2000, "sessions in the store, of 115 kB")
	dir := flag.String("dir", "", "folder for the store and the index, on a real disk (default: ams-words in the user's cache folder)")
	flag.Parse()
	if err := run(*dir, *sessions); err != nil {
		log.Fatalf("bench: %v", err)
	}
}

func run(dir string, sessions int) error {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		dir = filepath.Join(cache, "ams-words")
	}
	dir = filepath.Join(dir, fmt.Sprint(sessions))
	store := filepath.Join(dir, "store")
	if _, err := os.Stat(filepath.Join(dir, "generated")); errors.Is(err, fs.ErrNotExist) {
		if err := generate(store, sessions); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "generated"), nil, 0o600); err != nil {
			return err
		}
	}
	words, err := makeIndex(dir, store)
	if err != nil {
		return err
	}
	return searchAll(upload.NewLocal(store), wordindex.Open(words), sessions)
}

// makeIndex has the program make the index anew, and returns its folder.
func makeIndex(dir, store string) (string, error) {
	program := filepath.Join(dir, "ams-assemble")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/ams-assemble").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	home := filepath.Join(dir, "home")
	if err := os.RemoveAll(home); err != nil {
		return "", err
	}
	cmd := exec.Command(program, "index", "--local-dir", store)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, ".cache"))
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	wall, cpu := time.Since(began), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	found, err := filepath.Glob(filepath.Join(home, ".cache", "ams", "*", "words"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("%d indexes, %w", len(found), err)
	}
	bodies, err := sizeOf(filepath.Join(store, "sessions"))
	if err != nil {
		return "", err
	}
	size, err := sizeOf(found[0])
	if err != nil {
		return "", err
	}
	fmt.Printf("store %d MB; index %d MB, %.1f %% of it; made in %.0f s, %.0f s of CPU, %.1f MB per CPU-s, %d MB of memory\n", bodies>>20, size>>20,
		100*float64(size)/float64(bodies), wall.Seconds(), cpu.Seconds(), float64(bodies)/1e6/cpu.Seconds(), memory.Peak(cmd.ProcessState)>>20)
	return found[0], nil
}

func sizeOf(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// texts are what is searched for, and why.
var texts = [][2]string{
	{"needle7", "a word that is in one session"}, {"eedle7", "a part of it"}, {"nowhere at all", "nowhere"}, {"connection refused", "a rare phrase"},
	{"zqx", "three letters, nowhere"}, {"zq", "two letters: a scan"}, {"拒绝连接", "a script without blanks"}, {commonWord, "everywhere"},
}

const rounds = 3

func searchAll(store upload.Store, words *wordindex.Index, sessions int) error {
	ctx := context.Background()
	with, without := library.Open(store, library.Options{Words: words}), library.Open(store, library.Options{})
	list, err := without.List(ctx, query.Query{})
	if err != nil {
		return err
	}
	if len(list.Sessions) != sessions {
		return fmt.Errorf("%d sessions are in the store, want %d", len(list.Sessions), sessions)
	}
	fmt.Printf("%-24s %10s %12s %12s %12s %12s\n", "ms", "look", "first page", "all", "read", "scan")
	for _, text := range texts {
		p, err := search.Compile(text[0], search.Options{Most: placesShown})
		if err != nil {
			return err
		}
		words.Candidates(ctx, p)
		look := best(func() error { words.Candidates(ctx, p); return nil }, &err)
		page := best(func() error { _, _, err := find(ctx, with, p, list, pageSessions); return err }, &err)
		var found, read, scanned int
		all := best(func() (err error) { found, read, err = find(ctx, with, p, list, 0); return err }, &err)
		scan := best(func() (err error) { scanned, _, err = find(ctx, without, p, list, 0); return err }, &err)
		if err != nil {
			return err
		}
		if found != scanned {
			return fmt.Errorf("%q: found in %d sessions with the index, in %d without", text[0], found, scanned)
		}
		fmt.Printf("%-24s %10.1f %12.0f %12.0f %12d %12.0f   %q in %d\n", text[1], ms(look), ms(page), ms(all), read, ms(scan), text[0], found)
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func best(do func() error, failed *error) time.Duration {
	least := time.Duration(0)
	for range rounds {
		began := time.Now()
		if err := do(); err != nil {
			*failed = err
		}
		if took := time.Since(began); least == 0 || took < least {
			least = took
		}
	}
	return least
}

// placesShown is how many places of a session find shows.
const placesShown = 5

// pageSessions is how many sessions find shows on a terminal.
const pageSessions = 20

// find searches until so many sessions have the text, 0: all.
func find(ctx context.Context, lib *library.Library, p *search.Pattern, list *library.List, most int) (found, read int, err error) {
	for m, err := range lib.Find(ctx, p, list) {
		if err != nil {
			return found, read, err
		}
		if m.Bytes > 0 {
			read++
		}
		if len(m.Hits) > 0 {
			if found++; found == most {
				break
			}
		}
	}
	return found, read, nil
}

// commonWord is in every session.
const commonWord = "session"

// generate writes a store.
func generate(dir string, sessions int) error {
	r := rand.New(rand.NewSource(1))
	words := []string{commonWord, "the", "of", "error", "file"}
	for len(words) < 60_000 {
		words = append(words, someWord(r))
	}
	zipf := rand.NewZipf(r, 1.1, 4, uint64(len(words)-1))
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range sessions {
		id := fmt.Sprintf("%08x-0000-4000-8000-%012x", r.Uint32(), i)
		start := schema.Time{Time: day.Add(time.Duration(i) * 300 * 24 * time.Hour / time.Duration(sessions))}
		s := &schema.Session{SchemaVersion: schema.Version, SessionID: id, StartTime: start, Title: "Session of words"}
		size := 30_000 + r.Intn(170_000)
		for total := 0; total < size; {
			text := someText(r, zipf, words)
			switch {
			case i == sessions/2 && total == 0:
				text += " needle7 拒绝连接"
			case i%1000 == 7 && total == 0:
				text += " connection\n refused"
			}
			total += len(text)
			s.Events = append(s.Events, schema.Event{Seq: len(s.Events) + 1, StartTime: start, Type: schema.UserPrompt, Prompt: text})
		}
		if err := store(dir, s); err != nil {
			return err
		}
	}
	return nil
}

// store writes a session as a [upload.Local] has it, without its syncs.
func store(dir string, s *schema.Session) error {
	body, err := schema.Encode(s)
	if err != nil {
		return err
	}
	record, err := schema.EncodeSummary(schema.Summarize(s))
	if err != nil {
		return err
	}
	for key, b := range map[string][]byte{upload.SessionKey(s.SessionID, s.StartTime.Time): body, upload.IndexKey(s.SessionID): record} {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// someWord is pronounceable, as words are, so that their parts come in many of them.
func someWord(r *rand.Rand) string {
	begin := strings.Fields("b c d f g h l m n p r s t v w br ch cl cr dr fl gr pl pr sh sp st str th tr")
	middle := strings.Fields("a e i o u ai ea ee io ou")
	end := strings.Fields("b ck d g l m n ng nt p r rd s st t x _ te re le")
	var b strings.Builder
	for range 1 + r.Intn(3) {
		b.WriteString(begin[r.Intn(len(begin))] + middle[r.Intn(len(middle))])
		if r.Intn(2) == 0 {
			b.WriteString(end[r.Intn(len(end))])
		}
	}
	return b.String()
}

// someText is some 2 kB as an agent reads and writes them.
func someText(r *rand.Rand, zipf *rand.Zipf, words []string) string {
	var b strings.Builder
	for b.Len() < 2000 {
		switch n := r.Intn(100); {
		case n < 2:
			fmt.Fprintf(&b, "%08x-%04x ", r.Uint32(), r.Intn(1<<16))
		case n < 5:
			fmt.Fprintf(&b, "%d ", r.Intn(100_000))
		case n < 8:
			fmt.Fprintf(&b, "src/%s/%s.go:%d ", words[zipf.Uint64()], words[zipf.Uint64()], r.Intn(900))
		default:
			b.WriteString(words[zipf.Uint64()] + " ")
		}
	}
	return b.String()
}
