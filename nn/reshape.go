package nn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/descent-ml/descent/graph"
)

type flatten struct{}

// Flatten makes one axis of all axes of an example: (a, b, ..) to (a·b·..). Of an
// image (H, W, C) the elements are in this order, channels last, where PyTorch's
// Flatten has (C, H, W). A Dense behind it, with nothing between them but
// functions of each element such as ReLU and Dropout, therefore writes its weight
// to files with the inputs in PyTorch's order, and reads it so: files of both
// give the same outputs. Any other layer between them leaves the order as it is.
func Flatten() Layer { return flatten{} }

func (flatten) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Flatten", x) {
		return c.failed()
	}
	y := c.Reshape(x, x.Shape.Size())
	if in := x.Shape.Inner(); len(in) == 3 && in[2] > 1 && in[0]*in[1] > 1 {
		if c.images == nil {
			c.images = map[*graph.Node]int{}
		}
		c.images[y] = in[2]
	}
	return y
}

// channels returns how many channels the image has whose elements x has on its
// last axis, made by Flatten and functions of each element; 0 if it is no image.
func (c *Context) channels(x *graph.Node) int {
	for x != nil {
		if n := c.images[x]; n > 0 {
			return n
		}
		if x.Op.Class != graph.Elementwise {
			return 0
		}
		i := slices.IndexFunc(x.In, func(y *graph.Node) bool { return y.Shape.Equal(x.Shape) && y.Op.Class != graph.Random })
		if i < 0 {
			return 0
		}
		x = x.In[i]
	}
	return 0
}

func (flatten) String() string { return "Flatten" }

type reshape []int

// Reshape gives the elements of an example other axes, in the same order.
func Reshape(dims ...int) Layer { return reshape(slices.Clone(dims)) }

func (r reshape) Build(c *Context, x *graph.Node) *graph.Node {
	for i, d := range r {
		if d < 1 {
			return c.Failf("nn.Reshape", []*graph.Node{x}, "axis %d has length %d, want at least 1", i, d)
		}
	}
	return c.Reshape(x, r...)
}

func (r reshape) String() string {
	return "Reshape(" + strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(r)), " ", ", "), "[]") + ")"
}
