package nn

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// Initialize fills dst with the first values of the variable of the given
// name. They are a function of the seed, the name, the rule and the place of
// the element, with the same bits on every machine; PyTorch's numbers differ.
// A uniform value has 24 random bits, a normal one 32, which keeps it within
// 6.4 deviations of the mean; both are rounded to float32 once, which may reach
// the upper bound. dst has shape.Size() elements.
func Initialize(init graph.Init, shape tensor.Shape, seed uint64, name string, dst []float32) error {
	if len(dst) != shape.Size() {
		return fmt.Errorf("nn: initialize %q: %d elements, want %d", name, len(dst), shape.Size())
	}
	if init.Rule == "values" {
		if len(init.Values) != len(dst) {
			return fmt.Errorf("nn: initialize %q: %d values, want %d", name, len(init.Values), len(dst))
		}
		copy(dst, init.Values)
		return nil
	}
	draw, err := drawer(init, rng.NewStream(seed, "init:"+name))
	if err != nil {
		return fmt.Errorf("nn: initialize %q: %w", name, err)
	}
	for i := range dst {
		dst[i] = float32(draw())
	}
	return nil
}

// drawer returns the source of the values of a rule, of which each takes one
// word of the stream.
func drawer(init graph.Init, s *rng.Stream) (func() float64, error) {
	if !finite(init.A) || !finite(init.B) {
		return nil, fmt.Errorf("%s of %v and %v, want finite numbers", init.Rule, init.A, init.B)
	}
	if (init.Rule == "normal" || init.Rule == "truncated_normal") && init.B < 0 {
		return nil, fmt.Errorf("%s with deviation %v, want 0 or more", init.Rule, init.B)
	}
	switch init.Rule {
	case "", "zeros":
		return func() float64 { return 0 }, nil
	case "constant":
		return func() float64 { return init.A }, nil
	case "uniform":
		return func() float64 { return init.A + float64((init.B-init.A)*rng.Uniform(s.Uint32())) }, nil
	case "normal":
		return func() float64 { return init.A + float64(init.B*portmath.NormalQuantile(middle(s.Uint32()))) }, nil
	case "truncated_normal":
		return func() float64 {
			p := beyond2 + float64((1-2*beyond2)*middle(s.Uint32()))
			return init.A + float64(init.B*portmath.NormalQuantile(p))
		}, nil
	}
	return nil, fmt.Errorf("unknown rule %q", init.Rule)
}

// beyond2 is Φ(-2), the share of a normal distribution below -2 deviations.
const beyond2 = 0.022750131948179207

// middle maps a word to the middle of one of 2³² equal parts of (0, 1).
func middle(w uint32) float64 { return (float64(w) + 0.5) * (1.0 / (1 << 32)) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
