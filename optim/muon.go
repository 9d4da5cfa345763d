package optim

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
)

// Orthogonalize is the direction of Muon for a matrix (in, out), or for the
// weight of a convolution as a matrix (kh·kw·in, out):
//
//	m ← μ·m + (1-μ)·u
//	the nearest orthogonal matrix to (1-μ)·u + μ·m, times √max(1, out/in)
//
// where the orthogonal matrix comes from five steps of a Newton-Schulz
// iteration, X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ from X/(‖X‖ + 1e-7): its
// singular values end between about 0.7 and 1.2. State: "momentum", from 0.
// Jordan et al., "Muon", 2024. Here the iteration is in float32, there in
// bfloat16.
type Orthogonalize struct {
	Mu float64 // μ in [0, 1)
	// MatchRMS scales by 0.2·√max(in, out) in place of √max(1, out/in), so that
	// the elements move about as far as AdamW's: Liu et al., arXiv:2502.16982.
	MatchRMS bool
}

// muonSteps and muonCoefficients are of the Newton-Schulz iteration.
const muonSteps = 5

var muonCoefficients = [3]float64{3.4445, -4.7750, 2.0315}

// DefaultMuon returns μ = 0.95.
func DefaultMuon() Orthogonalize { return Orthogonalize{Mu: 0.95} }

// Update implements Transform.
func (o Orthogonalize) Update(c *Context, p, u *graph.Node) *graph.Node {
	if len(p.Shape.Dims) != 2 && !layerWeight(p) {
		return c.Failf("muon", []*graph.Node{p}, "parameter %q has %d axes, want a matrix: give the others a group with a Chain of its own", p.Attr.Name, len(p.Shape.Dims))
	}
	m := c.State(p, "momentum", 0)
	m = c.Set(m, c.average(m, u, o.Mu))
	x := c.newtonSchulz(c.Reshape(c.average(m, u, o.Mu), inputsOf(p), p.Shape.Last()))
	in, out := float64(inputsOf(p)), float64(p.Shape.Last())
	scale := math.Sqrt(max(1, out/in))
	if o.MatchRMS {
		scale = 0.2 * math.Sqrt(max(in, out))
	}
	return c.Mul(c.Const(scale), c.Reshape(x, p.Shape.Dims...))
}

// newtonSchulz takes a matrix close to the orthogonal matrix next to it.
func (c *Context) newtonSchulz(x *graph.Node) *graph.Node {
	tall := x.Shape.Dims[0] > x.Shape.Dims[1]
	if tall {
		x = c.Transpose(x, 1, 0)
	}
	one := c.Div(c.Const64(1), c.Add(c.norm(x), c.Const64(1e-7)))
	x = c.Mul(c.scalar(one), x)
	for range muonSteps {
		a := c.LinearT(x, x)
		b := c.FMA(c.Const(muonCoefficients[2]), c.Linear(a, a, nil), c.Mul(c.Const(muonCoefficients[1]), a))
		x = c.FMA(c.Const(muonCoefficients[0]), x, c.Linear(b, x, nil))
	}
	if tall {
		x = c.Transpose(x, 1, 0)
	}
	return x
}

// Validate reports an impossible setting.
func (o Orthogonalize) Validate() error { return rate("momentum", o.Mu) }

// Muon is Orthogonalize for the weights of all dense and convolutional layers but
// the last, and AdamW at the rate lrOthers for all other parameters. The usual
// rates are 0.02 and 3e-4.
func Muon(lr, lrOthers float64) Optimizer {
	o := Optimizer{LR: lr, Chain: []Transform{DecoupledDecay(0), DefaultMuon()}}
	if !(lrOthers > 0) {
		return o.wrong(fmt.Sprintf("learning rate %v of the parameters beside Muon, want a number above 0", lrOthers))
	}
	return o.WithGroups(Group{Part: NotHidden, LRFactor: lrOthers / lr, Chain: []Transform{DecoupledDecay(0), DefaultAdam()}})
}
