package ship

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"ams/pkg/upload"
)

func TestHealth(t *testing.T) {
	status := func(n int) error { return fmt.Errorf("store it: %w", &upload.S3Error{Status: n}) }
	for _, c := range []struct {
		name string
		errs []error
		dead bool
	}{
		{"nothing", nil, false},
		{"one object is too much", []error{status(500), nil, status(500), nil, status(500)}, false},
		{"sessions that are bad by themselves", []error{errors.New("a"), errors.New("b"), errors.New("c"), errors.New("d")}, false},
		{"server down", slices.Repeat([]error{status(503), status(502)}, downInRow/2), true},
		{"no answer", []error{status(0)}, true},
		{"and back", slices.Repeat([]error{status(503), status(502), nil}, downInRow), false},
	} {
		var h health
		for _, err := range c.errs {
			h.note(err)
		}
		if h.dead != c.dead {
			t.Errorf("%s: dead = %v, want %v", c.name, h.dead, c.dead)
		}
	}
}
