package hook

import (
	"reflect"
	"strings"
	"testing"

	"ams/pkg/lax"
)

// TestEveryTextOfAPayloadIsBounded makes each field of a payload large.
func TestEveryTextOfAPayloadIsBounded(t *testing.T) {
	const part = 2000
	large := strings.Repeat("large ", 10_000)
	typ := reflect.TypeFor[Payload]()
	for i := range typ.NumField() {
		p := Payload{MCPServer: &MCPServer{Name: large, Source: large}}
		field := reflect.ValueOf(&p).Elem().Field(i)
		switch v := field.Addr().Interface().(type) {
		case *string:
			*v = large
		case *lax.Raw:
			*v = lax.Raw(`{"text":"` + large + `"}`)
		default:
			continue
		}
		if typ.Field(i).Name == "SessionID" {
			continue // it names the spool
		}
		room := lax.Room{Left: 1 << 20, Part: part}
		p.Fit(&room)
		if field.Len() > part || room.Cut != 1 || len(p.MCPServer.Name) > part {
			t.Errorf("%s: got %d bytes and %d cut, want at most %d and 1", typ.Field(i).Name, field.Len(), room.Cut, part)
		}
	}
}
