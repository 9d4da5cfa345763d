package nn

import (
	"strconv"

	"github.com/descent-ml/descent/graph"
)

// Features says what FM, DeepFM and DLRM know of an example: any of the user and
// the item of an interaction, categorical columns, and numbers. A table of rows
// has the latter two. Tables of vectors are sparse.
type Features struct {
	Users, Items int   // rows for the inputs "user" and "item"; 0: there is no such input
	Categories   []int // sizes of the columns of the input "cat"; none: there is no such input

	dense bool // tables are not sparse
}

// embed looks up all but the item in tables of dim columns: a vector (dim) each.
// Names begin with user and cat, and end in tail.
func (f Features) embed(c *Context, model, tail string, dim int, init Initializer) []*graph.Node {
	var vectors []*graph.Node
	if f.Users > 0 {
		vectors = append(vectors, c.identify(model, "user", "user"+tail, tableOf(f.Users, dim, init, f.dense)))
	}
	cat := c.Inputs["cat"]
	switch {
	case len(f.Categories) == 0:
		return vectors
	case cat == nil:
		return append(vectors, c.Failf(model, nil, `no input "cat": the data have no categorical columns`))
	case len(cat.Shape.Inner()) != 1 || cat.Shape.Last() != len(f.Categories):
		return append(vectors, c.Failf(model, []*graph.Node{cat}, "%d sizes, want one for each column", len(f.Categories)))
	}
	for j, rows := range f.Categories {
		index := c.Reshape(c.Slice(cat, j, 1))
		vectors = append(vectors, c.Apply("cat"+tail+"."+strconv.Itoa(j), tableOf(rows, dim, init, f.dense), index))
	}
	return vectors
}

// embedItem looks up the item, (.., dim), or returns nil if there is none.
func (f Features) embedItem(c *Context, model, tail string, dim int, init Initializer) *graph.Node {
	if f.Items == 0 {
		return nil
	}
	return c.identify(model, "item", "item"+tail, tableOf(f.Items, dim, init, f.dense))
}

// numbers returns x, (n), which may be nil, and reports a mistake if it is not
// of that form.
func numbers(c *Context, model string, x *graph.Node) *graph.Node {
	if x != nil && c.Err() == nil && (len(x.Shape.Inner()) != 1 || !x.PerExample()) {
		return c.Failf(model, []*graph.Node{x}, "want numbers on one axis: (n)")
	}
	return x
}

// outputs turns a score () into what a target wants: itself, or for two classes
// [0, s], of which the cross-entropy is the logistic loss of s.
func outputs(c *Context, model string, score *graph.Node, n int) *graph.Node {
	switch {
	case c.Err() != nil:
		return c.failed()
	case n < 2:
		return score
	case n > 2 || len(score.Shape.Inner()) > 0:
		return c.Failf(model, []*graph.Node{score}, "%d outputs, want 1, or 2 for two classes and one item (for more, the model DLRM or a network with categories)", n)
	}
	s := c.Reshape(score, 1)
	return c.Concat(c.BroadcastTo(c.Const(0), s.Shape), s)
}

// total adds values of one shape.
func total(c *Context, values []*graph.Node) *graph.Node {
	sum := values[0]
	for _, v := range values[1:] {
		sum = c.Add(sum, v)
	}
	return sum
}
