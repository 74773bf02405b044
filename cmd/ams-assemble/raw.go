package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/bundle"
	"ams/pkg/lax"
	"ams/pkg/redact"
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
}

// parentBill is what a fork's cost needs of a cost-state line of its parent.
type parentBill struct {
	Before   time.Time                        `json:"before"`
	TotalUSD *float64                         `json:"total_cost_usd"`
	APIMS    float64                          `json:"total_api_duration_ms"`
	Usage    map[string]transcript.ModelUsage `json:"model_usage"`
}

// bundle packs the raw material of a session, with masks where there is a redactor.
func (w *work) bundle(masks *redact.Redactor) ([]byte, error) {
	b := bundle.Bundle{SessionID: w.session.SessionID, Files: map[string][]byte{}}
	var records bytes.Buffer
	if err := dumpRecords(&records, w.contents.Records, masks); err != nil {
		return nil, fmt.Errorf("raw material of session %s: %w", b.SessionID, err)
	}
	b.Records = records.Bytes()
	notes := bundleNotes{Final: w.final, Damaged: w.in.DamagedSpools, Salvaged: w.in.SalvagedRecords, Siblings: w.in.Siblings}
	for id, bills := range w.in.Parents {
		for _, s := range bills {
			if notes.Parents == nil {
				notes.Parents = map[string][]parentBill{}
			}
			notes.Parents[id] = append(notes.Parents[id], parentBill{s.Before, s.Line.TotalCostUSD, s.Line.TotalAPIDuration, s.Line.ModelUsage})
		}
	}
	for _, path := range w.files.Paths() {
		for _, p := range []string{path, strings.TrimSuffix(path, ".jsonl") + ".meta.json"} {
			body, err := os.ReadFile(p)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			name, relErr := filepath.Rel(w.files.Project, p)
			if err = errors.Join(err, relErr); err != nil {
				return nil, fmt.Errorf("raw material of session %s: %w", b.SessionID, err)
			}
			if path == w.files.Main && p == path {
				notes.Main = filepath.ToSlash(name)
			}
			b.Files[filepath.ToSlash(name)] = masked(body, masks)
		}
	}
	var err error
	if b.Notes, err = json.Marshal(notes); err != nil {
		return nil, fmt.Errorf("raw material of session %s: %w", b.SessionID, err)
	}
	return bundle.Encode(b)
}

// masked is a file of JSON lines with masks in its strings; what is no JSON is masked as text.
func masked(body []byte, masks *redact.Redactor) []byte {
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
	in.Parents = map[string][]assemble.CostState{}
	for id, bills := range n.Parents {
		for _, b := range bills {
			bill := &transcript.Rare{TotalCostUSD: b.TotalUSD, TotalAPIDuration: b.APIMS, ModelUsage: b.Usage}
			line := &transcript.Line{SessionID: id, Type: "cost-state", Rare: bill}
			in.Parents[id] = append(in.Parents[id], assemble.CostState{Line: line, Before: b.Before})
		}
	}
}

// fromBundle assembles the session of a bundle, as it was assembled when the bundle was made.
func (a *assembler) fromBundle(path string) (*work, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer f.Close()
	b, err := bundle.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	dir, err := os.MkdirTemp("", "ams-bundle-")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer os.RemoveAll(dir)
	w := &work{name: spool.FileName(b.SessionID), from: path, notes: &bundleNotes{}}
	if w.contents, err = bundleContents(b); err == nil && len(b.Notes) > 0 {
		err = json.Unmarshal(b.Notes, w.notes)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	project := filepath.Join(dir, "projects", "bundle")
	for name, body := range b.Files {
		target := filepath.Join(project, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o700), os.WriteFile(target, body, 0o600)); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	finder := &transcript.Finder{ClaudeDir: dir, Owner: -1, Anywhere: true}
	if main := w.notes.Main; main != "" && main != b.SessionID+".jsonl" {
		w.files, err = finder.FromFile(filepath.Join(project, filepath.FromSlash(main)))
	} else {
		w.files, err = finder.Find(b.SessionID, "")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, transcript.ErrUnsafe) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w.files.SessionID = b.SessionID
	return a.assemble(w)
}

// bundleContents is the spool in a bundle.
func bundleContents(b bundle.Bundle) (spool.Contents, error) {
	c := spool.Contents{Name: spool.FileName(b.SessionID), SessionID: b.SessionID}
	n := 0
	for line := range bytes.Lines(b.Records) {
		n++
		at, rec, err := parseRecord(line)
		if err != nil {
			return c, fmt.Errorf("records line %d: %w", n, err)
		}
		rec.Key = spool.KeyFor(at, rec.Raw, n)
		c.Records = append(c.Records, rec)
	}
	return c, nil
}
