package nn

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// MFLayer is what MF and BPRMF return; its methods return changed copies.
type MFLayer struct {
	name             string
	users, items     int
	dim              int
	userBias, center bool
	mean             float64
	init             Initializer
	dense            bool
}

// MF is matrix factorization with biases, the "SVD" of the Netflix prize
// (Koren, Bell, Volinsky, IEEE Computer 2009, equation 4, as in Surprise):
//
//	s = μ + b_u + b_i + p_u·q_i
//
// for users and items numbered from 0. Parameters, the tables sparse: user.weight (users, dim) and
// item.weight (items, dim), from N(0, 0.1); user_bias.weight (users, 1) and
// item_bias.weight (items, 1), from 0; mean (1), which is μ and not trained: the
// mean of the ratings to learn from, set by Mean, else 0. Its loss is MSE for
// ratings, or any other of a score.
func MF(users, items, dim int) MFLayer {
	return MFLayer{name: "MF", users: users, items: items, dim: dim, userBias: true, center: true, init: Normal(0, 0.1)}
}

// BPRMF is matrix factorization for rankings: s = b_i + p_u·q_i, as MF without
// what is equal for all items of a user (Rendle et al., UAI 2009, section 4.3.1).
// Its loss is BPR or another of several items.
func BPRMF(users, items, dim int) MFLayer {
	return MFLayer{name: "BPRMF", users: users, items: items, dim: dim, init: Normal(0, 0.1)}
}

// Mean sets μ.
func (l MFLayer) Mean(mu float64) MFLayer { l.mean = mu; return l }

// Init sets how the vectors start; biases start at 0.
func (l MFLayer) Init(i Initializer) MFLayer { l.init = i; return l }

// Sparse says whether the tables are sparse (EmbeddingLayer.Sparse), which they
// are unless it is false.
func (l MFLayer) Sparse(on bool) MFLayer { l.dense = !on; return l }

// table looks an identifier up.
func (l MFLayer) table(c *Context, field, name string, rows, dim int, init Initializer) *graph.Node {
	return c.identify("nn."+l.name, field, name, tableOf(rows, dim, init, l.dense))
}

// userParts returns p_u (D), and μ + b_u as (1), a constant 0 if there is none.
func (l MFLayer) userParts(c *Context) (p, bias *graph.Node) {
	p = l.table(c, "user", "user", l.users, l.dim, l.init)
	bias = c.Const(0)
	if l.userBias {
		bias = l.table(c, "user", "user_bias", l.users, 1, Zeros())
	}
	if l.center {
		bias = c.Add(bias, c.FrozenParam("mean", graph.Init{Rule: "constant", A: l.mean}, 1))
	}
	return p, bias
}

// itemParts returns q_i (.., D) and b_i (.., 1).
func (l MFLayer) itemParts(c *Context) (q, bias *graph.Node) {
	q = l.table(c, "item", "item", l.items, l.dim, l.init)
	return q, l.table(c, "item", "item_bias", l.items, 1, Zeros())
}

// User returns [p_u, μ + b_u, 1].
func (l MFLayer) User(c *Context) *graph.Node {
	p, bias := l.userParts(c)
	return c.beside(p, bias, c.Const(1))
}

// Item returns [q_i, 1, b_i].
func (l MFLayer) Item(c *Context) *graph.Node {
	q, bias := l.itemParts(c)
	return c.beside(q, c.Const(1), bias)
}

// Build adds the layer to a graph.
func (l MFLayer) Build(c *Context, _ *graph.Node) *graph.Node {
	p, userBias := l.userParts(c)
	q, itemBias := l.itemParts(c)
	if c.Err() != nil {
		return c.failed()
	}
	score := c.Add(c.dot(p, q), c.single(itemBias))
	if l.userBias || l.center {
		if len(q.Shape.Inner()) == 1 {
			userBias = c.single(userBias)
		}
		score = c.Add(score, userBias)
	}
	return c.scored(score, c.beside(p, userBias, c.Const(1)), c.beside(q, c.Const(1), itemBias))
}

// String returns, for example, "MF(943 users, 1682 items, 64)".
func (l MFLayer) String() string {
	return fmt.Sprintf("%s(%d users, %d items, %d)", l.name, l.users, l.items, l.dim)
}
