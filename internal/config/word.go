package config

import (
	"slices"
	"strconv"
)

// text is words, such as a path. Numbers and truth values need quotes to be
// text.
type text struct{ p *string }

// label is text that may look like a number: the name of a column.
type label struct{ p *string }

func (t text) read(fs *Faults, v *value) {
	if v.kind != scalar || v.null() || !v.quoted && (isNumber(v.text) || isBool(v.text)) {
		fs.add(v.at, "got %v (want text)", v)
		return
	}
	*t.p = v.text
}

func (t text) write() *value {
	if *t.p == "" {
		return nil
	}
	return plainText(*t.p)
}

func (t label) read(fs *Faults, v *value) {
	if v.kind != scalar || v.null() {
		fs.add(v.at, "got %v (want the name or the number of a column)", v)
		return
	}
	*t.p = v.text
}

func (t label) write() *value { return text(t).write() }

// labels is a list of column names.
type labels struct{ p *[]string }

func (t labels) read(fs *Faults, v *value) {
	if v.kind != sequence {
		fs.add(v.at, "got %v (want a list)", v)
		return
	}
	*t.p = nil
	for _, e := range v.entries {
		var s string
		label{&s}.read(fs, e.value)
		*t.p = append(*t.p, s)
	}
}

func (t labels) write() *value {
	if len(*t.p) == 0 {
		return nil
	}
	v := &value{kind: sequence}
	for _, s := range *t.p {
		v.entries = append(v.entries, entry{value: plainText(s)})
	}
	return v
}

// word is one of a few.
type word struct {
	p    *string
	want []string
}

func (w word) read(fs *Faults, v *value) {
	if v.kind != scalar || !slices.Contains(w.want, v.text) {
		if v.kind == scalar && !v.null() {
			fs.add(v.at, "unknown value %v (%s)", v, nearest(v.text, w.want))
			return
		}
		fs.add(v.at, "got %v (want %s)", v, list(w.want))
		return
	}
	*w.p = v.text
}

func (w word) write() *value { return &value{text: *w.p} }

// flag is true or false.
type flag struct{ p *bool }

func isBool(s string) bool { return s == "true" || s == "false" }

func (b flag) read(fs *Faults, v *value) {
	if v.kind != scalar || v.quoted || !isBool(v.text) {
		fs.add(v.at, "got %v (want true or false)", v)
		return
	}
	*b.p = v.text == "true"
}

func (b flag) write() *value { return &value{text: strconv.FormatBool(*b.p)} }

// name is text that can be a part of a file name.
type name struct{ p *string }

func (n name) read(fs *Faults, v *value) {
	var s string
	label{&s}.read(fs, v)
	for _, r := range s {
		if r == '/' || r == '\\' || r < ' ' {
			fs.add(v.at, "got %v (want a name without slashes: it becomes a directory)", v)
			return
		}
	}
	if s != "" {
		*n.p = s
	}
}

func (n name) write() *value { return plainText(*n.p) }
