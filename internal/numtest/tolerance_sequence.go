package numtest

import (
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
)

// along is a float32 sum along the positions, or along the rows of a window, in
// order, and a division.
func along(n *graph.Node, in []oracle.Array, _ oracle.Array) []float64 {
	return scaled(gamma(n.In[0].Shape.Inner()[0]+1), absolutes(n, in), func(int) float64 { return tiny })
}

// rotaryBound: two products of a pair with a sine and a cosine, each rounded,
// and their sum.
func rotaryBound(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	tol, cols := make([]float64, len(ref.Data)), n.Shape.Last()
	heads, dim := n.Attr.Dims[0], n.Attr.Dims[1]
	for r := 0; r < len(tol); r += cols {
		x := in[0].Data[r : r+cols]
		for j := range heads * dim {
			pair := j/dim*dim + (j+dim/2)%dim
			tol[r+j] = 4*u*(math.Abs(x[j])+math.Abs(x[pair])) + tiny
		}
	}
	return tol
}
