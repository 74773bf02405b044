package table

import (
	"reflect"
	"strings"
)

// sqlColumn is a column as an engine has to be told of it, made of the fields of a row, which alone say what there is.
type sqlColumn struct {
	name     string
	of       sqlType // of a list the type of its elements, of a map that of its values; keys are texts
	many     sqlType // notMany, aList or aMap
	nullable bool
}

type sqlType string

const (
	aText   sqlType = "text"
	aWhole  sqlType = "whole"
	aTruth  sqlType = "truth"
	aMoment sqlType = "moment"
	aMoney  sqlType = "money"
	notMany sqlType = ""
	aList   sqlType = "list"
	aMap    sqlType = "map"
)

// dtColumn is in the path of a part and not in it.
const dtColumn = "dt"

func columnsOf[R row]() (out []sqlColumn) {
	t := reflect.TypeFor[R]()
	for i := range t.NumField() {
		f := t.Field(i)
		_, options, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		c := sqlColumn{name: column(f), nullable: f.Type.Kind() == reflect.Pointer || strings.Contains(options, "optional")}
		switch f.Type.Kind() {
		case reflect.Slice:
			c.many = aList
		case reflect.Map:
			c.many, options = aMap, f.Tag.Get("parquet-value")
		}
		c.of = typeOf(f.Type, options)
		out = append(out, c)
	}
	return out
}

// typeOf is the type of a field: what it points to, or of what it has many.
func typeOf(t reflect.Type, options string) sqlType {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return typeOf(t.Elem(), options)
	case reflect.String:
		return aText
	case reflect.Bool:
		return aTruth
	}
	switch {
	case strings.Contains(options, "timestamp("):
		return aMoment
	case strings.Contains(options, "decimal("):
		return aMoney
	}
	return aWhole
}

// dialect is how an engine spells types.
type dialect struct {
	types    map[sqlType]string
	list     string // of %s
	mapped   string // of %s, its values
	nullable string // of %s, where the engine wants to know
}

func (d dialect) spell(c sqlColumn) string {
	t := d.types[c.of]
	switch {
	case c.many == aList:
		return strings.ReplaceAll(d.list, "%s", t)
	case c.many == aMap:
		return strings.ReplaceAll(d.mapped, "%s", t)
	case c.nullable:
		return strings.ReplaceAll(d.nullable, "%s", t)
	}
	return t
}

var clickHouseTypes = dialect{
	types: map[sqlType]string{aText: "String", aWhole: "Int64", aTruth: "Bool", aMoment: "DateTime64(6, 'UTC')", aMoney: "Decimal(18, 10)"},
	list:  "Array(%s)", mapped: "Map(String, %s)", nullable: "Nullable(%s)",
}

// hiveTypes are those of Athena's and Spark's tables.
var hiveTypes = dialect{
	types: map[sqlType]string{aText: "string", aWhole: "bigint", aTruth: "boolean", aMoment: "timestamp", aMoney: "decimal(18,10)"},
	list:  "array<%s>", mapped: "map<string,%s>", nullable: "%s",
}

// trinoTypes has times in milliseconds: what a catalog takes where nobody set hive.timestamp-precision.
var trinoTypes = dialect{
	types: map[sqlType]string{aText: "varchar", aWhole: "bigint", aTruth: "boolean", aMoment: "timestamp(3)", aMoney: "decimal(18,10)"},
	list:  "array(%s)", mapped: "map(varchar, %s)", nullable: "%s",
}

// spelled are the columns of a table, each with its type, the names as quote makes them.
func (d dialect) spelled(columns []sqlColumn, quote func(string) string) (out []string) {
	for _, c := range columns {
		out = append(out, quote(c.name)+" "+d.spell(c))
	}
	return out
}
