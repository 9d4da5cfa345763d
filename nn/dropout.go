package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

type dropout float64

// Dropout sets each element to 0 with probability rate in [0, 1) and divides
// the others by 1 - rate; outside training it does nothing (Srivastava et al.,
// JMLR 2014). The choice is a function of the seed, the layer's name, the
// example's position in the stream and the element, so it does not depend on
// how a batch is executed. PyTorch's random numbers differ.
func Dropout(rate float64) Layer { return dropout(rate) }

func (d dropout) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Dropout", x) {
		return c.failed()
	}
	if !(d >= 0 && d < 1) {
		return c.Failf("nn.Dropout", []*graph.Node{x}, "rate %v, want 0 or more and less than 1", float64(d))
	}
	if !c.Train || d == 0 {
		return x
	}
	return c.Mul(x, c.DropoutMask(c.stream("dropout"), float64(d), x.Shape.Inner()...))
}

func (d dropout) String() string { return fmt.Sprintf("Dropout(%g)", float64(d)) }
