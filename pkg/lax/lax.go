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
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Raw is a JSON value that is passed on as it came.
type Raw = jsontext.Value

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
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := json.MarshalWrite(&b, v, encodeOptions); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
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
	b, err := jsontext.AppendUnquote(nil, r)
	if err != nil && len(b) == 0 {
		return ""
	}
	return string(b)
}

// Trouble says where an error of this package found text that is no JSON, as a number of bytes from the start, and what is wrong there. The
// place is -1 where the text ends too soon.
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

// Names returns the member names of a JSON object in the order in which they stand there, each once; none for any other value.
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
	var members map[string]Raw
	if json.Unmarshal(b, &members, options) != nil {
		return false
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if raw, ok := members[name]; ok && name != "" && name != "-" {
			fill(raw, v.Field(i))
		}
	}
	return true
}

func fillSlice(b []byte, v reflect.Value) bool {
	var elements []Raw
	if json.Unmarshal(b, &elements, options) != nil {
		return false
	}
	v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
	for i, raw := range elements {
		fill(raw, v.Index(i))
	}
	return true
}

func fillMap(b []byte, v reflect.Value) bool {
	var members map[string]Raw
	if v.Type().Key().Kind() != reflect.String || json.Unmarshal(b, &members, options) != nil {
		return false
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(members)))
	for name, raw := range members {
		value := reflect.New(v.Type().Elem()).Elem()
		if fill(raw, value) {
			v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), value)
		}
	}
	return true
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
