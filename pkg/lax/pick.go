package lax

import "bytes"

// maxPicked bounds the members of an object that are looked at; a tool's input or result has some ten.
const maxPicked = 10_000

// Pick returns the values of an object's members in the order of their names, nil for those that it has not, or where r
// is no object. The others are passed over without being kept: an object may hold a file of megabytes.
func Pick(r Raw, names ...string) []Raw {
	out := make([]Raw, len(names))
	if r.Kind() != '{' {
		return out
	}
	_, _ = Members(NewDecoder(bytes.NewBuffer(r)), maxPicked, func(name string, d *Decoder) error {
		for i, want := range names {
			if name == want {
				value, err := d.ReadValue()
				out[i] = bytes.Clone(value)
				return err
			}
		}
		return d.SkipValue()
	})
	return out
}
