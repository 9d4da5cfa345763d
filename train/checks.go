package train

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// bound says that columns of an integer input index something: a class of the
// scores, a row of a table. An engine does not check them.
type bound struct {
	input    int // of graph.Inputs
	name     string
	per      int // elements of an example
	from, to int // the columns, of each row of the last axis
	last     int // the length of the last axis
	limit    int // valid are 0 to limit-1
	what     string
}

// checks are what is checked of a batch before an engine sees it.
type checks struct {
	bounds []bound
	weight int // the input of weights, or -1
}

// checksOf finds in a graph what its inputs may hold.
func checksOf(g *graph.Graph) checks {
	c := checks{weight: slices.IndexFunc(g.Inputs, func(n *graph.Node) bool { return n.Attr.Name == dataset.FieldWeight })}
	for _, n := range g.Nodes {
		switch n.Op.Name {
		case "crossentropy":
			c.bounds = appendBound(c.bounds, g, n.In[1], n.In[0].Shape.Last(), "classes")
		case "gather":
			c.bounds = appendBound(c.bounds, g, n.In[1], n.In[0].Shape.Dims[0], "rows of a table")
		}
	}
	return c
}

// appendBound follows indices back to the input that they are columns of.
func appendBound(all []bound, g *graph.Graph, index *graph.Node, limit int, what string) []bound {
	from, width := 0, -1
	for ; index.Op.Name == "slice" || index.Op.Name == "reshape"; index = index.In[0] {
		if index.Op.Name == "slice" {
			if width < 0 {
				width = index.Attr.Dims[0]
			}
			from += index.Attr.Int
		} else if width >= 0 && index.Shape.Last() != index.In[0].Shape.Last() {
			return all // columns of something other than the input's rows
		}
	}
	i := slices.Index(g.Inputs, index)
	if i < 0 {
		return all
	}
	b := bound{input: i, name: index.Attr.Name, per: index.Shape.Size(), last: 1, limit: limit, what: what}
	if in := index.Shape.Inner(); len(in) > 0 {
		b.last = in[len(in)-1]
	}
	b.from, b.to = 0, b.last
	if width >= 0 {
		b.from, b.to = from, from+width
	}
	if slices.Contains(all, b) {
		return all
	}
	return append(all, b)
}

// check reports the first value of a batch that cannot be. The batch has the
// given examples in its first rows.
func (c *checks) check(batch []*tensor.Tensor, examples []int) error {
	if c.weight >= 0 {
		t := batch[c.weight]
		per := t.Size() / t.Shape()[0] // more than one: a weight for each token
		for i, w := range t.F32()[:len(examples)*per] {
			if !(w >= 0) {
				return fmt.Errorf("train: example %d: its weight is %v (want 0 or more)", examples[i/per], w)
			}
		}
	}
	for k := range c.bounds {
		b := &c.bounds[k]
		data := batch[b.input].I32()[:len(examples)*b.per]
		for row := 0; row < len(data); row += b.last {
			for _, v := range data[row+b.from : row+b.to] {
				if uint(v) >= uint(b.limit) {
					return fmt.Errorf("train: example %d: field %q is %d, but the model has %d %s (want 0 to %d)",
						examples[row/b.per], b.name, v, b.limit, b.what, b.limit-1)
				}
			}
		}
	}
	return nil
}
