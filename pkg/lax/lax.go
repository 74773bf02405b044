// Package lax decodes JSON as Claude Code and the people around it really write it.
//
// Strings cut in the middle of a surrogate pair, invalid UTF-8 and repeated keys are accepted, and a field of an
// unexpected type is left at its zero value instead of failing the object that holds it: 26 of 4,707 published
// transcripts hold lone surrogates, and a gateway that writes a number as text must not cost a whole line.
//
// It is the one place that knows which JSON library is used (go-json-experiment/json, which becomes encoding/json/v2:
// 3.4 times faster than encoding/json on transcripts, without unsafe code). It knows no format of anyone's.
package lax

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Raw is a JSON value that is passed on as it came.
type Raw = jsontext.Value

// Encoder is the streaming encoder that a MarshalJSONTo method gets.
type Encoder = jsontext.Encoder

// Decoder is the streaming decoder that an UnmarshalJSONFrom method gets.
type Decoder = jsontext.Decoder

var options = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// encodeOptions add to options what makes equal values equal bytes.
var encodeOptions = json.JoinOptions(options, json.Deterministic(true), jsontext.WithIndent("  "))

// Unmarshal decodes one JSON value into v, a pointer. The error is about syntax alone: a member whose type does not
// fit its field leaves that field at zero.
func Unmarshal(b []byte, v any) error {
	err := json.Unmarshal(b, v, options)
	if err == nil || !Valid(b) {
		return err
	}
	target := reflect.ValueOf(v).Elem()
	target.SetZero()
	fill(b, target)
	return nil
}

// Valid reports whether b is one JSON value, by the same lax rules.
func Valid(b []byte) bool { return Raw(b).IsValid(options) }

// NewDecoder returns a decoder that follows the same lax rules; its ReadValue gives one JSON value after the other.
func NewDecoder(r io.Reader) *Decoder { return jsontext.NewDecoder(r, options) }

// Encode writes v with two-space indent and sorted map keys, without HTML escapes; the same value gives the same bytes.
// Raw values are indented anew, and what is not valid Unicode in them becomes U+FFFD.
func Encode(v any) ([]byte, error) { return EncodeSized(v, 0) }

// EncodeSized is [Encode] for a large value of about size bytes, and leaves room for as many: a buffer that grows
// takes three times as much memory, and the JSON library lets one grow that is three quarters full.
func EncodeSized(v any, size int) ([]byte, error) {
	if size == 0 {
		var b bytes.Buffer
		if err := json.MarshalWrite(&b, v, encodeOptions); err != nil {
			return nil, err
		}
		return b.Bytes(), nil
	}
	runtime.GC() // what the value was made of is garbage by now, and of the buffer's size as a rule
	out := appender(make([]byte, 0, size))
	if err := json.MarshalWrite(&out, v, encodeOptions); err != nil {
		return nil, err
	}
	return out, nil
}

// appender is a writer to memory.
type appender []byte

func (a *appender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}

// Line encodes v on one line without indent, by the same rules as [Encode].
func Line(v any) ([]byte, error) {
	return json.Marshal(v, options, json.Deterministic(true))
}

// String returns the text of a JSON string, or "" for any other value.
func String(r Raw) string {
	if r.Kind() != '"' {
		return ""
	}
	if n := len(r) - 1; n > 0 && r[0] == '"' && r[n] == '"' && bytes.IndexByte(r, '\\') < 0 && utf8.Valid(r) {
		return string(r[1:n]) // most are so plain, and long ones are copied once
	}
	b, err := jsontext.AppendUnquote(nil, r)
	if err != nil && len(b) == 0 {
		return ""
	}
	return string(b)
}

// Trouble says where an error of this package found text that is no JSON, as a number of bytes from the start, and
// what is wrong there. The place is -1 where the text ends too soon.
func Trouble(err error) (offset int, reason string) {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return -1, "it ends too soon"
	}
	if errors.Is(syntax.Err, io.ErrUnexpectedEOF) {
		return -1, "it ends too soon"
	}
	return int(syntax.ByteOffset), syntax.Err.Error()
}

// Names returns the member names of a JSON object in the order in which they stand there, each once; none for any
// other value.
func Names(r Raw) []string {
	if r.Kind() != '{' {
		return nil
	}
	var names []string
	seen := map[string]bool{}
	d := jsontext.NewDecoder(bytes.NewReader(r), options)
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			break
		}
		if s := name.String(); !seen[s] {
			seen[s] = true
			names = append(names, s)
		}
		if d.SkipValue() != nil {
			break
		}
	}
	return names
}

// Compact is a JSON text without white space between values; one that is no JSON stays as it is.
func Compact(b []byte) []byte {
	v := Raw(bytes.Clone(b))
	if v.Compact(options) != nil {
		return b
	}
	return v
}

