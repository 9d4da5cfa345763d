package oracle

import "github.com/descent-ml/descent/graph"

// Array is a value of the interpreter: float64 whatever the node's type, row
// major. A per-example value has the number of examples as its leading axis, one
// with the axis Touched the number of touched rows.
type Array struct {
	Dims []int
	Data []float64
}

// zeros returns an array of the shape of n with the given examples or touched
// rows.
func zeros(n *graph.Node, rows int) Array {
	a := Array{Dims: append([]int(nil), n.Shape.Dims...)}
	size := n.Shape.Size()
	if n.Shape.Lead() != 0 {
		a.Dims[0] = rows
		size *= rows
	}
	a.Data = make([]float64, size)
	return a
}

// last returns the length of the innermost axis, or 1 for a scalar.
func (a Array) last() int {
	if len(a.Dims) == 0 {
		return 1
	}
	return a.Dims[len(a.Dims)-1]
}

// row returns row r of the matrix (.., last).
func (a Array) row(r int) []float64 {
	k := a.last()
	return a.Data[r*k : (r+1)*k]
}

// offset returns the position of an element in an array of the given axes. An
// axis of length 1 has only the index 0, whatever the index says: that is
// broadcasting.
func offset(dims, index []int) int {
	at := 0
	for i, d := range dims {
		at *= d
		if d > 1 {
			at += index[i]
		}
	}
	return at
}

// each calls f for every index of the given axes, in row-major order.
func each(dims []int, f func(at int, index []int)) {
	size := 1
	for _, d := range dims {
		size *= d
	}
	index := make([]int, len(dims))
	for at := range size {
		f(at, index)
		for i := len(dims) - 1; i >= 0; i-- {
			if index[i]++; index[i] < dims[i] {
				break
			}
			index[i] = 0
		}
	}
}
