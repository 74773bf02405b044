// Command transcripts measures how fast ams-assemble turns transcripts into encoded Sessions, and in how much memory.
//
//	go run ./bench/transcripts [-dir DIR] [-rounds N] [-ccusage=false] [-years]
//
// It generates an archive in the shape of client 2.1.330 once (215 MB in 357 files, about 40,000 lines of up to 1.2 MB, the largest
// session 20 MB; with -years another one, of 1,400 sessions on 700 days; archive.go), keeps it in DIR (default: ams-bench in the user's cache folder), and runs, each as a process of its own
// with two cores to use:
//
//   - a bare scan: every file read into a buffer, cut at newlines, searched for a word; what reading cannot go below;
//   - ams-assemble import --dry-run: find, read, join and encode every Session, as shipped;
//   - ams-assemble import: the same, and store them on local disk, synced;
//   - ccusage 20 (npm), which counts tokens by day and session and keeps nothing else; installed into DIR by npm where it is there.
//
// Rounds of all programs are interleaved, so that a busy machine is busy for all of them, and the best of each counts. Only ratios
// within one table mean something; CPU is user and system time together. The first round warms the page cache for all.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
)

// cores is how many cores each program may use.
const cores = 2

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", "", "folder for the archive and scratch files, on a real disk (default: ams-bench in the user's cache folder)")
	rounds := flag.Int("rounds", 3, "rounds of every program")
	ccusage := flag.Bool("ccusage", true, "compare with ccusage; needs npm and, once, the network")
	years := flag.Bool("years", false, "sessions on 700 days")
	// The two below are how the program calls itself: a process of its own is measured alone, and a parent that has generated
	// 215 MB would count as memory of every child, because a child's peak begins with what its parent had.
	generateInto := flag.String("generate", "", "only generate the archive into this folder")
	scanFolder := flag.String("scan", "", "only scan the files below this folder")
	flag.Parse()
	archive, of := full, "archive"
	if *years {
		archive, of = twoYears, "years"
	}
	var err error
	switch {
	case *generateInto != "":
		err = generate(*generateInto, archive, cores)
	case *scanFolder != "":
		err = scan(*scanFolder, cores)
	default:
		err = run(*dir, of, *rounds, *ccusage)
	}
	if err != nil {
		log.Fatalf("bench: %v", err)
	}
}

func run(dir, of string, rounds int, ccusage bool) error {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		dir = filepath.Join(cache, "ams-bench")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	archive, err := prepare(dir, of)
	if err != nil {
		return err
	}
	programs, err := contestants(dir, archive, ccusage)
	if err != nil {
		return err
	}
	for range rounds {
		for _, p := range programs {
			if err := p.measure(); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return table(archive, programs)
}

// prepare returns the folder of an archive, generating it if it is not there yet.
func prepare(dir, of string) (string, error) {
	archive := filepath.Join(dir, fmt.Sprintf("%s-%d", of, archiveVersion))
	if _, err := os.Stat(archive); !errors.Is(err, fs.ErrNotExist) {
		return archive, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	unfinished := archive + ".tmp"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", err
	}
	if out, err := exec.Command(self, "-generate", unfinished, "-years="+fmt.Sprint(of == "years")).CombinedOutput(); err != nil {
		return "", fmt.Errorf("generate: %w\n%s", err, out)
	}
	return archive, os.Rename(unfinished, archive)
}

// contestants are the programs to compare, the bare scan first.
func contestants(dir, archive string, withPeer bool) ([]*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ours := filepath.Join(dir, "ams-assemble")
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("find the module: %w", err)
	}
	build := exec.Command("go", "build", "-o", ours, "./cmd/ams-assemble")
	build.Dir = strings.TrimSpace(string(root))
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build ams-assemble: %w\n%s", err, out)
	}
	store, spools := filepath.Join(dir, "store"), filepath.Join(dir, "spool")
	assemble := []string{ours, "import", "--now", "--jobs", fmt.Sprint(cores), "--claude-dir", archive, "--spool-dir", spools, "--local-dir", store}
	programs := []*program{
		{name: "bare scan", args: []string{self, "-scan", archive}},
		{name: "ams-assemble import --dry-run", args: append(assemble[:len(assemble):len(assemble)], "--dry-run")},
		{name: "ams-assemble import", args: assemble, before: func() error { return os.RemoveAll(store) }},
	}
	if !withPeer {
		return programs, nil
	}
	peer, version, err := installCCUsage(filepath.Join(dir, "npm"))
	if err != nil {
		fmt.Printf("ccusage cannot be installed, left out: %v\n", err)
		return programs, nil
	}
	home := filepath.Join(dir, "home") // it looks for other clients' files below HOME
	return append(programs, &program{
		name: version + " session", args: []string{peer, "session", "--offline", "--json"},
		env: []string{"HOME=" + home, "CLAUDE_CONFIG_DIR=" + archive},
	}), os.MkdirAll(home, 0o700)
}

// ccusageVersion is the newest whose binary for this platform is published with it.
const ccusageVersion = "ccusage@20.0.24"

// installCCUsage returns the path of ccusage's own binary, without the launcher that npm puts before it, and its version.
func installCCUsage(dir string) (path, version string, err error) {
	find := func() string {
		found, _ := filepath.Glob(filepath.Join(dir, "node_modules", "@ccusage", "*", "*", "ccusage*"))
		if len(found) == 0 {
			return ""
		}
		return found[0]
	}
	if find() == "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", "", err
		}
		if out, err := exec.Command("npm", "install", "--prefix", dir, "--no-audit", "--no-fund", ccusageVersion).CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("npm install %s: %w\n%s", ccusageVersion, err, out)
		}
	}
	if path = find(); path == "" {
		return "", "", fmt.Errorf("%s brings no binary for this platform", ccusageVersion)
	}
	if err := os.Chmod(path, 0o755); err != nil { // npm unpacks it without; its launcher does the same
		return "", "", err
	}
	out, err := exec.Command(path, "--version").Output()
	return path, strings.TrimSpace(string(out)), err
}

// table prints the best of every program and its ratios to the bare scan.
func table(archive string, programs []*program) error {
	files, bytes, err := extent(archive)
	if err != nil {
		return err
	}
	fmt.Printf("%d transcript files, %.1f MB; %d cores of %d; %s %s/%s\n\n", files, float64(bytes)/1e6, cores, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\twall\tCPU\tpeak memory\twall/scan\tCPU/scan\tMB per CPU second\t\n")
	floor := programs[0].best
	for _, p := range programs {
		b := p.best
		fmt.Fprintf(w, "%s\t%.2f s\t%.2f s\t%.0f MB\t%.1f\t%.1f\t%.0f\t\n", p.name, b.wall.Seconds(), b.cpu.Seconds(), float64(b.peak)/1e6,
			b.wall.Seconds()/floor.wall.Seconds(), b.cpu.Seconds()/floor.cpu.Seconds(), float64(bytes)/1e6/b.cpu.Seconds())
	}
	return w.Flush()
}
