package recorded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/bundle"
	"ams/pkg/lax"
	"ams/pkg/redact"
	"ams/pkg/safefile"
	"ams/pkg/spool"
	"ams/pkg/transcript"
)

// bundleNotes are what an assembly was told beside its records and files: other sessions' files are not in the bundle.
type bundleNotes struct {
	Final    bool                    `json:"final"`
	Main     string                  `json:"main,omitempty"` // name of the main file
	Damaged  int                     `json:"damaged_spools,omitempty"`
	Salvaged int                     `json:"salvaged_records,omitempty"`
	Parents  map[string][]parentBill `json:"parents,omitempty"`
	Siblings []transcript.Sibling    `json:"siblings,omitempty"`
	Standing *transcript.Standing    `json:"standing,omitempty"`
	Repo     string                  `json:"repo,omitempty"`
}

// parentBill is what a fork's cost needs of a cost-state line of its parent.
type parentBill struct {
	Before   time.Time                        `json:"before"`
	TotalUSD *float64                         `json:"total_cost_usd"`
	APIMS    float64                          `json:"total_api_duration_ms"`
	Usage    map[string]transcript.ModelUsage `json:"model_usage"`
}

// Bundle packs the raw material of a session, with masks where there is a redactor.
func (w *Session) Bundle(masks *redact.Redactor) ([]byte, error) {
	b := bundle.Bundle{SessionID: w.Session.SessionID, Files: map[string][]byte{}}
	if size := rawSize(w.files); size > bundle.MaxBytes { // it is not read to find that out
		return nil, fmt.Errorf("raw material of session %s: %w: %d bytes", b.SessionID, bundle.ErrTooLarge, size)
	}
	var records bytes.Buffer
	if err := WriteRecords(&records, w.Contents.Records, masks); err != nil {
		return nil, fmt.Errorf("raw material of session %s: %w", b.SessionID, err)
	}
	b.Records = records.Bytes()
	notes := bundleNotes{Final: w.Final, Damaged: w.in.DamagedSpools, Salvaged: w.in.SalvagedRecords, Siblings: w.in.Siblings,
		Repo: string(Masked([]byte(w.repo), masks))}
	if len(notes.Siblings) > 0 {
		notes.Standing = &w.in.Standing
	}
	for id, bills := range w.in.Parents {
		for _, s := range bills {
			if notes.Parents == nil {
				notes.Parents = map[string][]parentBill{}
			}
			notes.Parents[id] = append(notes.Parents[id], parentBill{s.Before, s.Line.TotalCostUSD, s.Line.TotalAPIDuration, s.Line.ModelUsage})
		}
	}
	err := transcript.Raw(w.files, bundle.MaxBytes, func(name string, body []byte) {
		b.Files[name] = Masked(body, masks)
	})
	if err != nil {
		return nil, fmt.Errorf("raw material of session %s: %w", b.SessionID, err)
	}
	main := filepath.Base(w.files.Main)
	if _, ok := b.Files[main]; ok {
		notes.Main = main
	}
	if b.Notes, err = json.Marshal(notes); err != nil {
		return nil, fmt.Errorf("raw material of session %s: %w", b.SessionID, err)
	}
	return bundle.Encode(b)
}

// rawSize is the size of all transcript files of a session.
func rawSize(files transcript.Files) (size int64) {
	for _, path := range files.Paths() {
		if info, err := os.Lstat(path); err == nil {
			size += info.Size()
		}
	}
	return size
}

// Masked is a file of JSON lines with masks in its strings; what is no JSON is masked as text.
func Masked(body []byte, masks *redact.Redactor) []byte {
	if masks == nil {
		return body
	}
	var out bytes.Buffer
	for line := range bytes.Lines(body) {
		text := bytes.TrimRight(line, "\n")
		if lax.Valid(text) {
			out.Write(masks.JSON(text))
		} else {
			out.WriteString(masks.Text(string(text)))
		}
		out.Write(line[len(text):])
	}
	return out.Bytes()
}

// restore gives an assembly what it was told when the bundle was made.
func (n *bundleNotes) restore(in *assemble.Input) {
	in.DamagedSpools, in.SalvagedRecords, in.Siblings = n.Damaged, n.Salvaged, n.Siblings
	if n.Standing != nil {
		in.Standing = *n.Standing
	}
	in.Parents = map[string][]assemble.CostState{}
	for id, bills := range n.Parents {
		for _, b := range bills {
			bill := &transcript.Rare{TotalCostUSD: b.TotalUSD, TotalAPIDuration: b.APIMS, ModelUsage: b.Usage}
			line := &transcript.Line{Common: &transcript.Common{SessionID: id}, Type: "cost-state", Rare: bill}
			in.Parents[id] = append(in.Parents[id], assemble.CostState{Line: line, Before: b.Before})
		}
	}
}

// FromBundle assembles the session of a bundle, as it was assembled when the bundle was made.
func (rd *Reader) FromBundle(path string) (*Session, error) {
	f, err := safefile.Open(path, safefile.Rules{Links: true})
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer f.Close()
	b, err := bundle.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w := &Session{Name: spool.FileName(b.SessionID), From: path, notes: &bundleNotes{},
		again: func() (*Session, error) { return rd.FromBundle(path) }}
	if w.Contents, err = BundleContents(b); err == nil && len(b.Notes) > 0 {
		err = json.Unmarshal(b.Notes, w.notes)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	dir, err := os.MkdirTemp("", "ams-bundle-")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer os.RemoveAll(dir)
	if w.files, err = unpack(b, dir, w.notes.Main); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w.files.SessionID = b.SessionID
	return rd.assemble(w)
}

// unpack writes the files of a bundle into an empty folder and finds the session's among them. main
// is the name of the main file, as the bundle says, or "".
func unpack(b bundle.Bundle, dir, main string) (transcript.Files, error) {
	if _, ok := b.Files[main]; main != "" && !ok {
		return transcript.Files{}, fmt.Errorf("bundle: it names %q as the main file, and holds no such file", main)
	}
	project := filepath.Join(dir, "projects", "bundle")
	if err := os.MkdirAll(project, 0o700); err != nil {
		return transcript.Files{}, err
	}
	root, err := os.OpenRoot(project)
	if err != nil {
		return transcript.Files{}, err
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(b.Files)) {
		target := filepath.FromSlash(name)
		if err := root.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return transcript.Files{}, fmt.Errorf("bundle: %w", err)
		}
		if err := root.WriteFile(target, b.Files[name], 0o600); err != nil {
			return transcript.Files{}, fmt.Errorf("bundle: %w", err)
		}
	}
	finder := &transcript.Finder{ClaudeDir: dir, Anywhere: true}
	if main != "" && main != b.SessionID+".jsonl" {
		return finder.FromFile(filepath.Join(project, filepath.FromSlash(main)), safefile.Owner{})
	}
	files, err := finder.Find(b.SessionID, "", safefile.Owner{})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, transcript.ErrUnsafe) {
		err = nil // it holds the spool only
	}
	return files, err
}

// BundleContents is the spool in a bundle.
func BundleContents(b bundle.Bundle) (spool.Contents, error) {
	c := spool.Contents{Name: spool.FileName(b.SessionID), SessionID: b.SessionID}
	n := 0
	for line := range bytes.Lines(b.Records) {
		n++
		at, rec, err := ParseRecord(line)
		if err != nil {
			return c, fmt.Errorf("records line %d: %w", n, err)
		}
		rec.Key = spool.KeyFor(at, rec.Raw, n)
		c.Records = append(c.Records, rec)
	}
	return c, nil
}
