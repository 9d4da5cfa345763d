package nn

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/descent-ml/descent/graph"
)

// EmbeddingLayer is what Embedding returns; its methods return changed copies.
type EmbeddingLayer struct {
	rows, dim int
	init      Initializer
	sparse    bool
}

// Embedding looks up a row of a table for each i32 index, from 0 to rows - 1:
// (..) to (.., dim). Parameter: weight (rows, dim), from N(0, 1) as in
// PyTorch. The caller has checked the range of the indices.
func Embedding(rows, dim int) EmbeddingLayer {
	return EmbeddingLayer{rows: rows, dim: dim, init: Normal(0, 1)}
}

// Init sets how the table starts; it is given rows inputs and dim outputs.
func (e EmbeddingLayer) Init(i Initializer) EmbeddingLayer { e.init = i; return e }

// Sparse keeps the gradient for the rows alone that a batch names, and updates
// those: an update takes time and memory by the batch, not by the table, and the
// optimizer leaves the other rows, their momentum and their decay as they are
// (PyTorch's sparse=True, with any optimizer that works element by element).
// The table may be read by look-ups alone.
func (e EmbeddingLayer) Sparse() EmbeddingLayer { e.sparse = true; return e }

// Build adds the layer to a graph.
func (e EmbeddingLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Embedding", x) {
		return c.failed()
	}
	if e.rows < 1 || e.dim < 1 || e.init == nil {
		return c.Failf("nn.Embedding", []*graph.Node{x}, "a table of %d rows and %d columns, want at least 1 (and make the layer with Embedding)", e.rows, e.dim)
	}
	if e.sparse {
		return c.Gather(c.SparseParam("weight", e.init(e.rows, e.dim), e.rows, e.dim), x)
	}
	return c.Gather(c.Param("weight", e.init(e.rows, e.dim), e.rows, e.dim), x)
}

// String returns, for example, "Embedding(1000, 16)" or "Embedding(1000, 16, sparse)".
func (e EmbeddingLayer) String() string {
	if e.sparse {
		return fmt.Sprintf("Embedding(%d, %d, sparse)", e.rows, e.dim)
	}
	return fmt.Sprintf("Embedding(%d, %d)", e.rows, e.dim)
}

// tableOf is Embedding, sparse unless dense is set.
func tableOf(rows, dim int, init Initializer, dense bool) EmbeddingLayer {
	e := Embedding(rows, dim).Init(init)
	if dense {
		return e
	}
	return e.Sparse()
}

type categories struct{ sizes, dims []int }

// Categories embeds the categorical columns of a table, which are the input
// "cat", i32 (columns): column j has its own Embedding(sizes[j], dim), named
// "j". The output is x, if there is one, and the embeddings side by side:
// (n) to (n + columns·dim).
func Categories(sizes []int, dim int) Layer {
	return CategoriesOf(sizes, slices.Repeat([]int{dim}, len(sizes)))
}

// CategoriesOf is Categories with a number of dimensions for each column.
func CategoriesOf(sizes, dims []int) Layer {
	return categories{slices.Clone(sizes), slices.Clone(dims)}
}

// CategoryDims returns a number of dimensions for each size of a table of
// embeddings: 1.6·size^0.56, rounded, at least 2 and at most most. It is the rule
// of thumb of fastai.
func CategoryDims(sizes []int, most int) []int {
	dims := make([]int, len(sizes))
	for i, n := range sizes {
		dims[i] = max(2, min(most, int(math.Round(1.6*math.Pow(float64(n), 0.56)))))
	}
	return dims
}

func (l categories) Build(c *Context, x *graph.Node) *graph.Node {
	cat := c.Inputs["cat"]
	if cat == nil {
		return c.Failf("nn.Categories", nil, `no input "cat": the data has no categorical columns`)
	}
	if c.Err() == nil && (len(l.sizes) == 0 || len(l.dims) != len(l.sizes) || !slices.Equal(cat.Shape.Inner(), []int{len(l.sizes)})) {
		return c.Failf("nn.Categories", []*graph.Node{cat}, "%d sizes, want one for each column", len(l.sizes))
	}
	var parts []*graph.Node
	if x != nil {
		parts = append(parts, x)
	}
	for j, rows := range l.sizes {
		index := c.Reshape(c.Slice(cat, j, 1))
		parts = append(parts, c.Apply(strconv.Itoa(j), Embedding(rows, l.dims[j]), index))
	}
	return c.Concat(parts...)
}

func (l categories) String() string {
	if len(l.dims) == 0 || slices.Min(l.dims) != slices.Max(l.dims) {
		return fmt.Sprintf("Categories(%d × %v)", len(l.sizes), l.dims)
	}
	return fmt.Sprintf("Categories(%d × %d)", len(l.sizes), l.dims[0])
}
