package lax

import (
	"bytes"
	"errors"
	"sync"
)

// maxPicked bounds the members of an object that are looked at; a tool's input or result has some ten.
const maxPicked = 10_000

// errEnough ends the reading of an object whose members were all found.
var errEnough = errors.New("enough")

// picker is a decoder that is used again: a session has hundreds of thousands of objects. One of a [bytes.Buffer] reads
// in place and moves nothing, so that a value stays good.
type picker struct {
	Decoder
	text bytes.Buffer
}

var pickers = sync.Pool{New: func() any { return new(picker) }}

// Pick returns the values of an object's members in the order of their names, nil for those that it has not, or where r
// is no object. It reads no further than it must, and the values are parts of r: an object may hold a file of megabytes.
func Pick(r Raw, names ...string) []Raw {
	out := make([]Raw, len(names))
	if r.Kind() != '{' {
		return out
	}
	p := pickers.Get().(*picker)
	p.text = *bytes.NewBuffer(r)
	p.Reset(&p.text, options)
	defer func() {
		p.text = bytes.Buffer{} // it must not hold on to the object
		p.Reset(&p.text, options)
		pickers.Put(p)
	}()
	left := len(names)
	_, _ = Members(&p.Decoder, maxPicked, func(name string, d *Decoder) error {
		for i, want := range names {
			if name != want || out[i] != nil {
				continue
			}
			value, err := d.ReadValue()
			if out[i] = value; err == nil {
				if left--; left == 0 {
					return errEnough
				}
			}
			return err
		}
		return d.SkipValue()
	})
	return out
}
