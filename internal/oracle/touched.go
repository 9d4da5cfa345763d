package oracle

import (
	"slices"

	"github.com/descent-ml/descent/graph"
)

// touchedRows returns how many touched rows a value has, from the operands that
// have any; 0 for one without the axis.
func touchedRows(n *graph.Node, in []Array) int {
	for i, x := range n.In {
		if x.Shape.Touched() {
			return in[i].Dims[0]
		}
	}
	return 0
}

// grow appends rows of 0 to a value with the axis Touched.
func (a *Array) grow(rows int) {
	size := 1
	for _, d := range a.Dims[1:] {
		size *= d
	}
	a.Data = append(a.Data, make([]float64, (rows-a.Dims[0])*size)...)
	a.Dims[0] = rows
}

// touched: the rows that no example before has named, each once.
func touched(c *call) {
	c.walk(func(_, _ int, row float64) {
		if !slices.Contains(c.out.Data, row) {
			c.out.Data = append(c.out.Data, row)
		}
	}, c.in...)
	c.out.Dims[0] = len(c.out.Data)
}

// sumRows: the place of index[e] in the list of rows += y[e].
func sumRows(c *call) {
	last := len(c.in) - 1
	var indices []Array
	for i := 0; i < last; i += 2 {
		indices = append(indices, c.in[i])
	}
	place := map[float64]int{}
	for i, row := range c.in[last].Data {
		place[row] = i
	}
	c.out.grow(len(c.in[last].Data))
	c.walk(func(operand, at int, row float64) {
		sum := c.out.row(place[row])
		for j, y := range c.in[2*operand+1].row(at) {
			sum[j] += y
		}
	}, indices...)
}

// walk calls f for every index of the operands: example by example, in each
// operand by operand.
func (c *call) walk(f func(operand, at int, row float64), indices ...Array) {
	for e := range indices[0].Dims[0] {
		for i, x := range indices {
			size := len(x.Data) / x.Dims[0]
			for at := e * size; at < (e+1)*size; at++ {
				f(i, at, x.Data[at])
			}
		}
	}
}

func gatherTouched(c *call) {
	size := c.n.Shape.Size()
	for r, row := range c.in[1].Data {
		copy(c.out.Data[r*size:(r+1)*size], c.in[0].Data[int(row)*size:])
	}
}

// assign returns what a variable becomes: the value, or the old one with the
// touched rows replaced.
func (p *Program) assign(a graph.Assign) []float64 {
	value := p.values[a.Value.ID].Data
	if a.Value.Rows == nil {
		return value
	}
	whole := slices.Clone(p.vars.data[a.Var.Attr.Name])
	size := a.Value.Shape.Size()
	for r, row := range p.values[a.Value.Rows.ID].Data {
		copy(whole[int(row)*size:], value[r*size:(r+1)*size])
	}
	return whole
}
