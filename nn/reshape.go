package nn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/descent-ml/descent/graph"
)

type flatten struct{}

// Flatten makes one axis of all axes of an example: (a, b, ..) to (a·b·..).
func Flatten() Layer { return flatten{} }

func (flatten) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Flatten", x) {
		return c.failed()
	}
	return c.Reshape(x, x.Shape.Size())
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
