package train

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/report"
)

// Target is a value of a validation metric that ends a run, as soon as a
// validation reaches it. The zero Target is none.
//
// How exactly the moment is known depends on how often the run validates: the
// target was reached between the last validation that missed it and the one
// that met it. See Within.
type Target struct {
	Metric string  // loss, accuracy, rmse, r2, or a name of Config.Measures
	Value  float64 // that is enough: at most, of loss and rmse; at least, of all others

	// Within bounds how late the moment is seen: besides Config.ValidateEvery
	// the run validates whenever the updates have grown by this share since the
	// last validation, and so after each of the first 1/Within. At 0.05 a target
	// is seen at most 5 % of the updates too late, or one update; 0 adds none.
	Within float64
}

// ParseTarget reads a target: val.accuracy>=0.88, or val.loss<=0.3. The
// "val." may be left away. It refuses what no validation reaches: accuracy or r2
// above 1, rmse or loss below 0. None of the losses of package nn is ever
// negative; of one that may be, a target is written in Go, as a Target.
func ParseTarget(text string) (Target, error) {
	name, value, least := strings.Cut(text, ">=")
	if !least {
		name, value, _ = strings.Cut(text, "<=")
	}
	t := Target{Metric: strings.TrimPrefix(strings.TrimSpace(name), "val.")}
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || t.Metric == "" {
		return Target{}, fmt.Errorf("train: target %q (want a metric of the validation data and a value, such as val.accuracy>=0.88 or val.loss<=0.3)", text)
	}
	if t.Value = v; least != t.higher() {
		return Target{}, fmt.Errorf("train: target %q: %s (want val.%s%s%v)", text, t.direction(), t.Metric, t.sign(), v)
	}
	if best, ok := bests[t.Metric]; ok && t.Better(v, best) {
		return Target{}, fmt.Errorf("train: target %q cannot be reached (want val.%s%s%v at most, the best there is)", text, t.Metric, t.sign(), best)
	}
	return t, t.validate()
}

// bests are the best values that metrics can have.
var bests = map[string]float64{"accuracy": 1, "r2": 1, "loss": 0, "rmse": 0}

// IsZero reports whether there is no target.
func (t Target) IsZero() bool { return t.Metric == "" }

// String is what ParseTarget reads: val.accuracy>=0.88; "" for none.
func (t Target) String() string {
	if t.IsZero() {
		return ""
	}
	return "val." + t.Metric + t.sign() + strconv.FormatFloat(t.Value, 'g', -1, 64)
}

// Reached reports whether values of a validation meet the target. NaN does not.
func (t Target) Reached(values report.Values) bool {
	v, ok := values.Get(t.Metric)
	return ok && (v == t.Value || t.Better(v, t.Value))
}

// Better reports whether a value of the metric is better than another.
func (t Target) Better(a, b float64) bool {
	if t.higher() {
		return a > b
	}
	return a < b
}

// higher reports whether more of the metric is better: of all but loss and rmse.
func (t Target) higher() bool {
	isBetter := better[t.Metric]
	return isBetter == nil || isBetter(1, 0)
}

func (t Target) sign() string {
	if t.higher() {
		return ">="
	}
	return "<="
}

func (t Target) direction() string {
	if t.higher() {
		return "more " + t.Metric + " is better"
	}
	return "less " + t.Metric + " is better"
}

// due reports whether the target wants a validation after an update, when the
// last one was after an earlier one, 0 for none.
func (t Target) due(validated, update uint64) bool {
	return t.Within > 0 && float64(update) >= float64(validated)+max(1, float64(validated)*t.Within)
}

func (t Target) validate() error {
	switch {
	case t == Target{}:
		return nil
	case math.IsNaN(t.Value) || math.IsInf(t.Value, 0):
		return fmt.Errorf("train: target of %s %v (want a finite number)", t.Metric, t.Value)
	case !(t.Within >= 0 && t.Within <= 1):
		return fmt.Errorf("train: target seen within %v of the updates (want 0 to 1)", t.Within)
	}
	return nil
}

// checkUntil reports a target that no validation of the run measures.
func (c Config) checkUntil() error {
	switch t := c.Until; {
	case t.IsZero():
		return t.validate()
	case !c.validates():
		return fmt.Errorf("train: the target %v without validation data (want Val)", t)
	case c.better(t.Metric) == nil:
		return fmt.Errorf("train: the target %v is of an unknown metric (want %s)", t, strings.Join(c.metrics(), ", "))
	}
	return c.Until.validate()
}

// metrics are the names of those that may decide.
func (c Config) metrics() []string {
	return append([]string{"loss", "accuracy", "rmse", "r2"}, c.Measures.Names...)
}
