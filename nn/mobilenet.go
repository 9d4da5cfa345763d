package nn

import (
	"fmt"
	"strconv"

	"github.com/descent-ml/descent/graph"
)

// invertedResidual is a block of MobileNetV3: channels are widened by a 1x1
// convolution, filtered one by one, gated, and narrowed again; x is added where
// the shape is the same (Howard et al., ICCV 2019, figure 4).
type invertedResidual struct {
	kernel, wide, out, stride int
	excite                    bool
	activation                Layer
}

// mobileNetSmall are the blocks of table 2.
func mobileNetSmall() []invertedResidual {
	relu, swish := ReLU(), HardSwish()
	return []invertedResidual{
		{3, 16, 16, 2, true, relu},
		{3, 72, 24, 2, false, relu},
		{3, 88, 24, 1, false, relu},
		{5, 96, 40, 2, true, swish},
		{5, 240, 40, 1, true, swish},
		{5, 240, 40, 1, true, swish},
		{5, 120, 48, 1, true, swish},
		{5, 144, 48, 1, true, swish},
		{5, 288, 96, 2, true, swish},
		{5, 576, 96, 1, true, swish},
		{5, 576, 96, 1, true, swish},
	}
}

// MobileNetSmall is MobileNetV3-Small, (H, W, C) to scores (classes), for images
// of about 224 by 224, as torchvision has it (mobilenet_v3_small): Howard et al.,
// ICCV 2019, table 2, with gates of a quarter of the widened channels, rounded to
// multiples of 8, and dropout 0.2 before the last layer. Batch normalization has
// ε 0.001 and momentum 0.01. Names, layouts in files and first values are
// torchvision's: convolutions start from N(0, 2/out), dense layers from
// N(0, 0.01²) and biases at 0.
func MobileNetSmall(classes int) Layer {
	features := []Layer{convNorm(16, 3, 2, HardSwish())}
	for _, block := range mobileNetSmall() {
		features = append(features, block)
	}
	features = append(features, convNorm(576, 1, 1, HardSwish()))
	dense := func(n int) Layer { return Dense(n).Init(Normal(0, 0.01)).BiasInit(Zeros()) }
	return named{"MobileNetV3-Small", chain{
		{"features", Sequential(features...)},
		{"avgpool", GlobalAvgPool()},
		{"classifier", Sequential(dense(1024), HardSwish(), Dropout(0.2), dense(classes))},
	}}
}

// convNorm is a convolution of k by k without a bias, a batch normalization and an
// activation, nil for none. With 0 outputs it takes each channel by itself.
func convNorm(out, k, stride int, activation Layer) Layer {
	conv := Conv2d(out, k).Stride(stride).Pad(k / 2).NoBias().Init(KaimingNormalOut())
	if out == 0 {
		conv = conv.Depthwise()
	}
	layers := []Layer{conv, BatchNorm().Eps(0.001).Momentum(0.01)}
	if activation != nil {
		layers = append(layers, activation)
	}
	return Sequential(layers...)
}

// String returns, for example, "InvertedResidual(24, 3x3, stride 2)".
func (r invertedResidual) String() string {
	s := fmt.Sprintf("InvertedResidual(%d, %dx%d", r.out, r.kernel, r.kernel)
	if r.stride > 1 {
		s += fmt.Sprintf(", stride %d", r.stride)
	}
	return s + ")"
}

// Build adds the block to a graph. Its parts are "block.0", "block.1", ….
func (r invertedResidual) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.MobileNetSmall", x) {
		return c.failed()
	}
	var parts []Layer
	if r.wide != x.Shape.Last() {
		parts = append(parts, convNorm(r.wide, 1, 1, r.activation))
	}
	parts = append(parts, convNorm(0, r.kernel, r.stride, r.activation))
	if r.excite {
		parts = append(parts, SqueezeExcite(4).Squeeze(multipleOf8(r.wide/4)).Gate(HardSigmoid()).Init(KaimingNormalOut(), Zeros()))
	}
	parts = append(parts, convNorm(r.out, 1, 1, nil))
	y := x
	for i, part := range parts {
		y = c.Apply("block."+strconv.Itoa(i), part, y)
	}
	if c.Err() == nil && r.stride == 1 && y.Shape.Equal(x.Shape) {
		return c.Add(x, y)
	}
	return y
}

// multipleOf8 rounds to the nearest multiple of 8, at least 8 and no less than 0.9
// of n.
func multipleOf8(n int) int {
	m := max(8, (n+4)/8*8)
	if 10*m < 9*n {
		m += 8
	}
	return m
}
