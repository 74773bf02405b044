package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func sample() Bundle {
	return Bundle{
		SessionID: "s", Notes: []byte(`{"final":true}`), Records: []byte("{\"received_at\":\"x\"}\n"),
		Files: map[string][]byte{"s.jsonl": []byte("{}\n"), "s/subagents/agent-a.jsonl": []byte("two\n"), "empty.jsonl": {}},
	}
}

func TestBundlesComeBackAsTheyWere(t *testing.T) {
	b, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(sample())
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("the same bundle has other bytes (%v)", err)
	}
	got, err := Decode(bytes.NewReader(b))
	if err != nil || !reflect.DeepEqual(got, sample()) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, sample())
	}
}

// pack makes an archive of any members.
func pack(t *testing.T, members ...[2]string) []byte {
	t.Helper()
	var headers []tar.Header
	for _, m := range members {
		headers = append(headers, tar.Header{Name: m[0], Mode: 0o600, Size: int64(len(m[1]))})
	}
	return packAll(t, headers, members)
}

// packAll makes an archive of any members with any headers.
func packAll(t *testing.T, headers []tar.Header, members [][2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for i, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if i < len(members) {
			if _, err := w.Write([]byte(members[i][1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDecodeRefusesWhatIsNoBundle(t *testing.T) {
	manifest := [2]string{"manifest.json", `{"version":1,"session_id":"s"}`}
	whole := pack(t, manifest)
	for _, c := range []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, "no manifest.json"},
		{"noise", []byte("this is no archive"), "bundle: "},
		{"cut", whole[:len(whole)/2], "bundle: "},
		{"no manifest", pack(t, [2]string{"records.jsonl", ""}), "no manifest.json"},
		{"broken manifest", pack(t, [2]string{"manifest.json", "{"}), "manifest.json: "},
		{"no session", pack(t, [2]string{"manifest.json", `{"version":1}`}), "names no session"},
		{"newer", pack(t, [2]string{"manifest.json", `{"version":2,"session_id":"s"}`}), "newer version"},
		{"out", pack(t, manifest, [2]string{"project/../../x", ""}), "leads out"},
		{"absolute", pack(t, manifest, [2]string{"project//etc/passwd", ""}), "leads out"},
		{"absolute from the root", pack(t, manifest, [2]string{"/etc/passwd", ""}), "leads out"},
		{"out, of a kind of a later version", pack(t, manifest, [2]string{"../later.txt", ""}), "leads out"},
		{"the project folder itself", pack(t, manifest, [2]string{"project/.", ""}), "leads out"},
		{"backslash", pack(t, manifest, [2]string{`project/..\x`, ""}), "leads out"},
		{"twice", pack(t, manifest, [2]string{"project/s.jsonl", "1"}, [2]string{"project/s.jsonl", "2"}), "twice"},
		{"two manifests", pack(t, manifest, [2]string{"manifest.json", `{"version":1,"session_id":"t"}`}), "twice"},
	} {
		if _, err := Decode(bytes.NewReader(c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	for kind, h := range map[string]tar.Header{
		"link": {Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, "hard link": {Typeflag: tar.TypeLink, Linkname: "manifest.json"},
		"device": {Typeflag: tar.TypeChar}, "block device": {Typeflag: tar.TypeBlock}, "FIFO": {Typeflag: tar.TypeFifo},
	} {
		h.Name, h.Mode = "project/s.jsonl", 0o600
		b := packAll(t, []tar.Header{{Name: manifest[0], Size: int64(len(manifest[1]))}, h}, [][2]string{manifest})
		if _, err := Decode(bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	folder := packAll(t, []tar.Header{{Name: manifest[0], Size: int64(len(manifest[1]))}, {Name: "project/", Typeflag: tar.TypeDir, Mode: 0o700}}, [][2]string{manifest})
	if b, err := Decode(bytes.NewReader(folder)); err != nil || len(b.Files) != 0 {
		t.Errorf("a folder: %v, %v", b.Files, err)
	}
	if _, err := Decode(bytes.NewReader(pack(t, manifest, [2]string{"later.txt", "x"}))); err != nil {
		t.Errorf("a member of a later version: %v", err)
	}
}

func TestBundlesAreBounded(t *testing.T) {
	most := limits{bytes: 64 << 10, members: 20}
	manifest := [2]string{"manifest.json", `{"version":1,"session_id":"s"}`}
	many := [][2]string{manifest}
	for i := range 20 {
		many = append(many, [2]string{fmt.Sprintf("project/%d.jsonl", i), ""})
	}
	for name, c := range map[string]struct {
		members [][2]string
		want    string
	}{
		"one large member":    {[][2]string{manifest, {"project/s.jsonl", strings.Repeat("0", 70_000)}}, ErrTooLarge.Error()},
		"several":             {[][2]string{manifest, {"records.jsonl", strings.Repeat("0", 40_000)}, {"later", strings.Repeat("0", 40_000)}}, ErrTooLarge.Error()},
		"a long name":         {[][2]string{manifest, {"project/" + strings.Repeat("n", 100_000), ""}}, ErrTooLarge.Error()},
		"many without a byte": {many, "more than 20 members"},
	} {
		if _, err := decode(bytes.NewReader(pack(t, c.members...)), most); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %.200v, want an error with %q", name, err, c.want)
		}
	}
	b := sample()
	b.Files["large.jsonl"] = make([]byte, 60_000)
	if _, err := encode(b, most); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want no bundle that cannot be read again", err)
	}
}
