package config

import (
	"encoding/json"
	"regexp"
	"strings"
)

// lineWidth is how long a line of flow style may get.
const lineWidth = 100

// yaml prints a mapping: one key a line, and what fits on a line in flow style
// behind it.
func (v *value) yaml() []byte {
	var b strings.Builder
	v.block(&b, "")
	return []byte(b.String())
}

func (v *value) block(b *strings.Builder, indent string) {
	for _, e := range v.entries {
		b.WriteString(indent)
		inner := indent + "  "
		if v.kind == sequence {
			b.WriteString("-")
		} else {
			b.WriteString(scalarText(e.key, false) + ":")
		}
		if flow := e.value.flow(); len(inner)+len(e.key)+len(flow) < lineWidth || len(e.value.entries) == 0 {
			b.WriteString(" " + flow + "\n")
			continue
		}
		b.WriteString("\n")
		e.value.block(b, inner)
	}
}

func (v *value) flow() string {
	parts := make([]string, len(v.entries))
	for i, e := range v.entries {
		parts[i] = e.value.flow()
		if v.kind == mapping {
			parts[i] = scalarText(e.key, false) + ": " + parts[i]
		}
	}
	switch v.kind {
	case mapping:
		return "{" + strings.Join(parts, ", ") + "}"
	case sequence:
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return scalarText(v.text, v.quoted)
}

// plain matches what needs no quotes anywhere in YAML.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./+-]([A-Za-z0-9_./+% *<>=-]*[A-Za-z0-9_./+%*-])?$`)

func scalarText(text string, quoted bool) string {
	if !quoted && plain.MatchString(text) && !strings.HasPrefix(text, "- ") && !strings.HasPrefix(text, "--") && text != "-" {
		return text
	}
	b, _ := json.Marshal(text) // a string never fails, and JSON's are YAML's
	return string(b)
}

// plainText returns a scalar for a text, quoted if its spelling alone would be
// something else.
func plainText(text string) *value {
	v := &value{text: text}
	v.quoted = text == "" || v.null() || isNumber(text) || isBool(text)
	return v
}

// json converts the value to JSON: numbers and truth values as such.
func (v *value) json() any {
	switch v.kind {
	case mapping:
		m := map[string]any{}
		for _, e := range v.entries {
			m[e.key] = e.value.json()
		}
		return m
	case sequence:
		l := make([]any, len(v.entries))
		for i, e := range v.entries {
			l[i] = e.value.json()
		}
		return l
	}
	switch {
	case v.quoted:
		return v.text
	case isNumber(v.text) && json.Valid([]byte(v.text)):
		return json.Number(v.text)
	case isBool(v.text):
		return v.text == "true"
	}
	return v.text
}
