package tensorboard

import (
	"iter"
	"strings"

	"github.com/descent-ml/descent/report"
)

// ofRun begins the names of metrics that are of the run, not of a part of the
// data.
const ofRun = "noise_"

// tags are the tags of metrics by part of the data and name, made once.
type tags map[[2]string]string

// of yields the numbers of a record with their tags.
func (t *tags) of(r *report.Record) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		if !yield(t.tag(r.Split, "loss"), r.Loss) ||
			r.LR != 0 && !yield("lr", r.LR) ||
			r.Batch != 0 && !yield("batch", float64(r.Batch)) ||
			r.Rate != 0 && !yield("throughput", r.Rate) ||
			r.Bytes != 0 && !yield("memory", float64(r.Bytes)) {
			return
		}
		for _, v := range r.Values {
			if !yield(t.tag(r.Split, v.Name), v.V) {
				return
			}
		}
	}
}

// tag returns the tag of a metric: its part and its name, or of one that is of
// the run its name, with the parameter that it is of as a part of it.
func (t *tags) tag(split, name string) string {
	if *t == nil {
		*t = tags{}
	}
	tag, ok := (*t)[[2]string{split, name}]
	if !ok {
		tag = split + "/" + name
		if strings.HasPrefix(name, ofRun) {
			tag = strings.Replace(name, ".", "/", 1)
		}
		(*t)[[2]string{split, name}] = tag
	}
	return tag
}
