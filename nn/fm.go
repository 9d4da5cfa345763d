package nn

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/graph"
)

// FMLayer is what FM returns; its methods return changed copies.
type FMLayer struct {
	features Features
	dim, out int
	init     Initializer
}

// FM is a factorization machine of degree 2 (Rendle, ICDM 2010, equation 1):
//
//	s = w₀ + Σᵢ wᵢ·xᵢ + Σᵢ Σ_{j>i} (vᵢ·vⱼ)·xᵢ·xⱼ
//
// where x is 1 for the user, the item and each category of an example, and the
// numbers of the input x. The pairs are summed as ½(Σ_f (Σᵢ v_if·xᵢ)² - Σᵢ
// v_if²·xᵢ²), in time linear in the features (lemma 3.1). Parameters: bias (1);
// the vectors user.weight (users, dim), item.weight, cat.0.weight, …, and
// x.weight (n, dim), from N(0, 0.1) as in libFM; and the weights, from 0, of the
// same names with _linear before the dot. With items it is Factored: whatever
// does not depend on the item is in the user's vector.
func FM(f Features, dim int) FMLayer {
	f.Categories = slices.Clone(f.Categories)
	return FMLayer{features: f, dim: dim, init: Normal(0, 0.1)}
}

// Out sets the number of outputs of a model without items: 1, a score, or 2,
// the scores 0 and s of two classes.
func (l FMLayer) Out(n int) FMLayer { l.out = n; return l }

// Init sets how the vectors start.
func (l FMLayer) Init(i Initializer) FMLayer { l.init = i; return l }

// Sparse says whether the tables are sparse (EmbeddingLayer.Sparse), which they
// are unless it is false.
func (l FMLayer) Sparse(on bool) FMLayer { l.features.dense = !on; return l }

// fmParts are the values of which a factorization machine is made.
type fmParts struct {
	vectors []*graph.Node // v of the user and of the categories: (D)
	numbers *graph.Node   // x·v of the numbers: (n, D); nil: none
	sum     *graph.Node   // Σ v·x of both: (D)
	rest    *graph.Node   // w₀, what is linear in both, and their pairs: (1)
	item    *graph.Node   // v of the item: (.., D); nil: none
	weight  *graph.Node   // w of the item: (.., 1)
}

// parts builds what does not depend on the item.
func (l FMLayer) parts(c *Context, x *graph.Node) fmParts {
	const model = "nn.FM"
	x = numbers(c, model, x)
	p := fmParts{vectors: l.features.embed(c, model, "", l.dim, l.init)}
	linear := append(l.features.embed(c, model, "_linear", 1, Zeros()), c.Param("bias", graph.Init{}, 1))
	if c.Err() != nil {
		return p
	}
	sums, squares := slices.Clone(p.vectors), []*graph.Node(nil)
	for _, v := range p.vectors {
		squares = append(squares, c.Mul(v, v))
	}
	if x != nil {
		n := x.Shape.Last()
		v := c.shared("x", "weight", l.init(n, l.dim), n, l.dim)
		p.numbers = c.Mul(c.Reshape(x, n, 1), v)
		sums, squares = append(sums, c.Linear(x, v, nil)), append(squares, c.Linear(c.Mul(x, x), c.Mul(v, v), nil))
		linear = append(linear, c.Linear(x, c.shared("x_linear", "weight", graph.Init{}, n, 1), nil))
	}
	p.rest = c.BroadcastTo(total(c, linear), graph.F32(graph.Batch, 1))
	p.sum = c.BroadcastTo(c.Const(0), graph.F32(graph.Batch, l.dim))
	if len(sums) > 0 {
		p.sum = total(c, sums)
		pairs := c.ReduceSum(c.Sub(c.Mul(p.sum, p.sum), total(c, squares)), 1)
		p.rest = c.FMA(c.Reshape(pairs, 1), c.Const(0.5), p.rest)
	}
	return p
}

// addItem builds what depends on the item, if the data have one.
func (l FMLayer) addItem(c *Context, p *fmParts) {
	p.item = l.features.embedItem(c, "nn.FM", "", l.dim, l.init)
	p.weight = l.features.embedItem(c, "nn.FM", "_linear", 1, Zeros())
}

// score joins the parts: (), or (n) for n items.
func (p *fmParts) score(c *Context) *graph.Node {
	if c.Err() != nil {
		return c.failed()
	}
	if p.item == nil {
		return c.single(p.rest)
	}
	return c.Score(p.userVector(c), p.itemVector(c))
}

