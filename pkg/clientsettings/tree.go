package clientsettings

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"ams/pkg/lax"
)

// node is a JSON value and where it stands.
type node struct {
	kind       byte // { [ " 0 t f n, as in lax.Raw.Kind
	start, end int
	items      []item
}

// item is a member of an object, or an element of an array.
type item struct {
	name  string // of a member
	start int    // of the name, or of the element
	value *node
}

// bom begins files of some editors on Windows. The client skips it.
var bom = []byte("\xef\xbb\xbf")

// SyntaxError says where a settings file is not what the client reads. The client then ignores the whole file without
// a word.
type SyntaxError struct {
	Line, Column int // from 1; the column counts bytes
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d column %d: %s", e.Line, e.Column, e.Reason)
}

func syntaxAt(b []byte, offset int, reason string) *SyntaxError {
	before := b[:min(max(offset, 0), len(b))]
	return &SyntaxError{
		Line: bytes.Count(before, []byte("\n")) + 1, Column: len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1, Reason: reason,
	}
}

// maxDepth bounds the nesting of a settings file; no person nests deeper, and the tree is walked by recursion.
const maxDepth = 200

// parseTree reads one JSON value and where its parts stand.
func parseTree(b []byte) (*node, error) {
	at := 0
	if bytes.HasPrefix(b, bom) {
		at = len(bom)
	}
	p := &treeParser{text: b, base: at, dec: lax.NewDecoder(bytes.NewReader(b[at:]))}
	root, err := p.value(0)
	if err == nil {
		if _, err = p.dec.ReadToken(); err == io.EOF {
			return root, nil
		} else if err == nil {
			err = syntaxAt(b, p.offset(), "there is something behind the end of the object")
		}
	}
	if _, ok := err.(*SyntaxError); ok {
		return nil, err
	}
	offset, reason := lax.Trouble(err)
	if offset < 0 {
		offset = len(b) - at
	}
	return nil, syntaxAt(b, offset+at, reason)
}

type treeParser struct {
	text []byte
	base int
	dec  *lax.Decoder
}

// offset is the end of the token that was read last.
func (p *treeParser) offset() int { return int(p.dec.InputOffset()) + p.base }

// next is the start of the token that follows.
func (p *treeParser) next() int {
	at := p.offset()
	for at < len(p.text) && strings.IndexByte(" \t\r\n,:", p.text[at]) >= 0 {
		at++
	}
	return at
}

func (p *treeParser) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, syntaxAt(p.text, p.offset(), "it is nested too deep")
	}
	start := p.next()
	token, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	n := &node{kind: byte(token.Kind()), start: start, end: p.offset()}
	if n.kind != '{' && n.kind != '[' {
		return n, nil
	}
	for {
		kind := byte(p.dec.PeekKind())
		if kind == '}' || kind == ']' {
			_, err := p.dec.ReadToken()
			n.end = p.offset()
			return n, err
		}
		it := item{start: p.next()}
		if n.kind == '{' {
			name, err := p.dec.ReadToken()
			if err != nil {
				return nil, err
			}
			it.name = name.String()
		}
		if it.value, err = p.value(depth + 1); err != nil {
			return nil, err
		}
		n.items = append(n.items, it)
	}
}

// member is the value of an object's member, nil where there is none. Of several of one name the client takes the last.
func (n *node) member(name string) *node {
	if i := n.index(name); i >= 0 {
		return n.items[i].value
	}
	return nil
}

func (n *node) index(name string) int {
	if n == nil || n.kind != '{' {
		return -1
	}
	for i := len(n.items) - 1; i >= 0; i-- {
		if n.items[i].name == name {
			return i
		}
	}
	return -1
}

// kindName is what a person calls a kind of value.
func kindName(n *node) string {
	switch n.kind {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case '0':
		return "a number"
	case 'n':
		return "null"
	}
	return "true or false"
}
