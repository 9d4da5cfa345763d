package nn

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
)

// PeriodicLayer is what Periodic returns.
type PeriodicLayer struct {
	frequencies int
	sigma       float64
}

// Periodic adds to features x (n) their sines and cosines at learned
// frequencies, n to n + 2·n·frequencies: sin(2π·c·x) and cos(2π·c·x) for each
// frequency c of each feature. Parameter: "frequency" (n, frequencies), from
// N(0, sigma²); sigma matters, 0.01 to 1 are worth trying on standardized
// numbers. Gorishniy, Rubachev, Babenko: On embeddings for numerical features,
// NeurIPS 2022, section 3.3, without the linear layer of each feature behind
// it: a dense layer that follows does the same for all.
func Periodic(frequencies int, sigma float64) PeriodicLayer {
	return PeriodicLayer{frequencies, sigma}
}

// Build adds the layer to a graph.
func (l PeriodicLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Periodic", x) {
		return c.failed()
	}
	inner := x.Shape.Inner()
	if len(inner) != 1 || l.frequencies < 1 || !(l.sigma > 0) || math.IsInf(l.sigma, 0) {
		return c.Failf("nn.Periodic", []*graph.Node{x}, "%d frequencies from N(0, %v²) of features on one axis, want at least 1 and a deviation above 0", l.frequencies, l.sigma)
	}
	n := inner[0]
	frequency := c.Param("frequency", graph.Init{Rule: "normal", B: l.sigma}, n, l.frequencies)
	turns := c.Reshape(c.Mul(c.Reshape(x, n, 1), frequency), n*l.frequencies)
	return c.Concat(x, sinTurns(c, turns), sinTurns(c, c.Add(turns, c.Const(0.25))))
}

// String returns, for example, "Periodic(16)".
func (l PeriodicLayer) String() string { return fmt.Sprintf("Periodic(%d)", l.frequencies) }

// sines are the coefficients of sin(2πr) in odd powers of r from 1, for r in
// [-¼, ¼]: the series of Taylor, whose rest is below 1e-9.
var sines = func() []float64 {
	out, term := make([]float64, 7), 2*math.Pi
	for i := range out {
		out[i] = term
		term *= -4 * math.Pi * math.Pi / float64((2*i+2)*(2*i+3))
	}
	return out
}()

// sinTurns returns sin(2π·t). t less its nearest integer is r in [-½, ½], and
// beyond a quarter the sine is that of ½ - r, or of -½ - r.
func sinTurns(c *Context, t *graph.Node) *graph.Node {
	r := c.Sub(t, c.Floor(c.Add(t, c.Const(0.5))))
	quarter := c.Const(0.25)
	r = c.Select(c.Gt(r, quarter), c.Sub(c.Const(0.5), r), c.Select(c.Gt(c.Const(-0.25), r), c.Sub(c.Const(-0.5), r), r))
	square := c.Mul(r, r)
	sum := c.Const(sines[len(sines)-1])
	for i := len(sines) - 2; i >= 0; i-- {
		sum = c.FMA(sum, square, c.Const(sines[i]))
	}
	return c.Mul(r, sum)
}
