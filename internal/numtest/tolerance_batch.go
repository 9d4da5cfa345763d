package numtest

import (
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
)

// momentBound is that of float64 sums, over examples, of products of
// differences: a rounding for each term of a sum of absolute values.
func momentBound(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	x, channels := in[0].Data, len(ref.Data)/2
	tol := make([]float64, len(ref.Data))
	for i, v := range x {
		j := i % channels
		shift := 0.0
		if n.Op.Name != "groupsums" {
			shift = in[len(in)-1].Data[j]
		}
		d := math.Abs(v) + math.Abs(shift)
		first, second := d, d*d
		if n.Op.Name == "gradsums" {
			first, second = math.Abs(in[1].Data[i]), math.Abs(in[1].Data[i])*d
		}
		tol[j] += first
		tol[channels+j] += 4 * second
	}
	for i := range tol {
		tol[i] *= float64(len(x)/channels+4) * 0x1p-52
	}
	return tol
}

// eachGroup makes a bound of a function of one channel in one group of examples
// out of that of a row.
func eachGroup(f func(tol, x, dy, ref []float64, eps float64)) func(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	return func(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
		tol, k := make([]float64, len(ref.Data)), n.Shape.Last()
		size := n.Shape.Size() * n.Attr.Int // elements of a group
		for from := 0; from < len(tol); from += size {
			to := min(from+size, len(tol))
			for j := range k {
				columns := make([][]float64, 4)
				for i := from + j; i < to; i += k {
					columns[0] = append(columns[0], 0)
					columns[1] = append(columns[1], in[0].Data[i])
					if len(in) == 2 {
						columns[2] = append(columns[2], in[1].Data[i])
					}
					columns[3] = append(columns[3], ref.Data[i])
				}
				f(columns[0], columns[1], columns[2], columns[3], n.Attr.Float)
				for i, t := range columns[0] {
					tol[from+j+i*k] = t
				}
			}
		}
		return tol
	}
}
