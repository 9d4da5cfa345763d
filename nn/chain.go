package nn

import "github.com/descent-ml/descent/graph"

// chain applies layers one after the other, under names of their own: a model
// whose parameters are named as another library's.
type chain []link

type link struct {
	name  string
	layer Layer
}

func (l chain) Build(c *Context, x *graph.Node) *graph.Node {
	for _, part := range l {
		x = c.Apply(part.name, part.layer, x)
	}
	return x
}

// named is a layer with another name for people.
type named struct {
	name string
	Layer
}

func (n named) String() string { return n.name }
