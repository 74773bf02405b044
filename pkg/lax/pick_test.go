package lax_test

import (
	"strings"
	"testing"

	"ams/pkg/lax"
)

func TestPickTakesMembersByName(t *testing.T) {
	object := lax.Raw(` { "a" : [1,{"b":2}] , "long":"` + strings.Repeat("x", 1<<20) + `", "b":"text", "b":"again", "c":null} `)
	before := string(object)
	got := lax.Pick(object, "b", "a", "none", "c")
	if string(got[0]) != `"text"` || string(got[1]) != `[1,{"b":2}]` || got[2] != nil || string(got[3]) != "null" {
		t.Errorf("got %.40q, want the first value of each name", got)
	}
	if string(object) != before {
		t.Error("the object was changed")
	}
	for _, bad := range []string{"", "null", "[1]", `"a"`, `{`, `{"a"`, `{"b":`} {
		if got := lax.Pick(lax.Raw(bad), "a", "b"); len(got) != 2 || got[0] != nil || len(got[1]) > 0 {
			t.Errorf("%q: got %q, want nothing", bad, got)
		}
	}
	if got := lax.Pick(lax.Raw(`{"a":1,"b":`), "a", "b"); string(got[0]) != "1" {
		t.Errorf("got %q, want what stands before the end", got)
	}
}
