package recorded

import "testing"

func TestMentionedFindsIDsAsWholeStrings(t *testing.T) {
	ids := map[string]bool{"toolu_01": true, "toolu_0": true, "msg-2": true, "word": true, "": true}
	found := map[string]bool{}
	s := &idScanner{wanted: ids, found: found}
	for _, piece := range []string{`{"id":"too`, `lu_01","text":"a word in a text","x":"\"toolu_0\"","m":"msg-2`, `"}`} {
		if _, err := s.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if !found["toolu_01"] || !found["msg-2"] || found["toolu_0"] || found["word"] {
		t.Errorf("got %v, want toolu_01 and msg-2", found)
	}
}