// Pretty sets a JSON value for a person: on one line where that has at most so many bytes, else each member and element on a line of
// its own, indented by what is around it in the value alone, wherever the value was taken from.
func Pretty(r Raw, oneLine int) string {
	v := r.Clone()
	if v.Compact(options) != nil {
		return strings.TrimSpace(string(r))
	}
	if len(v) > oneLine && v.Indent(options, jsontext.WithIndent("  ")) != nil {
		return strings.TrimSpace(string(r))
	}
	return string(v)
}

// IsNull reports whether r says nothing: it is absent or null.
func IsNull(r Raw) bool { return len(r) == 0 || r.Kind() == 'n' }

// fill decodes b into v piece by piece, gives up only on the pieces that do not fit, and reports whether anything did.
func fill(b []byte, v reflect.Value) bool {
	if json.Unmarshal(b, v.Addr().Interface(), options) == nil {
		return true
	}
	v.SetZero()
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		if !fill(b, fresh.Elem()) {
			return false
		}
		v.Set(fresh)
		return true
	case reflect.Struct:
		return fillStruct(b, v)
	case reflect.Slice:
		return fillSlice(b, v)
	case reflect.Map:
		return fillMap(b, v)
	case reflect.Int64, reflect.Int:
		if f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64); err == nil && math.Abs(f) < 1<<62 {
			v.SetInt(int64(f))
			return true
		}
	}
	return false
}

func fillStruct(b []byte, v reflect.Value) bool {
	fields := map[string]reflect.Value{}
	collectFields(v, fields)
	return pieces(b, '{', func(name string, raw Raw) {
		if field, ok := fields[name]; ok {
			fill(raw, field)
		}
	})
}

// collectFields finds the fields of a struct by their names, those of embedded structs among them.
func collectFields(v reflect.Value, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Pointer {
			v.Field(i).Set(reflect.New(field.Type.Elem()))
			collectFields(v.Field(i).Elem(), fields)
		}
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = v.Field(i)
		}
	}
}

// maxFilled bounds how many members are looked at of a value that does not fit as a whole: each takes many times its bytes.
const maxFilled = 10_000

func fillSlice(b []byte, v reflect.Value) bool {
	return pieces(b, '[', func(_ string, raw Raw) {
		element := reflect.New(v.Type().Elem()).Elem()
		fill(raw, element)
		v.Set(reflect.Append(v, element))
	})
}

func fillMap(b []byte, v reflect.Value) bool {
	if v.Type().Key().Kind() != reflect.String || Raw(b).Kind() != '{' {
		return false
	}
	v.Set(reflect.MakeMap(v.Type()))
	return pieces(b, '{', func(name string, raw Raw) {
		value := reflect.New(v.Type().Elem()).Elem()
		if fill(raw, value) {
			v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), value)
		}
	})
}

// pieces calls fn for the members of an object, or the elements of a list. It reports whether b is of that kind.
func pieces(b []byte, kind jsontext.Kind, fn func(name string, raw Raw)) bool {
	d := jsontext.NewDecoder(bytes.NewBuffer(b), options)
	if d.PeekKind() != kind {
		return false
	}
	_, err := each(d, kind, maxFilled, func(name string, d *Decoder) error {
		raw, err := d.ReadValue()
		if err == nil {
			fn(name, raw)
		}
		return err
	})
	return err == nil
}

// Elements calls fn for each element of the list that d comes to next, at most n of them, and says how many it passed
// over. What is no list is passed over, too.
func Elements(d *Decoder, n int, fn func(d *Decoder) error) (over int, err error) {
	return each(d, '[', n, func(string, *Decoder) error { return fn(d) })
}

// Members does the same for the members of an object.
func Members(d *Decoder, n int, fn func(name string, d *Decoder) error) (over int, err error) {
	return each(d, '{', n, fn)
}

func each(d *Decoder, kind jsontext.Kind, n int, fn func(name string, d *Decoder) error) (over int, err error) {
	if d.PeekKind() != kind {
		return 0, d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return 0, err
	}
	for ; d.PeekKind() != kind+2; n-- { // '}' and ']' are two after their beginnings
		name := ""
		if kind == '{' {
			t, err := d.ReadToken()
			if err != nil {
				return over, err
			}
			name = t.String()
		}
		if n <= 0 {
			over++
			err = d.SkipValue()
		} else {
			err = fn(name, d)
		}
		if err != nil {
			return over, err
		}
	}
	_, err = d.ReadToken()
	return over, err
}

// Canonical is r with sorted keys and without white space, for comparing values whose writers order keys differently.
func Canonical(r Raw) string {
	c := bytes.Clone(r)
	v := Raw(c)
	if v.Format(options, jsontext.ReorderRawObjects(true)) != nil {
		return string(r)
	}
	return string(v)
}
