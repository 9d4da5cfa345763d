package thesis

import (
	"fmt"
	"slices"
	"strconv"
)

// Result is what was measured.
type Result struct {
	Training int     `json:"training"` // examples
	Test     int     `json:"test"`
	Target   float64 `json:"target"` // loss of the training data
	Seeds    int     `json:"seeds"`
	Runs     []Run   `json:"runs"`            // by size
	Plane    *Plane  `json:"plane,omitempty"` // not in a Summary
}

// Run is descent with batches of one size.
type Run struct {
	Size   int     `json:"size"`
	Rate   float64 `json:"rate"` // the best of the trials
	Trials []Trial `json:"trials"`

	// To the target.
	Updates Spread `json:"updates"`
	Epochs  Spread `json:"epochs"`
	Seconds Spread `json:"seconds"`

	// At the target.
	Variance     Spread `json:"variance"` // of the gradient of a batch: tr Σ/B, less for a large part of all examples
	Detour       Spread `json:"detour"`   // the length of the way over the distance from start to end; 1 is straight
	TestLoss     Spread `json:"test_loss"`
	TestAccuracy Spread `json:"test_accuracy"`

	Curve []Point      `json:"curve,omitempty"` // of the first seed, to the target and half as far again
	Path  [][2]float64 `json:"path,omitempty"`  // in the plane, likewise
}

// Trial is a learning rate and the epochs to the target, null if it is not
// reached as soon as with an earlier one.
type Trial struct {
	Rate   float64 `json:"rate"`
	Epochs Number  `json:"epochs"`
}

// Number is null in JSON where it is not finite.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if n-n != 0 {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

// Point is a moment of a run.
type Point struct {
	Updates  int     `json:"updates"`
	Examples int     `json:"examples"`
	Seconds  float64 `json:"seconds"` // of updates alone
	Loss     float64 `json:"loss"`    // of all training data
	Variance float64 `json:"variance"`
	Signal   float64 `json:"signal"` // ‖G‖²
}

// Spread is a median over seeds, and the least and the most.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

func spreadOf(v []float64) Spread {
	v = slices.Sorted(slices.Values(v))
	return Spread{v[len(v)/2], v[0], v[len(v)-1]}
}

// name is what people call a batch size.
func (r *Result) name(size int) string {
	if size == r.Training {
		return fmt.Sprintf("all %d", size)
	}
	return strconv.Itoa(size)
}
