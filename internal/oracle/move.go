package oracle

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// aligned returns the axes of an operand padded with axes of length 1 to the
// rank of the result: after the batch axis if it has one.
func aligned(c *call) []int {
	dims := slices.Clone(c.in[0].Dims)
	batch := 0
	if c.n.In[0].Shape.Lead() != 0 {
		batch = 1
	}
	return slices.Insert(dims, batch, slices.Repeat([]int{1}, len(c.out.Dims)-len(dims))...)
}

func broadcast(c *call) {
	x, dims := c.in[0], aligned(c)
	each(c.out.Dims, func(at int, index []int) { c.out.Data[at] = x.Data[offset(dims, index)] })
}

// transpose: axis i of the result is axis perm[i] of x; the batch axis stays.
func transpose(c *call) {
	x, perm := c.in[0], slices.Clone(c.n.Attr.Dims)
	if c.n.Shape.Lead() != 0 {
		for i := range perm {
			perm[i]++
		}
		perm = append([]int{0}, perm...)
	}
	from := make([]int, len(perm))
	each(c.out.Dims, func(at int, index []int) {
		for i, axis := range perm {
			from[axis] = index[i]
		}
		c.out.Data[at] = x.Data[offset(x.Dims, from)]
	})
}

func slice(c *call) {
	x := c.in[0]
	for r := range len(x.Data) / x.last() {
		copy(c.out.row(r), x.row(r)[c.n.Attr.Int:])
	}
}

func pad(c *call) {
	x := c.in[0]
	for r := range len(x.Data) / x.last() {
		copy(c.out.row(r)[c.n.Attr.Int:], x.row(r))
	}
}

func concat(c *call) {
	before := 0
	for _, x := range c.in {
		for r := range len(x.Data) / x.last() {
			copy(c.out.row(r)[before:], x.row(r))
		}
		before += x.last()
	}
}

// cast truncates towards zero where the type is an integer. Between float
// types nothing happens: the interpreter has only one.
func cast(c *call) {
	copy(c.out.Data, c.in[0].Data)
	if d := c.n.Shape.DType; d != tensor.F32 && d != tensor.F64 {
		for i, x := range c.out.Data {
			c.out.Data[i] = math.Trunc(x)
		}
	}
}
