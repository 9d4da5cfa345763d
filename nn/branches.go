package nn

import (
	"slices"
	"strconv"

	"github.com/descent-ml/descent/graph"
)

type branches struct {
	sequence
	name string
	join func(c *Context, parts []*graph.Node) *graph.Node
}

// Sum gives the same input to every layer and adds their outputs, which must
// have one shape. Names are "0", "1", …. A linear model of many rare features
// beside a network is wide and deep learning (Cheng et al. 2016,
// arXiv:1606.07792).
func Sum(layers ...Layer) Layer {
	return branches{slices.Clone(layers), "Sum", func(c *Context, parts []*graph.Node) *graph.Node {
		y := parts[0]
		for _, p := range parts[1:] {
			if !p.Shape.Equal(y.Shape) {
				return c.Failf("nn.Sum", []*graph.Node{y, p}, "the layers give the shapes %v and %v, want one", y.Shape, p.Shape)
			}
			y = c.Add(y, p)
		}
		return y
	}}
}

// Concat gives the same input to every layer and puts their outputs side by
// side on the last axis: (.., a), (.., b), … to (.., a+b+…). Names are "0", "1",
// …. Windows of several sizes beside each other are the classifier of Kim (EMNLP
// 2014).
func Concat(layers ...Layer) Layer {
	return branches{slices.Clone(layers), "Concat", func(c *Context, parts []*graph.Node) *graph.Node { return c.Concat(parts...) }}
}

func (b branches) Build(c *Context, x *graph.Node) *graph.Node {
	if len(b.sequence) == 0 {
		return c.Failf("nn."+b.name, []*graph.Node{x}, "no layers")
	}
	parts := make([]*graph.Node, len(b.sequence))
	for i, l := range b.sequence {
		parts[i] = c.Apply(strconv.Itoa(i), l, x)
	}
	if c.Err() != nil {
		return c.failed()
	}
	return b.join(c, parts)
}

func (b branches) String() string { return b.name }
