package config

import (
	"slices"
)

// codec reads a value into a variable and writes it back. What write returns,
// read accepts and gives the same variable.
type codec interface {
	read(fs *Faults, v *value)
	write() *value
}

// field is a key of a section.
type field struct {
	key string
	codec
	required bool
}

// fields are the keys of a section, in the order they are printed.
type fields []field

func (f fields) names() []string {
	names := make([]string, len(f))
	for i := range f {
		names[i] = f[i].key
	}
	return names
}

func (f fields) read(fs *Faults, v *value) {
	if v.null() {
		v = &value{kind: mapping, at: v.at}
	}
	if v.kind != mapping {
		fs.add(v.at, "got %v (want a mapping with %s)", v, list(f.names()))
		return
	}
	for _, e := range v.entries {
		i := slices.IndexFunc(f, func(x field) bool { return x.key == e.key })
		if i < 0 {
			fs.add(e.at, "unknown key %q (%s)", e.key, nearest(e.key, f.names()))
			continue
		}
		f[i].read(fs, e.value)
	}
	for _, x := range f {
		if x.required && v.find(x.key) == nil {
			fs.add(v.at, "%q is missing", x.key)
		}
	}
}

func (f fields) write() *value {
	v := &value{kind: mapping}
	for _, x := range f {
		if w := x.codec.write(); w != nil {
			v.entries = append(v.entries, entry{key: x.key, value: w})
		}
	}
	return v
}

// given is a codec that notes that there was something to read.
type given struct {
	codec
	p *bool
}

func (g given) read(fs *Faults, v *value) {
	*g.p = true
	g.codec.read(fs, v)
}
