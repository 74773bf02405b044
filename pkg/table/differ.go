package table

import (
	"reflect"
	"strings"
)

// differ names the first column in which two rows differ, "" for none. A part tells no difference between none and an
// empty list or map.
func differ[R any](a, b *R) string {
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range va.NumField() {
		x, y := va.Field(i), vb.Field(i)
		if k := x.Kind(); (k == reflect.Slice || k == reflect.Map) && x.Len() == 0 && y.Len() == 0 {
			continue
		}
		if !reflect.DeepEqual(x.Interface(), y.Interface()) {
			return column(va.Type().Field(i))
		}
	}
	return ""
}

// column is the name of the column of a field of a row.
func column(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
	return name
}
