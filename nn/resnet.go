package nn

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/descent-ml/descent/graph"
)

// ResNetLayer is what ResNet returns; its methods return changed copies.
type ResNetLayer struct {
	depth, classes int
	projections    bool
	group          int
}

// ResNet is the residual net for small images of He, Zhang, Ren, Sun (CVPR 2016,
// section 4.2), (H, W, C) to scores (classes): a 3x3 convolution of 16 channels,
// three stages of (depth-2)/6 blocks of 16, 32 and 64 channels, the later two at
// half and a quarter of the size, an average over the image and a dense layer.
// depth is 6n + 2: 20, 32, 56, 110. Where the size changes, a block's shortcut
// takes every other pixel and puts zeros around its channels (the paper's option
// A; as many on both sides). Convolutions have no bias and start from
// He's N(0, 2/in).
//
// Parameters are named as torchvision names those of its residual nets: "conv1",
// "bn1", "layer1.0.conv1", "layer1.0.bn1", "layer1.0.conv2", "layer1.0.bn2", "fc".
func ResNet(depth, classes int) ResNetLayer { return ResNetLayer{depth: depth, classes: classes} }

// Projections makes shortcuts that change the shape 1x1 convolutions, each with a
// batch normalization (option B), named "downsample.0" and "downsample.1".
func (r ResNetLayer) Projections() ResNetLayer { r.projections = true; return r }

// Group makes batch normalizations take groups of n examples: see
// BatchNormLayer.Group.
func (r ResNetLayer) Group(n int) ResNetLayer { r.group = n; return r }

// String returns, for example, "ResNet-20".
func (r ResNetLayer) String() string { return fmt.Sprintf("ResNet-%d", r.depth) }

// Build adds the net to a graph.
func (r ResNetLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if r.depth < 8 || r.depth%6 != 2 {
		return c.Failf("nn.ResNet", []*graph.Node{x}, "depth %d, want 6n + 2: 20, 32, 44, 56, 110", r.depth)
	}
	block := basicBlock{init: KaimingNormal(), norm: BatchNorm().Group(r.group), projection: r.projections}
	net := chain{{"conv1", block.conv(16, 3)}, {"bn1", block.norm}, {"relu", ReLU()}}
	for i, channels := range []int{16, 32, 64} {
		net = append(net, link{"layer" + strconv.Itoa(i+1), block.stage((r.depth-2)/6, channels, min(i+1, 2))})
	}
	return append(net, link{"avgpool", GlobalAvgPool()}, link{"fc", Dense(r.classes)}).Build(c, x)
}

// ResNet18 is the residual net of 18 layers for large images of the same paper
// (table 1), (H, W, C) to scores (classes), as torchvision has it: a 7x7
// convolution and a maximum at strides of 2, four stages of two blocks of 64, 128,
// 256 and 512 channels with projections, an average and a dense layer. Names,
// layouts in files and first values are torchvision's: convolutions start from
// N(0, 2/out).
func ResNet18(classes int) Layer {
	block := basicBlock{init: KaimingNormalOut(), norm: BatchNorm(), projection: true}
	net := chain{{"conv1", Conv2d(64, 7).Stride(2).Pad(3).NoBias().Init(block.init)}, {"bn1", block.norm}, {"relu", ReLU()},
		{"maxpool", MaxPool2d(3).Stride(2).Pad(1)}}
	for i, channels := range []int{64, 128, 256, 512} {
		net = append(net, link{"layer" + strconv.Itoa(i+1), block.stage(2, channels, min(i+1, 2))})
	}
	return named{"ResNet-18", append(net, link{"avgpool", GlobalAvgPool()}, link{"fc", Dense(classes)})}
}

// basicBlock is two 3x3 convolutions beside a shortcut, of so many channels and
// a stride: relu(shortcut(x) + bn2(conv2(relu(bn1(conv1(x)))))).
type basicBlock struct {
	init             Initializer
	norm             BatchNormLayer
	projection       bool
	channels, stride int
}

// stage is n blocks, the first with a stride.
func (b basicBlock) stage(n, channels, stride int) Layer {
	b.channels, b.stride = channels, 1
	blocks := slices.Repeat([]Layer{b}, n)
	b.stride = stride
	blocks[0] = b
	return Sequential(blocks...)
}

// conv is a convolution of k by k that keeps the size.
func (b basicBlock) conv(channels, k int) ConvLayer {
	return Conv2d(channels, k).Pad(k / 2).NoBias().Init(b.init)
}

// String returns, for example, "BasicBlock(64, stride 2)".
func (b basicBlock) String() string {
	if b.stride > 1 {
		return fmt.Sprintf("BasicBlock(%d, stride %d)", b.channels, b.stride)
	}
	return fmt.Sprintf("BasicBlock(%d)", b.channels)
}

// Build adds the block to a graph.
func (b basicBlock) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.ResNet", x) {
		return c.failed()
	}
	y := chain{{"conv1", b.conv(b.channels, 3).Stride(b.stride)}, {"bn1", b.norm}, {"relu", ReLU()}, {"conv2", b.conv(b.channels, 3)}, {"bn2", b.norm}}.Build(c, x)
	switch {
	case c.Err() != nil:
		return c.failed()
	case x.Shape.Equal(y.Shape):
	case b.projection:
		x = c.Apply("downsample", Sequential(b.conv(b.channels, 1).Stride(b.stride), b.norm), x)
	default:
		x = b.thin(c, x)
	}
	return c.Relu(c.Add(x, y))
}

// thin takes the pixels of every stride-th row and column and puts zeros around
// their channels.
func (b basicBlock) thin(c *Context, x *graph.Node) *graph.Node {
	if b.stride > 1 {
		x = c.AvgPool(x, graph.Pool{Kernel: [2]int{1, 1}, Stride: [2]int{b.stride, b.stride}})
	}
	if c.Err() != nil {
		return c.failed()
	}
	if more := b.channels - x.Shape.Last(); more > 0 {
		x = c.Pad(x, more/2, b.channels)
	}
	return x
}
