package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/report"
)

// Measures are values of the caller's own that every validation has behind the
// loss and the metrics that suit the target, such as how well a model ranks.
// They may decide which validation is best, and they need no Config.Val.
type Measures struct {
	// Names are those of the values, in order. Of each, more is better.
	Names []string

	// Measure returns the values for the variables as they are, which it must
	// not change. They must follow from the variables alone, or a resumed run
	// would choose another best. Variables are those of the run: all calls get
	// the same. What memory it takes is not in the plan of the run.
	Measure func(ctx context.Context, eng engine.Engine, vars engine.Vars) (report.Values, error)
}

// has reports whether there is a value of a name.
func (m *Measures) has(name string) bool { return m.Measure != nil && slices.Contains(m.Names, name) }

// validates reports whether there is something to validate with.
func (c *Config) validates() bool { return c.Val != nil || c.Measures.Measure != nil }

// better returns the order of a metric; nil if there is no such metric.
func (c *Config) better(metric string) func(a, b float64) bool {
	if c.Measures.has(metric) {
		return func(a, b float64) bool { return a > b }
	}
	return better[metric]
}

// measureAll measures the validation data and adds the caller's measures.
func (l *loop) measureAll(ctx context.Context) (values report.Values, err error) {
	if l.val != nil {
		if values, _, err = l.val.evaluate(ctx, l.cfg.Val, nil); err != nil {
			return nil, err
		}
	}
	if l.cfg.Measures.Measure == nil {
		return values, nil
	}
	more, err := l.cfg.Measures.Measure(ctx, l.eng, l.weights.vars)
	if err == nil && !slices.Equal(names(more), l.cfg.Measures.Names) {
		err = fmt.Errorf("measured %v (want %v)", names(more), l.cfg.Measures.Names)
	}
	return append(values, more...), err
}

// inOrder appends values in the order of their importance to people: what
// decides comes first if it is a measure.
func (l *loop) inOrder(to, values report.Values) report.Values {
	for _, first := range []bool{true, false} {
		for _, v := range values {
			if first == (v.Name == l.cfg.Metric && l.cfg.Measures.has(v.Name)) {
				to = append(to, v)
			}
		}
	}
	return to
}
