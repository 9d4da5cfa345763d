package config

import "github.com/descent-ml/descent/nn"

// imageNet is a published net for images, whole.
type imageNet struct {
	classes int // 0: those of the data
	make    func(classes int) nn.Layer
}

func (n *imageNet) keys() fields {
	return fields{{key: "classes", codec: count{p: &n.classes, low: 1, auto: "auto"}}}
}

func (n *imageNet) settle(m *modelContext) {
	if n.classes == 0 {
		n.classes = m.outputs
	}
}

func (n *imageNet) build(m *modelContext) nn.Layer {
	n.settle(m)
	return n.make(n.classes)
}

// outputs is where the number of classes is.
func (n *imageNet) outputs() *int { return &n.classes }

// smallResNet is a residual net for small images.
type smallResNet struct {
	imageNet
	depth, group int // group 0: batch norm is over the batch
	shortcut     string
}

// The shortcuts of blocks that change the shape.
const (
	shortcutPad        = "pad"        // option A of the paper
	shortcutProjection = "projection" // option B
)

func newSmallResNet(depth int) *smallResNet {
	return &smallResNet{depth: depth, shortcut: shortcutPad}
}

func (n *smallResNet) keys() fields {
	return append(n.imageNet.keys(),
		field{key: "shortcut", codec: word{&n.shortcut, []string{shortcutPad, shortcutProjection}}},
		field{key: "group", codec: count{p: &n.group, low: 2, auto: "none"}})
}

func (n *smallResNet) build(m *modelContext) nn.Layer {
	n.settle(m)
	l := nn.ResNet(n.depth, n.classes).Group(n.group)
	if n.shortcut == shortcutProjection {
		l = l.Projections()
	}
	return l
}

// imageNetKinds are the published nets by name.
func imageNetKinds() []alternative[layerOptions] {
	net := func(name string, f func(classes int) nn.Layer) alternative[layerOptions] {
		return alternative[layerOptions]{name, func() layerOptions { return &imageNet{make: f} }}
	}
	residual := func(name string, depth int) alternative[layerOptions] {
		return alternative[layerOptions]{name, func() layerOptions { return newSmallResNet(depth) }}
	}
	return []alternative[layerOptions]{
		net("lenet", nn.LeNet), residual("resnet20", 20), residual("resnet32", 32), residual("resnet56", 56), residual("resnet110", 110),
		net("resnet18", nn.ResNet18), net("mobilenet_small", nn.MobileNetSmall),
	}
}

// isImageNet reports whether a name is that of such a net.
func isImageNet(name string) bool {
	for _, k := range imageNetKinds() {
		if k.name == name {
			return true
		}
	}
	return false
}
