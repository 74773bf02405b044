package schema_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ams/pkg/schema"
)

var (
	rawType  = reflect.TypeFor[schema.Raw]()
	timeType = reflect.TypeFor[schema.Time]()
)

type object = map[string]any

// TestEveryFieldIsDescribed holds the Go types and the published schemas together, both ways.
func TestEveryFieldIsDescribed(t *testing.T) {
	for _, row := range []struct {
		name string
		text []byte
		root reflect.Type
	}{
		{"session", schema.SessionSchema(), reflect.TypeFor[schema.Session]()},
		{"index", schema.IndexSchema(), reflect.TypeFor[schema.Summary]()},
	} {
		var root object
		if err := json.Unmarshal(row.text, &root); err != nil {
			t.Fatalf("parse schema %s: %v", row.name, err)
		}
		c := &comparison{T: t, root: root, enums: constants(t), reached: make(map[string]bool)}
		c.value(row.name, row.root, root, false)
		defs, _ := root["$defs"].(object)
		for name := range defs {
			if !c.reached[name] {
				t.Errorf("%s: $defs/%s describes nothing that is written", row.name, name)
			}
		}
	}
}

// comparison walks a Go type and a schema side by side.
type comparison struct {
	*testing.T
	root    object
	enums   map[string][]string // the constants of each string type
	reached map[string]bool     // the $defs that were used
}

// value compares one place. nullable says that the place is always written, as null where it is absent.
func (c *comparison) value(path string, typ reflect.Type, node object, nullable bool) {
	if text, _ := node["description"].(string); text == "" {
		c.Errorf("%s: not described", path)
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	node, null := c.resolve(path, node)
	if null != nullable {
		c.Errorf("%s: schema allows null: got %t, want %t", path, null, nullable)
	}
	switch {
	case typ == rawType:
		if len(node) != 1 {
			c.Errorf("%s: got limits %v, want none: it is passed on as the client gave it", path, node)
		}
	case typ == timeType:
		c.kind(path, node, "string")
		if pattern, _ := node["pattern"].(string); !strings.HasSuffix(pattern, `\+00:00$`) {
			c.Errorf("%s: got pattern %q, want that of a time", path, pattern)
		}
	case typ.Kind() == reflect.Struct:
		c.kind(path, node, "object")
		c.fields(path, typ, node)
	case typ.Kind() == reflect.Map:
		c.kind(path, node, "object")
		if each, ok := node["additionalProperties"].(object); ok {
			c.element(path+"{}", typ.Elem(), each)
		} else if typ.Elem() != rawType || node["additionalProperties"] != true {
			c.Errorf("%s: schema does not say what the values are", path)
		}
	case typ.Kind() == reflect.Slice:
		c.kind(path, node, "array")
		each, _ := node["items"].(object)
		c.element(path+"[]", typ.Elem(), each)
	default:
		c.scalar(path, typ, node)
	}
}

// element compares what a list or map holds, which the list's own description describes.
func (c *comparison) element(path string, typ reflect.Type, node object) {
	node = maps.Clone(node)
	if node == nil {
		node = object{}
	}
	node["description"] = path
	c.value(path, typ, node, false)
}

func (c *comparison) fields(path string, typ reflect.Type, node object) {
	if node["additionalProperties"] != false {
		c.Errorf("%s: schema allows fields that it does not describe", path)
	}
	properties, _ := node["properties"].(object)
	var names, required []string
	for i := range typ.NumField() {
		field := typ.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			c.Errorf("%s.%s: field has no JSON name", path, field.Name)
			continue
		}
		names = append(names, name)
		always := options != "omitzero" && options != "omitempty"
		if always {
			required = append(required, name)
		}
		property, ok := properties[name].(object)
		if !ok {
			c.Errorf("%s.%s: %s.%s is not in the schema", path, name, typ.Name(), field.Name)
			continue
		}
		c.value(path+"."+name, field.Type, property, always && field.Type.Kind() == reflect.Pointer)
	}
	for name := range properties {
		if !slices.Contains(names, name) {
			c.Errorf("%s.%s: in the schema, but %s has no such field", path, name, typ.Name())
		}
	}
	if got := texts(node["required"]); !same(got, required) {
		c.Errorf("%s: got required %q, want %q: the fields that are always written", path, got, required)
	}
}

func (c *comparison) scalar(path string, typ reflect.Type, node object) {
	if want, ok := c.enums[typ.Name()]; ok {
		if got := texts(node["enum"]); !same(got, want) {
			c.Errorf("%s: got enum %q, want the constants of %s: %q", path, got, typ.Name(), want)
		}
		return
	}
	kinds := map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean", reflect.Float64: "number",
		reflect.Int: "integer", reflect.Int64: "integer",
	}
	kind := kinds[typ.Kind()]
	if _, fixed := node["const"].(string); kind == "string" && (fixed || len(texts(node["enum"])) > 0) {
		return
	}
	c.kind(path, node, kind)
}

func (c *comparison) kind(path string, node object, want string) {
	if node["type"] != want {
		c.Errorf("%s: got type %v, want %s", path, node["type"], want)
	}
}

// resolve follows the reference of node and takes null out of what it allows.
func (c *comparison) resolve(path string, node object) (resolved object, null bool) {
	node = maps.Clone(node)
	if options, ok := node["anyOf"].([]any); ok && len(options) == 2 {
		second, _ := options[1].(object)
		if first, ok := options[0].(object); ok && second["type"] == "null" {
			delete(node, "anyOf")
			maps.Copy(node, first)
			null = true
		}
	}
	if ref, ok := node["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/$defs/")
		defs, _ := c.root["$defs"].(object)
		target, ok := defs[name].(object)
		if !ok {
			c.Errorf("%s: got reference %q, want one to a definition", path, ref)
		}
		c.reached[name] = true
		delete(node, "$ref")
		maps.Copy(node, target)
	}
	if types, ok := node["type"].([]any); ok && len(types) == 2 && types[1] == "null" {
		node["type"], null = types[0], true
	}
	if enum, ok := node["enum"].([]any); ok && slices.Contains(enum, nil) {
		null = true
	}
	return node, null
}

// constants returns the values of the constants of each string type, from the source of this package.
func constants(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source files: %v", err)
	}
	values := make(map[string][]string)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("parse %s: %v", name, err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			typ, isNamed := spec.Type.(*ast.Ident)
			value, isLiteral := spec.Values[0].(*ast.BasicLit)
			if isNamed && isLiteral && value.Kind == token.STRING {
				if text, err := strconv.Unquote(value.Value); err == nil {
					values[typ.Name] = append(values[typ.Name], text)
				}
			}
			return true
		})
	}
	for _, name := range []string{"Status", "Outcome", "EventType", "CostSource", "ToolOutcome", "Link"} {
		if len(values[name]) < 3 {
			t.Fatalf("got constants %q of type %s, want at least three", values[name], name)
		}
	}
	return values
}

// texts returns the strings of a JSON list.
func texts(list any) []string {
	var out []string
	elements, _ := list.([]any)
	for _, e := range elements {
		if text, ok := e.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// same reports whether a and b hold the same strings in whatever order.
func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
