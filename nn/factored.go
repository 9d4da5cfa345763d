package nn

import (
	"slices"

	"github.com/descent-ml/descent/graph"
)

// Models of interactions read the inputs "user", i32 (), and "item", i32 () or
// (n): one item or several for the same user. They give a score (), or (n).

// Factored is a model whose score is the dot product of a vector of the user and
// one of the item, so that all items are scored by one matrix product. Biases
// are within the vectors, against a 1 in the other one.
type Factored interface {
	Layer

	// User returns the vector (D) from the input "user" and, if the model has
	// any, the features of an example.
	User(c *Context) *graph.Node

	// Item returns the vector (D) of the input "item", or (n, D) of n items.
	// Parameters have the names that Build gives them.
	Item(c *Context) *graph.Node
}

// vectors are what a score is the dot product of.
type vectors struct{ user, item *graph.Node }

// Vectors returns the vectors of user and item (D), or items (n, D), whose dot
// product a prediction is; nil if its model is not Factored. It is how a loss
// compares users with the items of other examples.
func (c *Context) Vectors(pred *graph.Node) (user, item *graph.Node) {
	v := c.factors[pred]
	return v.user, v.item
}

// scored remembers the vectors of a prediction.
func (c *Context) scored(pred, user, item *graph.Node) *graph.Node {
	if c.factors == nil {
		c.factors = map[*graph.Node]vectors{}
	}
	c.factors[pred] = vectors{user, item}
	return pred
}

// Score returns the dot products of a user's vector (D) with those of an item
// (D) or of n items (n, D): (), or (n). Losses find both by Vectors.
func (c *Context) Score(user, item *graph.Node) *graph.Node {
	return c.scored(c.dot(user, item), user, item)
}

// dot is Score without the vectors being remembered.
func (c *Context) dot(user, item *graph.Node) *graph.Node {
	if c.Err() != nil {
		return c.failed()
	}
	if len(item.Shape.Inner()) == 2 {
		return c.Dots(user, item)
	}
	return c.ReduceSum(c.Mul(user, item), 1)
}

// identify embeds the input "user" or "item": its rows of a table of that name.
func (c *Context) identify(model, field, name string, table EmbeddingLayer) *graph.Node {
	index := c.Inputs[field]
	if index == nil {
		return c.Failf(model, nil, "no input %q: the data are no interactions", field)
	}
	return c.Apply(name, table, index)
}

// beside puts columns at the end of vectors (.., D): numbers of the same axes,
// given with a last axis of length 1 or as a constant.
func (c *Context) beside(x *graph.Node, columns ...*graph.Node) *graph.Node {
	if c.Err() != nil {
		return c.failed()
	}
	one := x.Shape
	one.Dims = slices.Clone(one.Dims)
	one.Dims[len(one.Dims)-1] = 1
	parts := []*graph.Node{x}
	for _, col := range columns {
		parts = append(parts, c.BroadcastTo(col, one))
	}
	return c.Concat(parts...)
}

// each repeats a value (D) of an example beside each of the items that like
// (.., D') holds: (D), or (n, D).
func (c *Context) each(x, like *graph.Node) *graph.Node {
	if c.Err() != nil || len(like.Shape.Inner()) < 2 {
		return x
	}
	n, d := like.Shape.Inner()[0], x.Shape.Last()
	return c.BroadcastTo(c.Reshape(x, 1, d), graph.F32(graph.Batch, n, d))
}

// single takes the last axis, of length 1, away.
func (c *Context) single(x *graph.Node) *graph.Node {
	if c.Err() != nil {
		return c.failed()
	}
	in := x.Shape.Inner()
	return c.Reshape(x, in[:len(in)-1]...)
}
