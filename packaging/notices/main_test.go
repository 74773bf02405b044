package main

import (
	"os"
	"testing"
)

// TestNoticeIsCurrent holds NOTICE to what is linked.
func TestNoticeIsCurrent(t *testing.T) {
	want, err := os.ReadFile("../../NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	got, err := notices("../../cmd/ams-hook", "../../cmd/ams-assemble")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("NOTICE is not what the programs are built of; go run ./packaging/notices > NOTICE writes it")
	}
}
