package config

import (
	"strings"

	"github.com/descent-ml/descent/train"
)

// target is a value of a validation metric that ends a run, or none.
type target struct{ p *train.Target }

const noTarget = "none"

func (t target) read(fs *Faults, v *value) {
	if v.kind == scalar && v.text == noTarget {
		*t.p = train.Target{}
		return
	}
	if name := metricOf(v); name != "" {
		var known Faults
		if (decisive{new(string), new(bool)}).read(&known, &value{kind: scalar, text: name, at: v.at}); len(known) > 0 {
			*fs = append(*fs, known...)
			return
		}
	}
	got, err := train.ParseTarget(v.text)
	if v.kind != scalar || err != nil {
		why := "a metric of the validation data and a value, such as val.accuracy>=0.88"
		if err != nil {
			_, why, _ = strings.Cut(err.Error(), "(want ")
			why = strings.TrimSuffix(why, ")")
		}
		fs.add(v.at, "got %v (want %s)", v, why)
		return
	}
	*t.p = got
}

// metricOf returns the metric that a target names, "" if it compares nothing.
func metricOf(v *value) string {
	i := strings.IndexAny(v.text, "<>")
	if i < 0 {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(v.text[:i]), "val.")
}

func (t target) write() *value {
	if t.p.IsZero() {
		return &value{text: noTarget}
	}
	return plainText(t.p.String())
}
