package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// SqueezeExciteLayer is what SqueezeExcite returns; its methods return changed
// copies.
type SqueezeExciteLayer struct {
	reduction, squeeze int
	gate               Layer
	weight, bias       Initializer
}

// SqueezeExcite scales the channels of an image by gates that it computes from
// their averages: x·sigmoid(fc2(relu(fc1(mean(x))))), (H, W, C) to (H, W, C), with
// C/reduction channels, at least 1, between the two (Hu, Shen, Sun, CVPR 2018,
// equations 2 to 4). Parameters, named and laid out in files as torchvision's
// SqueezeExcitation, 1x1 convolutions: "fc1.weight", "fc1.bias", "fc2.weight",
// "fc2.bias".
func SqueezeExcite(reduction int) SqueezeExciteLayer {
	return SqueezeExciteLayer{reduction: reduction, gate: Sigmoid(), weight: uniformFan, bias: uniformFan}
}

// Squeeze sets the channels between, at least 1, instead of the reduction.
func (l SqueezeExciteLayer) Squeeze(channels int) SqueezeExciteLayer { l.squeeze = channels; return l }

// Gate sets the function that makes gates of the outputs of fc2.
func (l SqueezeExciteLayer) Gate(g Layer) SqueezeExciteLayer { l.gate = g; return l }

// Init sets how the weights and the biases start; by default as Conv2d's.
func (l SqueezeExciteLayer) Init(weight, bias Initializer) SqueezeExciteLayer {
	l.weight, l.bias = weight, bias
	return l
}

// String returns, for example, "SqueezeExcite(4)".
func (l SqueezeExciteLayer) String() string {
	if l.squeeze > 0 {
		return fmt.Sprintf("SqueezeExcite(to %d)", l.squeeze)
	}
	return fmt.Sprintf("SqueezeExcite(%d)", l.reduction)
}

// Build adds the layer to a graph.
func (l SqueezeExciteLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.SqueezeExcite", x) {
		return c.failed()
	}
	switch in := x.Shape.Inner(); {
	case len(in) != 3:
		return c.Failf("nn.SqueezeExcite", []*graph.Node{x}, "the input has %d axes, want an image (H, W, C)", len(in))
	case l.squeeze < 0 || l.squeeze == 0 && l.reduction < 1 || l.gate == nil:
		return c.Failf("nn.SqueezeExcite", []*graph.Node{x}, "reduction %d and %d channels between, want at least 1 of one", l.reduction, l.squeeze)
	}
	channels, between := x.Shape.Last(), l.squeeze
	if between == 0 {
		between = max(1, channels/l.reduction)
	}
	mean := c.Reshape(GlobalAvgPool().Build(c, x), 1, 1, channels)
	conv := func(out int) Layer { return Conv2d(out, 1).Init(l.weight).BiasInit(l.bias) }
	gates := chain{{"fc1", conv(between)}, {"activation", ReLU()}, {"fc2", conv(channels)}, {"gate", l.gate}}.Build(c, mean)
	return c.Mul(x, gates)
}
