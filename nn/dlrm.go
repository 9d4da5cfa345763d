package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
)

// DLRMLayer is what DLRM returns; its methods return changed copies.
type DLRMLayer struct {
	features         Features
	dim, out         int
	bottom, top      []int
	init             Initializer
	weight, biasInit Initializer
}

// DLRM is Meta's model for the prediction of clicks (Naumov et al.,
// arXiv:1906.00091): a network makes a vector of the numbers, tables make one of
// each category, and the products of all pairs go, beside the first vector,
// through a second network:
//
//	z = bottom(x);  s = out(top([z, PairDots(z, v_1, v_2, …)]))
//
// bottom and top are the hidden layers of the networks, with ReLU behind each;
// that of bottom is followed by one of dim. Without numbers there is no z. The
// order of the vectors is z, user, item, categories. Parameters: bottom.0.weight,
// …, top.0.weight, …, out.weight and biases, from N(0, 2/(in + out)) and N(0,
// 1/out); user.weight, item.weight, cat.0.weight, … from U(±1/√rows), as in the
// authors' code. Scores are logits.
func DLRM(f Features, dim int, bottom, top []int) DLRMLayer {
	f.Categories = slices.Clone(f.Categories)
	return DLRMLayer{features: f, dim: dim, bottom: slices.Clone(bottom), top: slices.Clone(top), init: uniformFan,
		weight: XavierNormal(), biasInit: func(_, out int) graph.Init { return normal(1 / math.Sqrt(float64(out))) }}
}

// Out sets the number of outputs of a model without items, 1 by default: (n),
// and () for 1.
func (l DLRMLayer) Out(n int) DLRMLayer { l.out = n; return l }

// Init sets how the tables start.
func (l DLRMLayer) Init(i Initializer) DLRMLayer { l.init = i; return l }

// Sparse says whether the tables are sparse (EmbeddingLayer.Sparse), which they
// are unless it is false.
func (l DLRMLayer) Sparse(on bool) DLRMLayer { l.features.dense = !on; return l }

// vectors returns z, which is nil without numbers, and all vectors, repeated for
// each item if an example has several.
func (l DLRMLayer) vectors(c *Context, x *graph.Node) (z *graph.Node, all []*graph.Node) {
	const model = "nn.DLRM"
	if x = numbers(c, model, x); x != nil {
		z = c.Apply("bottom", tower(append(slices.Clone(l.bottom), l.dim), 0, l.weight, l.biasInit), x)
		all = append(all, z)
	}
	embedded := l.features.embed(c, model, "", l.dim, l.init)
	item := l.features.embedItem(c, model, "", l.dim, l.init)
	if c.Err() != nil {
		return c.failed(), nil
	}
	if item == nil {
		return z, append(all, embedded...)
	}
	if l.features.Users > 0 {
		all, embedded = append(all, embedded[0]), embedded[1:]
	}
	at := len(all)
	all = append(append(all, item), embedded...)
	for i := range all {
		if i != at {
			all[i] = c.each(all[i], item)
		}
	}
	if z != nil {
		z = all[0]
	}
	return z, all
}

// Build adds the layer to a graph.
func (l DLRMLayer) Build(c *Context, x *graph.Node) *graph.Node {
	z, all := l.vectors(c, x)
	if c.Err() != nil {
		return c.failed()
	}
	if len(all) < 2 {
		return c.Failf("nn.DLRM", nil, "%d vectors of features, want at least two: numbers, a user, an item or categories", len(all))
	}
	stack := c.Concat(all...)
	lead := stack.Shape.Inner()[:len(stack.Shape.Inner())-1]
	pairs := c.PairDots(c.Reshape(stack, append(slices.Clone(lead), len(all), l.dim)...))
	if z != nil {
		pairs = c.Concat(z, pairs)
	}
	h := c.Apply("top", tower(l.top, 0, l.weight, l.biasInit), pairs)
	y := c.Apply("out", Dense(max(1, l.out)).Init(l.weight).BiasInit(l.biasInit), h)
	if l.out > 1 {
		return y
	}
	return c.single(y)
}

// String returns, for example, "DLRM(16)".
func (l DLRMLayer) String() string { return fmt.Sprintf("DLRM(%d)", l.dim) }
