package table

import (
	"reflect"
	"testing"
)

// filled is a row with a value in each field.
func filled[R row]() *R {
	r := new(R)
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		fill(v.Field(i), i)
	}
	return r
}

func fill(v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("ä\n\x00"[:2+n%3] + "x")
	case reflect.Int64:
		v.SetInt(int64(n) << (n % 50) * int64(1-n%2*2))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem())) // of 0, which is not nil
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range n % 3 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, i)
			fill(value, i)
			v.SetMapIndex(key, value)
		}
	}
}

func TestASpillGivesBackEachField(t *testing.T) {
	backAsItWas(t, filled[Session](), new(Session))
	backAsItWas(t, filled[Event](), new(Event))
}

func backAsItWas[R row](t *testing.T, rows ...*R) {
	t.Helper()
	s, err := newSpill()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	frames, n, err := add(s, func(yield func(*R, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil || n != len(rows) {
		t.Fatal(n, err)
	}
	i := 0
	for got, err := range kept[R](s, frames) {
		if err != nil || i == len(rows) || !reflect.DeepEqual(got, rows[i]) {
			t.Fatalf("row %d: got %+v, %v", i, got, err)
		}
		i++
	}
	if i != len(rows) {
		t.Errorf("got %d rows, want %d", i, len(rows))
	}
}

func TestADamagedSpillIsSaid(t *testing.T) {
	a := &adder{buffers: new(buffers)}
	if err := a.add(filled[Session]()); err != nil {
		t.Fatal(err)
	}
	for n := range a.buf {
		if _, err := unpack(a.buf[:n], new(Session)); err == nil {
			t.Errorf("its first %d bytes are a row", n)
		}
	}
	for i := range a.buf {
		other := append([]byte(nil), a.buf...)
		other[i] ^= 0xff
		_, _ = unpack(other, new(Session)) // whatever it is, it ends
	}
}
