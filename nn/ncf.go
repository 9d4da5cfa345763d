package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/graph"
)

// Neural collaborative filtering (He, Liao, Zhang, Nie, Hu, Chua, WWW 2017).
// Scores are logits: the loss of the paper is BCEWithLogits over observed pairs
// and negatives, but any loss of scores will do. Vectors start as N(0, 0.01),
// biases at 0, towers as Xavier, and the last layer as U(±√(3/in)), as in the
// authors' code and in its PyTorch versions. Parts are not pretrained. Tables of
// vectors are sparse.

// lecun is U(-b, b) with b = √(3/in): Keras's lecun_uniform.
func lecun(fanIn, _ int) graph.Init { return uniform(math.Sqrt(3 / float64(fanIn))) }

// tower is dense layers with ReLU behind each, and dropout if the rate is not 0.
func tower(hidden []int, rate float64, weight, bias Initializer) Layer {
	var layers []Layer
	for _, n := range hidden {
		layers = append(layers, Dense(n).Init(weight).BiasInit(bias), ReLU())
		if rate != 0 {
			layers = append(layers, Dropout(rate))
		}
	}
	return Sequential(layers...)
}

// GMFLayer is what GMF returns; its methods return changed copies.
type GMFLayer struct {
	users, items, dim int
	init              Initializer
	dense             bool
}

// GMF is generalized matrix factorization, s = h·(p_u ⊙ q_i) + b (equation 9).
// Parameters: user.weight (users, dim), item.weight (items, dim), out.weight
// (dim, 1), in files (1, dim), and out.bias (1). It is Factored: p_u ⊙ h is the
// user's vector.
func GMF(users, items, dim int) GMFLayer {
	return GMFLayer{users: users, items: items, dim: dim, init: Normal(0, 0.01)}
}

// Init sets how the vectors start.
func (l GMFLayer) Init(i Initializer) GMFLayer { l.init = i; return l }

// Sparse says whether the tables are sparse (EmbeddingLayer.Sparse), which they
// are unless it is false.
func (l GMFLayer) Sparse(on bool) GMFLayer { l.dense = !on; return l }

// userParts returns p_u ⊙ h (D), and b (1).
func (l GMFLayer) userParts(c *Context) (p, bias *graph.Node) {
	p = c.identify("nn.GMF", "user", "user", tableOf(l.users, l.dim, l.init, l.dense))
	if c.Err() != nil {
		return c.failed(), c.failed()
	}
	init := lecun(l.dim, 1)
	init.Transposed = true
	h := c.shared("out", "weight", init, l.dim, 1)
	return c.Mul(p, c.Reshape(h, l.dim)), c.shared("out", "bias", graph.Init{}, 1)
}

// itemPart returns q_i (.., D).
func (l GMFLayer) itemPart(c *Context) *graph.Node {
	return c.identify("nn.GMF", "item", "item", tableOf(l.items, l.dim, l.init, l.dense))
}

// User returns [p_u ⊙ h, b].
func (l GMFLayer) User(c *Context) *graph.Node { return c.beside(l.userParts(c)) }

// Item returns [q_i, 1].
func (l GMFLayer) Item(c *Context) *graph.Node { return c.beside(l.itemPart(c), c.Const(1)) }

// Build adds the layer to a graph. The vectors are there for a loss that asks
// for them: the score does without, so that training does not write them.
func (l GMFLayer) Build(c *Context, _ *graph.Node) *graph.Node {
	p, bias := l.userParts(c)
	q := l.itemPart(c)
	if c.Err() != nil {
		return c.failed()
	}
	return c.scored(c.Add(c.dot(p, q), bias), c.beside(p, bias), c.beside(q, c.Const(1)))
}

// String returns, for example, "GMF(943 users, 1682 items, 8)".
func (l GMFLayer) String() string {
	return fmt.Sprintf("GMF(%d users, %d items, %d)", l.users, l.items, l.dim)
}

// NeuMFLayer is what NeuMF returns; its methods return changed copies.
type NeuMFLayer struct {
	users, items, dim int
	hidden            []int
	rate              float64
	init              Initializer
	dense             bool
}

// NeuMF joins GMF with a network on the concatenated vectors (equation 12):
//
//	s = h·[p_u ⊙ q_i, mlp([p'_u, q'_i])] + b
//
// The vectors of the network have as many elements as its first hidden layer.
// Parameters: gmf_user.weight (users, dim), gmf_item.weight, mlp_user.weight,
// mlp_item.weight, mlp.0.weight, mlp.0.bias, mlp.2.weight, …, and the last layer
// out. The hidden layers are those of the paper: 4·dim, 2·dim and dim, unless
// set by Hidden.
func NeuMF(users, items, dim int) NeuMFLayer {
	return NeuMFLayer{users: users, items: items, dim: dim, hidden: []int{4 * dim, 2 * dim, dim}, init: Normal(0, 0.01)}
}

// Hidden sets the hidden layers of the network: at least one.
func (l NeuMFLayer) Hidden(sizes ...int) NeuMFLayer { l.hidden = slices.Clone(sizes); return l }

// Dropout sets the rate behind each hidden layer, 0 by default.
func (l NeuMFLayer) Dropout(rate float64) NeuMFLayer { l.rate = rate; return l }

// Init sets how the vectors start.
func (l NeuMFLayer) Init(i Initializer) NeuMFLayer { l.init = i; return l }

// Sparse says whether the tables are sparse (EmbeddingLayer.Sparse), which they
// are unless it is false.
func (l NeuMFLayer) Sparse(on bool) NeuMFLayer { l.dense = !on; return l }

// Build adds the layer to a graph.
func (l NeuMFLayer) Build(c *Context, _ *graph.Node) *graph.Node {
	if len(l.hidden) == 0 {
		return c.Failf("nn.NeuMF", nil, "no hidden layers, want at least one (or the model GMF)")
	}
	table := func(field, name string, rows, dim int) *graph.Node {
		return c.identify("nn.NeuMF", field, name, tableOf(rows, dim, l.init, l.dense))
	}
	p, q := table("user", "gmf_user", l.users, l.dim), table("item", "gmf_item", l.items, l.dim)
	a, b := table("user", "mlp_user", l.users, l.hidden[0]), table("item", "mlp_item", l.items, l.hidden[0])
	if c.Err() != nil {
		return c.failed()
	}
	deep := c.Apply("mlp", tower(l.hidden, l.rate, Xavier(), Zeros()), c.Concat(c.each(a, b), b))
	both := c.Concat(c.Mul(c.each(p, q), q), deep)
	return c.single(c.Apply("out", Dense(1).Init(lecun).BiasInit(Zeros()), both))
}

// String returns, for example, "NeuMF(943 users, 1682 items, 8)".
func (l NeuMFLayer) String() string {
	return fmt.Sprintf("NeuMF(%d users, %d items, %d)", l.users, l.items, l.dim)
}
