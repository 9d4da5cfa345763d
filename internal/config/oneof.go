package config

// part is a thing that comes in kinds: a layer, an optimizer. Its keys are its
// options; a value that is no mapping is for the first of them.
type part interface{ keys() fields }

// alternative is a kind by name. make returns one with its defaults.
type alternative[T part] struct {
	name string
	make func() T
}

func namesOf[T part](all []alternative[T]) []string {
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.name
	}
	return names
}

// choice is one thing of several kinds, written name, {name: option} or
// {name: {key: option, ...}}.
type choice[T part] struct {
	what string
	all  []alternative[T]
	name *string
	p    *T
}

func (c choice[T]) read(fs *Faults, v *value) {
	name, at, arg := v.text, v.at, (*value)(nil)
	switch {
	case v.kind == mapping && len(v.entries) == 1:
		name, at, arg = v.entries[0].key, v.entries[0].at, v.entries[0].value
	case v.kind != scalar || v.null():
		fs.add(v.at, "got %v (want one %s: %s)", v, c.what, list(namesOf(c.all)))
		return
	}
	for _, a := range c.all {
		if a.name == name {
			*c.name, *c.p = name, a.make()
			c.options(fs, at, arg)
			return
		}
	}
	fs.add(at, "unknown %s %q (%s)", c.what, name, nearest(name, namesOf(c.all)))
}

func (c choice[T]) options(fs *Faults, at place, arg *value) {
	keys := (*c.p).keys()
	switch {
	case arg == nil || arg.null():
		keys.read(fs, &value{kind: mapping, at: at})
	case arg.kind == mapping:
		keys.read(fs, arg)
	case len(keys) == 0:
		fs.add(arg.at, "%s takes no options (got %v)", *c.name, arg)
	default:
		keys[0].read(fs, arg)
		for _, k := range keys[1:] {
			if k.required {
				fs.add(arg.at, "%q is missing", k.key)
			}
		}
	}
}

func (c choice[T]) write() *value {
	keys := (*c.p).keys()
	arg := keys.write()
	switch {
	case len(arg.entries) == 0:
		return &value{text: *c.name}
	case len(arg.entries) == 1 && standsAlone(keys) && arg.entries[0].value.kind != mapping:
		arg = arg.entries[0].value
	}
	return &value{kind: mapping, entries: []entry{{key: *c.name, value: arg}}}
}

// standsAlone reports whether the first option is written by itself where it is the
// only one: there are no others, or only lists of layers that may be left out.
func standsAlone(keys fields) bool {
	for _, k := range keys[1:] {
		if _, ok := k.codec.(someLayers); !ok {
			return false
		}
	}
	return true
}
