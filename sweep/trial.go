package sweep

import (
	"encoding/json"
	"math"

	"github.com/descent-ml/descent/train"
)

// Phases of a sweep, of which a trial is a part.
const (
	Timing  = "timing"  // how long an update takes
	Tuning  = "tuning"  // the learning rate
	Measure = "measure" // what is compared
)

// Ends of a trial.
const (
	Reached   = "target"    // a validation met the target
	Complete  = "budget"    // the budget is consumed
	Capped    = "cap"       // the cell budget is consumed
	Diverged  = "diverged"  // loss or gradient are not finite
	Beaten    = "beaten"    // another rate took fewer updates
	Abandoned = "abandoned" // it is hopeless beside another rate
)

// Trial is one run: a line of the journal and a row of runs.csv.
type Trial struct {
	Comparison string  `json:"comparison"` // "target", or a budget such as 3ep; "" of timing
	Phase      string  `json:"phase"`      // Timing, Tuning or Measure
	Batch      int     `json:"batch"`
	LR         float64 `json:"lr"`
	Seed       uint64  `json:"seed"`

	End      string  `json:"end"` // Reached, Complete, Capped, Diverged, Beaten or Abandoned
	Updates  uint64  `json:"updates"`
	Examples uint64  `json:"examples"`
	Seconds  float64 `json:"seconds"`          // of updates alone
	Wall     float64 `json:"wall"`             // of all, validation and planning included
	Shared   bool    `json:"shared,omitempty"` // others ran at the same time: times cannot be compared
	Train    number  `json:"train"`            // the metric on training examples, without dropout, at the end
	Points   []Point `json:"points,omitempty"` // validations, in order
	Error    string  `json:"error,omitempty"`  // of one that diverged
}

// Point is a validation: when it was, and what it found.
type Point struct {
	Update   uint64  `json:"update"`
	Examples uint64  `json:"examples"`
	Seconds  float64 `json:"seconds"` // of updates alone, from the start
	Loss     number  `json:"loss"`
	Value    number  `json:"value"` // of the metric that is compared
}

// number is a float64 that is null in JSON where it is not finite.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); v-v != 0 {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements json.Unmarshaler; null is NaN.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// key tells trials of a sweep apart.
type key struct {
	comparison, phase string
	batch             int
	lr                float64
	seed              uint64
}

func (t *Trial) key() key { return key{t.Comparison, t.Phase, t.Batch, t.LR, t.Seed} }

// Last returns the last validation, false if there is none.
func (t *Trial) Last() (Point, bool) {
	if len(t.Points) == 0 {
		return Point{}, false
	}
	return t.Points[len(t.Points)-1], true
}

// Target returns the validation that met the target, and the updates at the one
// before it: the target was reached after more than those. ok is false if it was
// not.
func (t *Trial) Target() (at Point, after uint64, ok bool) {
	if t.End != Reached {
		return Point{}, 0, false
	}
	n := len(t.Points)
	if n > 1 {
		after = t.Points[n-2].Update
	}
	return t.Points[n-1], after, true
}

// best returns the best validation up to a number of examples; its value is NaN
// if there is none.
func (t *Trial) best(order train.Target, examples uint64) Point {
	best := Point{Value: number(math.NaN())}
	for _, p := range t.Points {
		v := float64(p.Value)
		if p.Examples > examples {
			break
		}
		if v == v && (best.Value != best.Value || order.Better(v, float64(best.Value))) {
			best = p
		}
	}
	return best
}

// gap is the validation metric at the end minus the training metric.
func (t *Trial) gap() float64 {
	p, ok := t.Last()
	if !ok {
		return math.NaN()
	}
	return float64(p.Value - t.Train)
}

// ranks order ends: what is of no use, what lost, what did not reach the target,
// what did.
var ranks = map[string]int{Diverged: 0, Abandoned: 1, Beaten: 2, Capped: 3, Complete: 3, Reached: 4}

// beats reports whether a trial's rate is better than another's of the same
// cell: fewer updates to the target, else the better validation among equal
// examples.
func (t *Trial) beats(other *Trial, order train.Target) bool {
	if a, b := ranks[t.End], ranks[other.End]; a != b {
		return a > b
	}
	if t.End == Reached {
		return t.Updates < other.Updates
	}
	examples := min(t.Examples, other.Examples)
	a, b := float64(t.best(order, examples).Value), float64(other.best(order, examples).Value)
	return a == a && (b != b || order.Better(a, b))
}
