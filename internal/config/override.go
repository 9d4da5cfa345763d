package config

import (
	"slices"
	"strconv"
	"strings"
)

// choices are the keys whose value is one of several kinds: another kind
// replaces the one there.
var choices = []string{"model", "loss", "optimizer", "schedule", "data.tokenizer", "batch.policy"}

// shorthands are the keys whose value alone stands for one of its parts.
var shorthands = map[string]string{"batch": "size", "faults": "policy"}

// shorthand is the part that the value of a key stands for.
func shorthand(key, value string) string {
	if key == "batch" && value == "auto" {
		return "policy"
	}
	return shorthands[key]
}

// instead are keys that take the place of another.
var instead = map[string]string{"batch.tokens": "size", "batch.size": "tokens"}

// override applies one key=value to the tree. Everything under it stands, for
// messages, where the override does.
func override(fs *Faults, root *value, setting string) {
	at := place{source: "--set " + setting}
	key, text, ok := strings.Cut(setting, "=")
	if !ok || key == "" {
		fs.add(at, "want key=value, such as --set optimizer.adamw.lr=0.01")
		return
	}
	v, err := parse(at.source, []byte(text))
	if err != nil {
		*fs = append(*fs, err.(Faults)...)
		return
	}
	if len(strings.TrimSpace(text)) == 0 {
		v = &value{quoted: true}
	}
	relocate(v, at)
	path := strings.Split(key, ".")
	for i, part := range path {
		last := i == len(path)-1
		if i == 1 && shorthands[path[0]] != "" {
			root.spellOut(shorthand(path[0], root.text))
		}
		next := root.child(part, slices.Contains(choices, strings.Join(path[:i], ".")), at)
		if next == nil {
			fs.add(at, "%q has no part %q", strings.Join(path[:i], "."), part)
			return
		}
		if last {
			*next = *v
		}
		if other := instead[key]; last && other != "" {
			root.entries = slices.DeleteFunc(root.entries, func(e entry) bool { return e.key == other })
		}
		root = next
	}
}

// spellOut makes {part: word} of a word.
func (v *value) spellOut(part string) {
	if v.kind == scalar && !v.null() {
		word := *v
		*v = value{kind: mapping, at: v.at, entries: []entry{{part, v.at, &word}}}
	}
}

// relocate gives a whole value one place.
func relocate(v *value, at place) {
	v.at = at
	for i := range v.entries {
		v.entries[i].at = at
		relocate(v.entries[i].value, at)
	}
}

// child returns the part of a value to go to, and makes it if there is none. A
// word such as relu becomes {relu: } to have parts. With replace another key
// takes the place of the one there.
func (v *value) child(key string, replace bool, at place) *value {
	if v.kind == sequence {
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(v.entries) {
			return v.entries[i].value
		}
		return nil
	}
	if v.kind == scalar {
		old := *v
		*v = value{kind: mapping, at: at}
		if !old.null() {
			v.entries = []entry{{old.text, old.at, &value{at: old.at}}}
		}
	}
	if next := v.find(key); next != nil {
		return next
	}
	if replace {
		v.entries = nil
	}
	next := &value{at: at}
	v.entries = append(v.entries, entry{key, at, next})
	return next
}
