// Package bundle keeps the raw material of one session in one file, so that a Session can be assembled anew years later, when the
// client has long deleted its transcript.
//
// A bundle is a tar archive compressed with zstd:
//
//	manifest.json     format version, session id, and what the assembly was told beside the files
//	records.jsonl     the spool, in the form of spool dump
//	project/NAME      the transcript files, NAME as in the project folder: SESSION.jsonl, SESSION/subagents/...
//
// Members stand in this order, files by name, with no times or owners: the same session gives the same bytes. The archive is read by
// any tar that knows zstd.
//
// A bundle may come from anywhere, so [Decode] believes none of it: a member is a regular file (a
// folder is passed over), its name stays below the folder that it is unpacked in, and no name comes
// twice. What a bundle does not hold is not read for it.
//
// Changes: version 1, the first.
package bundle

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Suffix ends the name of a bundle.
const Suffix = ".tar.zst"

// ErrNewer says that a bundle is of a later version than this program knows.
var ErrNewer = errors.New("bundle is from a newer version of ams")

// ErrTooLarge says that a bundle unpacks to more than one may hold.
var ErrTooLarge = errors.New("raw material is larger than a bundle may hold")

// MaxBytes is what a bundle may hold once it is unpacked.
const MaxBytes = 256 << 20

// formatVersion is what this package writes.
const formatVersion = 1

// What a bundle may hold: members as many as a session has agents, and less than the memory that may be used. A
// bundle of 32 kB can be made to unpack to 4 GB.
var bounds = limits{bytes: MaxBytes, members: 250_000}

type limits struct {
	bytes   int64 // unpacked, all members together, their headers included
	members int
}

const (
	manifestName = "manifest.json"
	recordsName  = "records.jsonl"
	projectDir   = "project/"
)

// Bundle is the raw material of a session.
type Bundle struct {
	SessionID string
	// Notes are what the assembly was told beside the files, as its caller encodes it.
	Notes json.RawMessage
	// Records is the spool as lines.
	Records []byte
	// Files are transcript files by their name relative to the project folder, with slashes.
	Files map[string][]byte
}

type manifest struct {
	Version   int             `json:"version"`
	SessionID string          `json:"session_id"`
	Notes     json.RawMessage `json:"notes,omitempty"`
}

// Encode packs a bundle. [ErrTooLarge] says that it could not be unpacked again.
func Encode(b Bundle) ([]byte, error) { return encode(b, bounds) }

func encode(b Bundle, most limits) ([]byte, error) {
	size := int64(len(b.Records) + len(b.Notes))
	for _, body := range b.Files {
		size += int64(len(body))
	}
	if size > most.bytes-most.bytes/8 || len(b.Files) > most.members-2 { // the rest is for headers
		return nil, fmt.Errorf("bundle of session %s: %w: %d files, %d bytes", b.SessionID, ErrTooLarge, len(b.Files), size)
	}
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	t := tar.NewWriter(z)
	add := func(name string, body []byte) {
		if err == nil {
			err = t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(body)), Format: tar.FormatPAX})
		}
		if err == nil {
			_, err = t.Write(body)
		}
	}
	head, encodeErr := json.Marshal(manifest{Version: formatVersion, SessionID: b.SessionID, Notes: b.Notes})
	if encodeErr != nil {
		return nil, fmt.Errorf("bundle of session %s: %w", b.SessionID, encodeErr)
	}
	add(manifestName, head)
	add(recordsName, b.Records)
	var names []string
	for name := range b.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add(projectDir+name, b.Files[name])
	}
	if err = errors.Join(err, t.Close(), z.Close()); err != nil {
		return nil, fmt.Errorf("bundle of session %s: %w", b.SessionID, err)
	}
	return out.Bytes(), nil
}

// Decode unpacks a bundle. Files and folders that it does not know are passed over; any other kind
// of member, names that would lead out of the folder or come twice, and bundles that unpack to more
// than 256 MiB or have more than 250,000 members, are errors.
func Decode(r io.Reader) (Bundle, error) { return decode(r, bounds) }

func decode(r io.Reader, most limits) (Bundle, error) {
	b := Bundle{Files: map[string][]byte{}}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(most.bytes)))
	if err != nil {
		return b, fmt.Errorf("bundle: %w", err)
	}
	defer z.Close()
	// Headers take room, too: what comes out of the decoder is bounded, and not the members alone.
	t := tar.NewReader(&bounded{z, most.bytes})
	seen := map[string]bool{}
	for members := 0; ; members++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return b, fmt.Errorf("bundle: %w", err)
		}
		if members == most.members {
			return b, fmt.Errorf("bundle: it has more than %d members", most.members)
		}
		if h.Typeflag == tar.TypeDir {
			continue
		}
		if err := checkMember(h, seen); err != nil {
			return b, err
		}
		body, err := readMember(t, h, most)
		if err != nil {
			return b, fmt.Errorf("bundle: %.200q: %w", h.Name, err)
		}
		name, isFile := strings.CutPrefix(h.Name, projectDir)
		switch {
		case h.Name == manifestName:
			if err := b.readManifest(body); err != nil {
				return b, err
			}
		case h.Name == recordsName:
			b.Records = body
		case isFile:
			b.Files[name] = body
		}
	}
	if !seen[manifestName] {
		return b, fmt.Errorf("bundle: no %s in it", manifestName)
	}
	return b, nil
}

// readMember reads a member whole. Its size is known before: a buffer that grew would need three times as much.
func readMember(t *tar.Reader, h *tar.Header, most limits) ([]byte, error) {
	if h.Size > most.bytes {
		return nil, ErrTooLarge
	}
	body := make([]byte, h.Size)
	_, err := io.ReadFull(t, body)
	return body, err
}

// bounded ends with an error where a reader gives more than a number of bytes.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 || errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return 0, ErrTooLarge
	}
	return n, err
}

func (b *Bundle) readManifest(body []byte) error {
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return fmt.Errorf("bundle: %s: %w", manifestName, err)
	}
	if m.Version > formatVersion {
		return fmt.Errorf("bundle version %d: %w", m.Version, ErrNewer)
	}
	if m.SessionID == "" {
		return fmt.Errorf("bundle: %s names no session", manifestName)
	}
	b.SessionID, b.Notes = m.SessionID, m.Notes
	return nil
}

// checkMember refuses a member that is not as [Encode] writes them.
func checkMember(h *tar.Header, seen map[string]bool) error {
	switch {
	case h.Typeflag != tar.TypeReg:
		return fmt.Errorf("bundle: %q is no regular file but a link or a device", h.Name)
	case !safe(h.Name):
		return fmt.Errorf("bundle: the name %q leads out of the folder", h.Name)
	case seen[h.Name]:
		return fmt.Errorf("bundle: it holds %q twice", h.Name)
	}
	seen[h.Name] = true
	return nil
}

// safe reports whether a name stays below the folder it is unpacked in.
func safe(name string) bool {
	return name != "" && path.Clean(name) == name && !path.IsAbs(name) && !strings.HasPrefix(name, "../") && name != ".." &&
		!strings.ContainsAny(name, "\\\x00:")
}
