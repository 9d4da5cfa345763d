package main

import (
	"bytes"
	"encoding/json"
)

// plainJSON is v as JSON for programs to read: names such as <=50K stay as
// they are. The indent is that of each level, "" for one line.
func plainJSON(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
