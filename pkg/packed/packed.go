// Package packed keeps values of one Go type as bytes that are read back quickly: for caches that one program writes and
// the same program reads, never for what others read. JSON takes five times as long to read, mostly for names and numbers
// that this form does not spell out.
//
// A value is its parts one after the other, without names: numbers as varints, texts and lists with their lengths, lists,
// maps and pointers with a mark for nil, maps with their size, too, so that they can be passed over ([Codec.Only]).
// [Codec.Shape] tells two types apart, so that a program with another type knows that it cannot read what was written.
package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Codec packs and unpacks values of T. It may be used by several at once.
type Codec[T any] struct {
	plan   plan
	shape  uint64
	passed []int // fields of T that Unpack passes over
}

// For returns the codec of a type made of booleans, numbers, texts, times, and of pointers, lists, maps and structs with
// exported fields of them. It panics for any other type, one that contains itself among them.
func For[T any]() *Codec[T] {
	var spelled strings.Builder
	c := &Codec[T]{plan: planOf(reflect.TypeFor[T](), nil, &spelled)}
	h := fnv.New64a()
	h.Write([]byte(spelled.String()))
	c.shape = h.Sum64()
	return c
}

// Shape is a hash of the type: of its fields' names, kinds and order.
func (c *Codec[T]) Shape() uint64 { return c.shape }

// Only returns a codec that reads of what c writes no maps but those named, which is most of the work where there are many:
// the others are empty then, or nil where they were. The maps are those that T, a struct, has as fields, by their names in JSON.
func (c *Codec[T]) Only(maps ...string) *Codec[T] {
	out := &Codec[T]{plan: c.plan, shape: c.shape}
	t := reflect.TypeFor[T]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if t.Field(i).Type.Kind() == reflect.Map && !slices.Contains(maps, name) {
			out.passed = append(out.passed, i)
		}
	}
	return out
}

// Trim empties the maps of v that c does not read.
func (c *Codec[T]) Trim(v *T) {
	for _, i := range c.passed {
		if f := reflect.ValueOf(v).Elem().Field(i); f.Len() > 0 {
			f.Set(reflect.MakeMap(f.Type()))
		}
	}
}

// Append appends the packed value to b.
func (c *Codec[T]) Append(b []byte, v *T) []byte { return c.plan.pack(b, reflect.ValueOf(v).Elem()) }

// Unpack reads what Append wrote, and nothing after it. What v holds is written over: its lists, maps and what it points to
// are used again. The texts of the value lie in b: it must not be changed afterwards.
// What was not written by a codec of the same shape is an error or some other value, never a panic, and costs no more
// memory than a bounded multiple of b.
func (c *Codec[T]) Unpack(b []byte, v *T) error {
	r := &reader{rest: b}
	if len(c.passed) > 0 {
		c.unpackFields(r, reflect.ValueOf(v).Elem())
	} else {
		c.plan.unpack(r, reflect.ValueOf(v).Elem())
	}
	if len(r.rest) > 0 {
		r.fail()
	}
	return r.err
}

// unpackFields reads a struct but for the maps that are passed over.
func (c *Codec[T]) unpackFields(r *reader, v reflect.Value) {
	passed := c.passed
	for i, f := range c.plan.fields {
		if len(passed) == 0 || passed[0] != i {
			f.unpack(r, v.Field(i))
			continue
		}
		passed = passed[1:]
		passOver(r, v.Field(i))
	}
}

// passOver reads of a map whether it is nil.
func passOver(r *reader, v reflect.Value) {
	of := reader{rest: r.bytes(r.size())}
	switch _, ok := of.count(); {
	case of.err != nil:
		r.fail()
	case !ok:
		v.SetZero()
	case v.IsNil():
		v.Set(reflect.MakeMap(v.Type()))
	default:
		v.Clear()
	}
}

// plan is how values of one type are packed.
type plan struct {
	pack   func(b []byte, v reflect.Value) []byte
	unpack func(r *reader, v reflect.Value)
	fields []plan // of a struct
}

// reader is what is left to be read. After an error it gives zeros.
type reader struct {
	rest []byte
	err  error
}

var errDamaged = errors.New("packed value is damaged")

func (r *reader) fail() { r.rest, r.err = nil, errDamaged }

func (r *reader) uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // most are small
		x := uint64(r.rest[0])
		r.rest = r.rest[1:]
		return x
	}
	x, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return x
}

