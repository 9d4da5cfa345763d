package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// kind is what a value is.
type kind uint8

const (
	scalar kind = iota
	sequence
	mapping
)

// value is a piece of YAML and where it stands. A scalar keeps its spelling:
// what it means is for the reader of its key to say.
type value struct {
	kind    kind
	at      place
	text    string
	quoted  bool    // text in quotes is never a number
	entries []entry // of a sequence, without keys, or a mapping
}

type entry struct {
	key   string
	at    place // of the key
	value *value
}

// find returns the value of a key, or nil.
func (v *value) find(key string) *value {
	for _, e := range v.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// null reports whether the value is there in name only.
func (v *value) null() bool {
	return v.kind == scalar && !v.quoted && (v.text == "" || v.text == "~" || v.text == "null")
}

// String describes the value for messages.
func (v *value) String() string {
	switch {
	case v.kind == sequence:
		return "a list"
	case v.kind == mapping:
		return "a mapping"
	case v.null():
		return "nothing"
	case v.quoted:
		return fmt.Sprintf("%.40q", v.text)
	}
	return fmt.Sprintf("%.40s", v.text)
}

const (
	maxBytes = 64 << 10 // of a configuration
	maxLines = 4000     // the parser's time grows with their square
	maxDepth = 40       // of nesting
)

// parse reads one YAML document. Anchors, aliases, tags and merge keys have no
// use here and are refused, so a value is never larger than its text.
func parse(source string, text []byte) (*value, error) {
	whole := place{source: source}
	switch {
	case len(text) > maxBytes:
		return nil, Faults{{whole, fmt.Sprintf("%d bytes (want at most %d for a configuration)", len(text), maxBytes)}}
	case bytes.Count(text, []byte("\n")) > maxLines:
		return nil, Faults{{whole, fmt.Sprintf("more than %d lines: is it a configuration?", maxLines)}}
	case !utf8.Valid(text):
		return nil, Faults{{whole, "this is not text in UTF-8: is it a configuration?"}}
	}
	if line := tooDeep(text); line > 0 {
		return nil, Faults{{place{source, line, 1}, fmt.Sprintf("nested deeper than %d levels", maxDepth)}}
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Faults{syntaxFault(whole, err)}
	}
	c := converter{source: source}
	root := &value{kind: mapping, at: place{source, 1, 1}}
	for i, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		body := c.convert(doc.Body, 0)
		if i > 0 {
			c.faults.add(body.at, "a second document (want one)")
			break
		}
		root = body
	}
	if root.null() {
		root = &value{kind: mapping, at: root.at}
	}
	return root, c.faults.err()
}

// tooDeep returns the line on which the text has more open brackets, or begins
// with more indicators such as "- - -", than any configuration does; 0 if none.
// It keeps a hostile file from the parser's stack.
func tooDeep(text []byte) int {
	open, line := 0, 1
	indicators, leading := 0, true
	for _, b := range text {
		switch b {
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		case '-', '?', ':':
			indicators++
		case '\n':
			line++
			indicators, leading = 0, true
		case ' ':
		default:
			leading = false
		}
		if open > maxDepth || leading && indicators > maxDepth {
			return line
		}
	}
	return 0
}

func syntaxFault(whole place, err error) Fault {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil {
		whole.line, whole.col = syntax.Token.Position.Line, syntax.Token.Position.Column
		return Fault{whole, "YAML: " + syntax.Message}
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return Fault{whole, "YAML: " + first}
}

// converter makes values of the parser's nodes.
type converter struct {
	source string
	faults Faults
}

func (c *converter) place(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{source: c.source}
	}
	return place{c.source, t.Position.Line, t.Position.Column}
}

func (c *converter) convert(n ast.Node, depth int) *value {
	v := &value{}
	if n == nil {
		v.at = place{source: c.source}
		return v
	}
	v.at = c.place(n.GetToken())
	if depth > maxDepth {
		c.faults.add(v.at, "nested deeper than %d levels", maxDepth)
		return v
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		v.kind = mapping
		for _, m := range n.Values {
			c.member(v, m, depth)
		}
		if len(v.entries) > 0 && !n.IsFlowStyle {
			v.at = v.entries[0].at
		}
	case *ast.MappingValueNode:
		v.kind = mapping
		c.member(v, n, depth)
		if len(v.entries) > 0 {
			v.at = v.entries[0].at
		}
	case *ast.SequenceNode:
		v.kind = sequence
		for _, item := range n.Values {
			e := c.convert(item, depth+1)
			v.entries = append(v.entries, entry{at: e.at, value: e})
		}
	case *ast.StringNode:
		t := n.GetToken().Type
		v.text, v.quoted = n.Value, t == token.SingleQuoteType || t == token.DoubleQuoteType
	case *ast.LiteralNode:
		v.text, v.quoted = n.Value.Value, true
	case *ast.NullNode:
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		v.text = strings.TrimSpace(n.GetToken().Value)
	default:
		c.faults.add(v.at, "YAML: %s is not used in configurations", strings.ToLower(n.Type().String()))
	}
	return v
}

func (c *converter) member(v *value, m *ast.MappingValueNode, depth int) {
	at := c.place(m.Key.GetToken())
	key := c.convert(m.Key, depth+1)
	if key.kind != scalar {
		c.faults.add(at, "a key must be a word")
		return
	}
	if v.find(key.text) != nil {
		c.faults.add(at, "key %q comes a second time", key.text)
		return
	}
	v.entries = append(v.entries, entry{key.text, at, c.convert(m.Value, depth+1)})
}