func (p *fmParts) userVector(c *Context) *graph.Node { return c.beside(p.sum, p.rest, c.Const(1)) }

func (p *fmParts) itemVector(c *Context) *graph.Node { return c.beside(p.item, c.Const(1), p.weight) }

// User returns [Σ v·x, all that does not depend on the item, 1].
func (l FMLayer) User(c *Context) *graph.Node {
	p := l.parts(c, c.Inputs["x"])
	if c.Err() != nil {
		return c.failed()
	}
	return p.userVector(c)
}

// Item returns [v, 1, w] of the item.
func (l FMLayer) Item(c *Context) *graph.Node {
	var p fmParts
	if l.addItem(c, &p); p.item == nil {
		return c.Failf("nn.FM", nil, "there are no items among the features")
	}
	return p.itemVector(c)
}

// Build adds the layer to a graph.
func (l FMLayer) Build(c *Context, x *graph.Node) *graph.Node {
	p := l.parts(c, x)
	l.addItem(c, &p)
	return outputs(c, "nn.FM", p.score(c), l.out)
}

// String returns, for example, "FM(8)".
func (l FMLayer) String() string { return fmt.Sprintf("FM(%d)", l.dim) }

// DeepFMLayer is what DeepFM returns; its methods return changed copies.
type DeepFMLayer struct {
	fm     FMLayer
	hidden []int
	rate   float64
}

// DeepFM adds to a factorization machine a network on the same vectors, side by
// side (Guo, Tang, Ye, Li, He, IJCAI 2017, equation 1, without the final sigmoid):
//
//	s = FM + h·mlp([vᵢ·xᵢ for each feature i]) + b
//
// Parameters are those of FM, the vectors from N(0, 0.01), and mlp.0.weight,
// mlp.0.bias, mlp.2.weight, …, from Xavier and 0, and out.weight, out.bias. The
// paper has three hidden layers of 400.
func DeepFM(f Features, dim int, hidden ...int) DeepFMLayer {
	return DeepFMLayer{fm: FM(f, dim).Init(Normal(0, 0.01)), hidden: slices.Clone(hidden)}
}

// Out sets the number of outputs, as in FM.
func (l DeepFMLayer) Out(n int) DeepFMLayer { l.fm.out = n; return l }

// Dropout sets the rate behind each hidden layer, 0 by default.
func (l DeepFMLayer) Dropout(rate float64) DeepFMLayer { l.rate = rate; return l }

// Init sets how the vectors start.
func (l DeepFMLayer) Init(i Initializer) DeepFMLayer { l.fm.init = i; return l }

// Sparse says whether the tables are sparse (EmbeddingLayer.Sparse), which they
// are unless it is false.
func (l DeepFMLayer) Sparse(on bool) DeepFMLayer { l.fm.features.dense = !on; return l }

// Build adds the layer to a graph.
func (l DeepFMLayer) Build(c *Context, x *graph.Node) *graph.Node {
	p := l.fm.parts(c, x)
	l.fm.addItem(c, &p)
	if c.Err() != nil {
		return c.failed()
	}
	all := slices.Clone(p.vectors)
	if p.numbers != nil {
		all = append(all, c.Reshape(p.numbers, p.numbers.Shape.Size()))
	}
	if p.item != nil {
		for i := range all {
			all[i] = c.each(all[i], p.item)
		}
		all = append(all, p.item)
	}
	if len(all) == 0 || len(l.hidden) == 0 {
		return c.Failf("nn.DeepFM", nil, "%d features and %d hidden layers, want at least one of each", len(all), len(l.hidden))
	}
	deep := c.Apply("mlp", tower(l.hidden, l.rate, Xavier(), Zeros()), c.Concat(all...))
	deep = c.single(c.Apply("out", Dense(1).Init(Xavier()).BiasInit(Zeros()), deep))
	if c.Err() != nil {
		return c.failed()
	}
	return outputs(c, "nn.DeepFM", c.Add(p.plain(c), deep), l.fm.out)
}

// plain is the score without its vectors being remembered: it is a part of
// another one.
func (p *fmParts) plain(c *Context) *graph.Node {
	if p.item == nil {
		return c.single(p.rest)
	}
	return c.dot(p.userVector(c), p.itemVector(c))
}

// String returns, for example, "DeepFM(8)".
func (l DeepFMLayer) String() string { return fmt.Sprintf("DeepFM(%d)", l.fm.dim) }
