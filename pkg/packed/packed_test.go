package packed

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

type kind string

type inner struct {
	N    int64
	Cost float64
	Name string
}

type outer struct {
	Yes     bool
	Small   int
	Kind    kind
	At      struct{ time.Time }
	Text    *string
	Number  *int64
	Raw     []byte
	List    []string
	Structs []inner
	Named   map[string]inner
	Kinds   map[kind]int
	Raws    map[string][]byte
	Within  inner
	Pointer *inner
	Deep    map[string][]*inner
}

func TestUnpackGivesWhatWasPacked(t *testing.T) {
	c := For[outer]()
	used := outer{List: []string{"a"}, Named: map[string]inner{"stays": {}}} // it is used again and again
	same := func(seed uint64) bool {
		var v outer
		fill(reflect.ValueOf(&v).Elem(), rand.New(rand.NewPCG(seed, 1)), int(seed%6))
		b := c.Append([]byte("before"), &v)[len("before"):]
		var fresh outer
		if err := c.Unpack(b, &fresh); err != nil || !reflect.DeepEqual(fresh, v) {
			t.Errorf("%v\n got %+v\nwant %+v", err, fresh, v)
			return false
		}
		if err := c.Unpack(b, &used); err != nil || !reflect.DeepEqual(used, v) {
			t.Errorf("into a used value: %v\n got %+v\nwant %+v", err, used, v)
			return false
		}
		return true
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 500}); err != nil {
		t.Error(err)
	}
}

// TestOnlyPassesOverMaps: what is passed over is empty, and all the rest is as it was.
func TestOnlyPassesOverMaps(t *testing.T) {
	type record struct {
		Name  string           `json:"name"`
		Files map[string]inner `json:"files,omitempty"`
		List  []string         `json:"list"`
		Tools map[string]int   `json:"tools"`
		Last  map[kind]string  `json:"last"`
		End   int              `json:"end"`
	}
	c := For[record]()
	for _, only := range [][]string{{}, {"tools"}, {"files", "last", "no such map", "name"}, {"files", "tools", "last"}} {
		got := record{Files: map[string]inner{"of the one before": {}}, Tools: map[string]int{"stays": 1}}
		for seed := range uint64(50) {
			var v record
			fill(reflect.ValueOf(&v).Elem(), rand.New(rand.NewPCG(seed, 2)), int(seed%6))
			b := c.Append(nil, &v)
			if !slices.Contains(only, "files") {
				clear(v.Files) // nil stays nil
			}
			if !slices.Contains(only, "tools") {
				clear(v.Tools) // nil stays nil
			}
			if !slices.Contains(only, "last") {
				clear(v.Last) // nil stays nil
			}
			if err := c.Only(only...).Unpack(b, &got); err != nil || !reflect.DeepEqual(got, v) {
				t.Fatalf("only %v: %v\n got %+v\nwant %+v", only, err, got, v)
			}
			whole := record{}
			if err := c.Unpack(b, &whole); err != nil {
				t.Fatal(err)
			}
			if c.Only(only...).Trim(&whole); !reflect.DeepEqual(whole, v) {
				t.Fatalf("only %v: trimmed to %+v, want %+v", only, whole, v)
			}
			for n := range b {
				_ = c.Only(only...).Unpack(b[:n], &got) // an error, or another value
			}
		}
	}
}

// fill gives every part of v a value, nil and empty ones among them.
func fill(v reflect.Value, r *rand.Rand, size int) {
	if t, ok := v.Addr().Interface().(*time.Time); ok {
		if r.IntN(4) > 0 {
			*t = time.UnixMicro(r.Int64N(4e15)).UTC()
		}
		return
	}
	n := r.IntN(size + 2)
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(n > 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(r.Uint64() >> r.IntN(64)))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.String:
		b := make([]byte, n*50)
		for i := range b {
			b[i] = byte(r.IntN(256))
		}
		v.SetString(string(b))
	case reflect.Pointer:
		if n > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), r, size)
		}
	case reflect.Slice:
		if n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
		for i := range n - 1 {
			if e := v.Index(i); e.Kind() == reflect.Uint8 {
				e.SetUint(r.Uint64() & 0xff)
			} else {
				fill(e, r, size)
			}
		}
	case reflect.Map:
		if n == 0 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range n - 1 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(k, r, size)
			fill(e, r, size)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), r, size)
		}
	}
}

func TestShapesTellTypesApart(t *testing.T) {
	type other struct{ N, Cost int64 }
	type renamed struct {
		N    int64
		Cost float64
		Nome string
	}
	shapes := map[uint64]string{}
	for name, shape := range map[string]uint64{
		"inner": For[inner]().Shape(), "other": For[other]().Shape(), "renamed": For[renamed]().Shape(), "a list": For[[]inner]().Shape(),
	} {
		if twin, ok := shapes[shape]; ok {
			t.Errorf("%s has the shape of %s", name, twin)
		}
		shapes[shape] = name
	}
	if again := For[inner]().Shape(); shapes[again] != "inner" {
		t.Error("a type has two shapes")
	}
}

func TestForRefusesWhatHasNoForm(t *testing.T) {
	type list struct{ Next *list }
	type hidden struct{ n int }
	for name, make := range map[string]func(){
		"contains itself": func() { For[list]() }, "unexported": func() { _ = hidden{0}.n; For[hidden]() }, "any": func() { For[map[string]any]() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it was taken", name)
				}
			}()
			make()
		}()
	}
}

func TestUnpackRefusesMoreAndLess(t *testing.T) {
	c := For[inner]()
	b := c.Append(nil, &inner{N: 300, Cost: 1.5, Name: "a name"})
	for n := range b {
		if c.Unpack(b[:n], new(inner)) == nil {
			t.Errorf("%d of %d bytes were taken", n, len(b))
		}
	}
	if c.Unpack(append(b, 0), new(inner)) == nil {
		t.Error("a byte more was taken")
	}
}

// FuzzUnpack reads what no codec wrote.
func FuzzUnpack(f *testing.F) {
	c := For[outer]()
	for seed := range uint64(5) {
		var v outer
		fill(reflect.ValueOf(&v).Elem(), rand.New(rand.NewPCG(seed, 1)), 3)
		f.Add(c.Append(nil, &v))
	}
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var v outer
		if c.Unpack(b, &v) != nil {
			return
		}
		var again outer
		if err := c.Unpack(c.Append(nil, &v), &again); err != nil {
			t.Error(err)
		}
	})
}
