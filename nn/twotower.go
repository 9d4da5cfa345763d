package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
)

// side is one of the two towers.
type side struct {
	field    string // the input with its numbers: user or item
	rows     int
	hidden   []int
	features []string // f32 inputs (.., n)
	context  bool     // x and cat belong here
	sizes    []int    // of the columns of cat
}

// TwoTowerLayer is what TwoTower returns; its methods return changed copies.
type TwoTowerLayer struct {
	user, item  side
	dim         int
	normalize   bool
	temperature float64
	init        Initializer
	dense       bool
}

// TwoTower scores the vectors that two networks make of a user and of an item
// (Covington, Adams, Sargin, RecSys 2016; Yi et al., RecSys 2019):
//
//	s = f(user)·g(item) / τ
//
// A tower is an embedding of the number, beside features if there are any, and
// dense layers with ReLU between them; without layers and features it is the
// embedding alone. Parameters: user.weight (users, dim), item.weight (items,
// dim), both sparse, from U(-0.05, 0.05) as in Keras; user_cat.0.weight, …, of categorical
// features; user_tower.0.weight, user_tower.0.bias, user_tower.2.weight, …, and
// item_tower likewise, as Dense. It is made for InBatch.
func TwoTower(users, items, dim int) TwoTowerLayer {
	return TwoTowerLayer{user: side{field: "user", rows: users}, item: side{field: "item", rows: items}, dim: dim, temperature: 1, init: Uniform(-0.05, 0.05)}
}

// UserHidden sets the layers of the user's tower; the last one gives the vector.
func (l TwoTowerLayer) UserHidden(sizes ...int) TwoTowerLayer {
	l.user.hidden = slices.Clone(sizes)
	return l
}

// ItemHidden sets those of the item's tower.
func (l TwoTowerLayer) ItemHidden(sizes ...int) TwoTowerLayer {
	l.item.hidden = slices.Clone(sizes)
	return l
}

// UserFeatures names f32 inputs (n) that the user's tower takes beside the
// embedding. A tower with features and without layers has one, of dim outputs.
func (l TwoTowerLayer) UserFeatures(inputs ...string) TwoTowerLayer {
	l.user.features = slices.Clone(inputs)
	return l
}

// ItemFeatures names those of the item's tower: (n), or (m, n) for m items.
func (l TwoTowerLayer) ItemFeatures(inputs ...string) TwoTowerLayer {
	l.item.features = slices.Clone(inputs)
	return l
}

// Context gives the user's tower what else is known of an example: the numbers
// x, if the data have any, and the columns of the input "cat", of which there are
// so many each.
func (l TwoTowerLayer) Context(categories ...int) TwoTowerLayer {
	l.user.context, l.user.sizes = true, slices.Clone(categories)
	return l
}

// Normalize divides vectors by their lengths, so that s is a cosine over τ. It
// uses √(Σ x² + 1e-16·D); PyTorch's normalize limits the length from below.
func (l TwoTowerLayer) Normalize() TwoTowerLayer { l.normalize = true; return l }

// Temperature sets τ, more than 0; 1 by default.
func (l TwoTowerLayer) Temperature(tau float64) TwoTowerLayer { l.temperature = tau; return l }

// Init sets how the embeddings start.
func (l TwoTowerLayer) Init(i Initializer) TwoTowerLayer { l.init = i; return l }

// Sparse says whether the tables are sparse (EmbeddingLayer.Sparse), which they
// are unless it is false.
func (l TwoTowerLayer) Sparse(on bool) TwoTowerLayer { l.dense = !on; return l }

// User returns f(user) / τ.
func (l TwoTowerLayer) User(c *Context) *graph.Node {
	if !(l.temperature > 0) || math.IsInf(l.temperature, 0) {
		return c.Failf("nn.TwoTower", nil, "temperature %v, want a finite number above 0", l.temperature)
	}
	return c.Mul(l.vector(c, &l.user), c.Const(1/l.temperature))
}

// Item returns g(item).
func (l TwoTowerLayer) Item(c *Context) *graph.Node { return l.vector(c, &l.item) }

// vector returns what a tower gives.
func (l TwoTowerLayer) vector(c *Context, s *side) *graph.Node {
	parts := []*graph.Node{c.identify("nn.TwoTower", s.field, s.field, tableOf(s.rows, l.dim, l.init, l.dense))}
	for _, name := range s.features {
		if c.Inputs[name] == nil {
			return c.Failf("nn.TwoTower", nil, "no input %q for the tower of the %s", name, s.field)
		}
		parts = append(parts, c.Inputs[name])
	}
	if x := numbers(c, "nn.TwoTower", c.Inputs["x"]); s.context && x != nil {
		parts = append(parts, x)
	}
	if len(s.sizes) > 0 {
		parts = append(parts, c.Apply(s.field+"_cat", Categories(s.sizes, l.dim), nil))
	}
	hidden := s.hidden
	if len(parts) > 1 && len(hidden) == 0 {
		hidden = []int{l.dim}
	}
	x := c.Concat(parts...)
	if len(hidden) > 0 {
		x = c.Apply(s.field+"_tower", dense(hidden), x)
	}
	if c.Err() != nil {
		return c.failed()
	}
	if l.normalize {
		x = c.Mul(c.RMSNormalize(x, 1e-16), c.Const(1/math.Sqrt(float64(x.Shape.Last()))))
	}
	return x
}

// dense is dense layers with ReLU between them.
func dense(sizes []int) Layer {
	var layers []Layer
	for i, n := range sizes {
		if i > 0 {
			layers = append(layers, ReLU())
		}
		layers = append(layers, Dense(n))
	}
	return Sequential(layers...)
}

// Build adds the layer to a graph.
func (l TwoTowerLayer) Build(c *Context, _ *graph.Node) *graph.Node {
	user, item := l.User(c), l.Item(c)
	if c.Err() != nil {
		return c.failed()
	}
	if a, b := user.Shape.Last(), item.Shape.Last(); a != b {
		return c.Failf("nn.TwoTower", []*graph.Node{user, item}, "the user's tower gives %d numbers and the item's %d, want as many", a, b)
	}
	return c.Score(user, item)
}

// String returns, for example, "TwoTower(943 users, 1682 items, 32)".
func (l TwoTowerLayer) String() string {
	return fmt.Sprintf("TwoTower(%d users, %d items, %d)", l.user.rows, l.item.rows, l.dim)
}
