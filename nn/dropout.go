package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

type dropout struct {
	name string
	rate float64
}

// Dropout sets each element to 0 with probability rate in [0, 1) and divides
// the others by 1 - rate; outside training it does nothing (Srivastava et al.,
// JMLR 2014). The choice is a function of the seed, the layer's name, the
// example's position in the stream and the element, so it does not depend on
// how a batch is executed. PyTorch's random numbers differ.
func Dropout(rate float64) Layer { return dropout{"Dropout", rate} }

// Dropout2d drops whole channels of an image (H, W, C) as Dropout drops elements
// (Tompson et al., CVPR 2015, section 3.2).
func Dropout2d(rate float64) Layer { return dropout{"Dropout2d", rate} }

func (d dropout) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn."+d.name, x) {
		return c.failed()
	}
	if !(d.rate >= 0 && d.rate < 1) {
		return c.Failf("nn."+d.name, []*graph.Node{x}, "rate %v, want 0 or more and less than 1", d.rate)
	}
	if !c.Train || d.rate == 0 {
		return x
	}
	mask := x.Shape.Inner()
	if d.name == "Dropout2d" {
		mask = []int{1, 1, x.Shape.Last()}
	}
	return c.Mul(x, c.DropoutMask(c.stream("dropout"), d.rate, mask...))
}

func (d dropout) String() string { return fmt.Sprintf("%s(%g)", d.name, d.rate) }
