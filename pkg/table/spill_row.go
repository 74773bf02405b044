package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
)

// How a row lies in a spill, which one process writes and reads: its fields that are not zero, each as its number from 1
// on and its value, then 0. JSON took a third of what an import takes for the tables.

// appendRow adds a row, a pointer to a struct.
func appendRow(b []byte, row any) []byte {
	v := reflect.ValueOf(row).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			b = appendValue(binary.AppendUvarint(b, uint64(i+1)), f)
		}
	}
	return append(b, 0)
}

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
	case reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case reflect.Pointer:
		return appendValue(b, v.Elem())
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for i := range v.Len() {
			b = appendValue(b, v.Index(i))
		}
		return b
	case reflect.Map:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for each := v.MapRange(); each.Next(); {
			b = appendValue(appendValue(b, each.Key()), each.Value())
		}
		return b
	}
	panic(fmt.Sprintf("a row has a %v", v.Type())) // no field of Session or Event is one
}

// errSpill says that a spill does not hold what was put there.
var errSpill = errors.New("they are damaged")

// readRow reads a row back into a pointer to a struct of zeros, and returns what follows.
func readRow(b []byte, row any) (rest []byte, err error) {
	r, v := spilled{b: b}, reflect.ValueOf(row).Elem()
	for {
		i := r.number(v.NumField())
		if i > 0 {
			r.value(v.Field(i - 1))
		}
		switch {
		case r.bad:
			return nil, errSpill
		case i == 0:
			return r.b, nil
		}
	}
}

// spilled reads values one after the other.
type spilled struct {
	b   []byte
	bad bool
}

// number reads a number, 0 for one that is larger than it may be.
func (r *spilled) number(most int) int {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > uint64(most) {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return int(n)
}

// count reads how many follow, of which each has a byte at least.
func (r *spilled) count() int { return r.number(len(r.b)) }

// take reads so many bytes, fewer where there are no more.
func (r *spilled) take(n int) []byte {
	r.bad = r.bad || n > len(r.b)
	n = min(n, len(r.b))
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *spilled) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(string(r.take(r.count())))
	case reflect.Int64:
		n, size := binary.Varint(r.b)
		r.bad = r.bad || size <= 0
		r.take(max(size, 0))
		v.SetInt(n)
	case reflect.Bool:
		v.SetBool(string(r.take(1)) == "\x01")
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(v.Elem())
	case reflect.Slice:
		n := r.count()
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			r.value(v.Index(i))
		}
	case reflect.Map:
		n := r.count()
		v.Set(reflect.MakeMapWithSize(v.Type(), n))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		for range n {
			r.value(key)
			r.value(value)
			v.SetMapIndex(key, value)
		}
	}
}