func (r *reader) varint() int64 {
	x := r.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

// sizeBytes is how long the size of a map is: it is written when the map has been.
const sizeBytes = 4

// size is how many bytes a map takes from here on.
func (r *reader) size() uint64 {
	if b := r.bytes(sizeBytes); b != nil {
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// count is the length of a list or map, each part of which takes a byte at least; ok is false for nil.
func (r *reader) count() (n int, ok bool) {
	x := r.uvarint()
	if x == 0 {
		return 0, false
	}
	if x-1 > uint64(len(r.rest)) {
		r.fail()
		return 0, false
	}
	return int(x - 1), true
}

// bytes are the next n bytes.
func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func appendCount(b []byte, n int, isNil bool) []byte {
	if isNil {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, uint64(n)+1)
}

// planOf makes the plan of a type, and spells out the type. within are the types that it is part of.
func planOf(t reflect.Type, within []reflect.Type, spelled *strings.Builder) plan {
	for _, outer := range within {
		if outer == t {
			panic(fmt.Sprintf("packed: %v contains itself", t))
		}
	}
	within = append(within, t)
	spelled.WriteString(t.Kind().String())
	switch {
	case t == reflect.TypeFor[time.Time]():
		return timePlan
	case t.Kind() == reflect.Bool:
		return boolPlan
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return intPlan
	case t.Kind() == reflect.Float64:
		return floatPlan
	case t.Kind() == reflect.String:
		return textPlan
	}
	spelled.WriteByte('(')
	defer spelled.WriteByte(')')
	switch t.Kind() {
	case reflect.Pointer:
		return pointerPlan(t, planOf(t.Elem(), within, spelled))
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return bytesPlan
		}
		return slicePlan(planOf(t.Elem(), within, spelled))
	case reflect.Map:
		return mapPlan(t, planOf(t.Key(), within, spelled), planOf(t.Elem(), within, spelled))
	case reflect.Struct:
		return structPlan(t, within, spelled)
	}
	panic(fmt.Sprintf("packed: %v has no form", t))
}

var boolPlan = plan{
	pack: func(b []byte, v reflect.Value) []byte {
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	},
	unpack: func(r *reader, v reflect.Value) { v.SetBool(r.uvarint() != 0) },
}

var intPlan = plan{
	pack:   func(b []byte, v reflect.Value) []byte { return binary.AppendVarint(b, v.Int()) },
	unpack: func(r *reader, v reflect.Value) { v.SetInt(r.varint()) },
}

var floatPlan = plan{
	pack: func(b []byte, v reflect.Value) []byte {
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Float()))
	},
	unpack: func(r *reader, v reflect.Value) {
		if b := r.bytes(8); b != nil {
			v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	},
}

var textPlan = plan{
	pack: func(b []byte, v reflect.Value) []byte {
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
	},
	unpack: func(r *reader, v reflect.Value) {
		b := r.bytes(r.uvarint())
		v.SetString(unsafe.String(unsafe.SliceData(b), len(b)))
	},
}

var bytesPlan = plan{
	pack: func(b []byte, v reflect.Value) []byte {
		return append(appendCount(b, v.Len(), v.IsNil()), v.Bytes()...)
	},
	unpack: func(r *reader, v reflect.Value) {
		n, ok := r.count()
		if !ok {
			v.SetZero()
			return
		}
		v.SetBytes(r.bytes(uint64(n)))
	},
}

// timePlan keeps microseconds in UTC, as all of our times are.
var timePlan = plan{
	pack: func(b []byte, v reflect.Value) []byte {
		return binary.AppendVarint(b, v.Interface().(time.Time).UnixMicro())
	},
	unpack: func(r *reader, v reflect.Value) {
		*v.Addr().Interface().(*time.Time) = time.UnixMicro(r.varint()).UTC()
	},
}

func pointerPlan(t reflect.Type, to plan) plan {
	return plan{
		pack: func(b []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(b, 0)
			}
			return to.pack(append(b, 1), v.Elem())
		},
		unpack: func(r *reader, v reflect.Value) {
			if r.uvarint() == 0 {
				v.SetZero()
				return
			}
			if v.IsNil() {
				v.Set(reflect.New(t.Elem()))
			}
			to.unpack(r, v.Elem())
		},
	}
}

func slicePlan(of plan) plan {
	return plan{
		pack: func(b []byte, v reflect.Value) []byte {
			b = appendCount(b, v.Len(), v.IsNil())
			for i := range v.Len() {
				b = of.pack(b, v.Index(i))
			}
			return b
		},
		unpack: func(r *reader, v reflect.Value) {
			n, ok := r.count()
			if !ok {
				v.SetZero()
				return
			}
			if v.IsNil() || v.Cap() < n {
				v.Set(reflect.MakeSlice(v.Type(), n, n))
			}
			v.SetLen(n)
			for i := 0; i < n && r.err == nil; i++ {
				of.unpack(r, v.Index(i))
			}
		},
	}
}

func mapPlan(t reflect.Type, key, elem plan) plan {
	return plan{
		pack: func(b []byte, v reflect.Value) []byte {
			b = append(b, make([]byte, sizeBytes)...)
			begin := len(b)
			b = appendCount(b, v.Len(), v.IsNil())
			for it := v.MapRange(); it.Next(); {
				b = elem.pack(key.pack(b, it.Key()), it.Value())
			}
			binary.LittleEndian.PutUint32(b[begin-sizeBytes:], uint32(len(b)-begin))
			return b
		},
		unpack: func(r *reader, v reflect.Value) {
			r.size()
			n, ok := r.count()
			if !ok {
				v.SetZero()
				return
			}
			if v.IsNil() {
				v.Set(reflect.MakeMapWithSize(t, n))
			}
			v.Clear()
			k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			for i := 0; i < n && r.err == nil; i++ {
				e.SetZero() // what it points to is another one's
				key.unpack(r, k)
				elem.unpack(r, e)
				v.SetMapIndex(k, e)
			}
		},
	}
}

func structPlan(t reflect.Type, within []reflect.Type, spelled *strings.Builder) plan {
	fields := make([]plan, t.NumField())
	for i := range fields {
		f := t.Field(i)
		if !f.IsExported() {
			panic(fmt.Sprintf("packed: %v has the unexported field %s", t, f.Name))
		}
		spelled.WriteString(f.Name + " ")
		fields[i] = planOf(f.Type, within, spelled)
	}
	return plan{
		fields: fields,
		pack: func(b []byte, v reflect.Value) []byte {
			for i, f := range fields {
				b = f.pack(b, v.Field(i))
			}
			return b
		},
		unpack: func(r *reader, v reflect.Value) {
			for i, f := range fields {
				f.unpack(r, v.Field(i))
			}
		},
	}
}
