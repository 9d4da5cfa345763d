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
	got, err := train.ParseTarget(v.text)
	if v.kind != scalar || err != nil {
		why := "a metric of the validation data and a value, such as val.accuracy>=0.88"
		if err != nil {
			why = strings.TrimPrefix(err.Error(), "train: ")
		}
		fs.add(v.at, "got %v (%s)", v, why)
		return
	}
	*t.p = got
}

func (t target) write() *value {
	if t.p.IsZero() {
		return &value{text: noTarget}
	}
	return plainText(t.p.String())
}
