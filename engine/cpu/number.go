package cpu

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// number is arithmetic on single per-update numbers, in float64 or between the
// float types: norms, the division by Σw, the clipping coefficient.
type number struct {
	in   [3]ref
	eval func(a, b, c float64) float64
}

// Each operation is rounded on its own: the conversions keep the compiler from
// fusing a product into a sum.
var numberOps = map[string]func(a, b, c float64) float64{
	"add":    func(a, b, _ float64) float64 { return float64(a + b) },
	"sub":    func(a, b, _ float64) float64 { return float64(a - b) },
	"mul":    func(a, b, _ float64) float64 { return float64(a * b) },
	"div":    func(a, b, _ float64) float64 { return a / b },
	"fma":    math.FMA,
	"max":    func(a, b, _ float64) float64 { return max(a, b) },
	"min":    func(a, b, _ float64) float64 { return min(a, b) },
	"neg":    func(a, _, _ float64) float64 { return -a },
	"abs":    func(a, _, _ float64) float64 { return math.Abs(a) },
	"sqrt":   func(a, _, _ float64) float64 { return math.Sqrt(a) },
	"floor":  func(a, _, _ float64) float64 { return math.Floor(a) },
	"gt":     func(a, b, _ float64) float64 { return indicator(a > b) },
	"ge":     func(a, b, _ float64) float64 { return indicator(a >= b) },
	"eq":     func(a, b, _ float64) float64 { return indicator(a == b) },
	"select": func(a, b, c float64) float64 { return choose(a != 0, b, c) },
	"sign":   func(a, _, _ float64) float64 { return choose(a > 0, 1, choose(a < 0, -1, a)) },
	// Moves: the value as it is, rounded when stored as float32.
	"cast":      func(a, _, _ float64) float64 { return a },
	"broadcast": func(a, _, _ float64) float64 { return a },
	"transpose": func(a, _, _ float64) float64 { return a },
}

func indicator(b bool) float64 { return choose(b, 1, 0) }

func choose(b bool, x, y float64) float64 {
	if b {
		return x
	}
	return y
}

func (p *program) newNumber(n *graph.Node) (step, error) {
	eval := numberOps[n.Op.Name]
	if eval == nil || n.Shape.DType != tensor.F32 && n.Shape.DType != tensor.F64 {
		return step{}, fmt.Errorf("engine/cpu: no float64 arithmetic for %s %v", n.Op.Name, n.Shape)
	}
	num := &number{eval: eval}
	for i, x := range n.In {
		num.in[i] = p.ref(p.plan.Root(x))
	}
	return step{run: runNumber, out: p.ref(n), num: num}, nil
}

func runNumber(p *program, w *worker, s *step, r0, r1 int) {
	v := s.num.eval(s.num.in[0].number(), s.num.in[1].number(), s.num.in[2].number())
	if s.out.f64 != nil {
		s.out.f64[0] = v
		return
	}
	s.out.f32[0] = float32(v)
}

// number reads a single number of either float type; 0 if there is none.
func (r *ref) number() float64 {
	switch {
	case len(r.f64) > 0:
		return r.f64[0]
	case len(r.f32) > 0:
		return float64(r.f32[0])
	}
	return 0
}
