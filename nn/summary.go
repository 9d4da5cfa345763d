package nn

import (
	"slices"
	"strings"

	"github.com/descent-ml/descent/graph"
)

// builtLayer is a layer that Apply has built.
type builtLayer struct {
	path, kind string
	out        *graph.Node
}

// Row describes a layer of a model.
type Row struct {
	Path    string      // of its parameters: "0", "2.1"; "" is the model itself
	Kind    string      // Dense(256), ReLU, …
	Out     graph.Shape // of its output
	Params  int64       // its own parameters, without those of layers inside it
	Frozen  int64       // those of them that training leaves alone
	Running int64       // running statistics, which are no parameters, likewise
	FLOPs   int64       // of the forward computation of one example, likewise
}

// Summary lists the layers of a model for inputs of the given fields, in the
// order of computation. Containers that compute nothing themselves are left
// out, so the numbers add up to the model's. Outside training dropout is
// nothing, and so is its row.
func Summary(model Layer, fields ...Input) ([]Row, error) {
	var b graph.Builder
	c := NewContext(&b, false, fields...)
	pred := c.Model(model)
	g, err := b.Build()
	if err != nil {
		return nil, err
	}
	layers := append(c.layers, builtLayer{path: "", kind: describe(model), out: pred})
	rows := make([]Row, len(layers))
	for i, l := range layers {
		rows[i] = Row{Path: l.path, Kind: l.kind, Out: l.out.Shape}
	}
	for _, n := range g.Nodes {
		row := &rows[owner(layers, n)]
		row.FLOPs += n.FLOPs()
		if n.Op.Name == "var" {
			row.count(n)
		}
	}
	return slices.DeleteFunc(rows, func(r Row) bool {
		return r.FLOPs == 0 && r.Params == 0 && r.Running == 0 && hasInner(layers, r.Path)
	}), nil
}

// count adds a variable to a row.
func (r *Row) count(v *graph.Node) {
	size := int64(v.Shape.Size())
	switch v.Attr.Kind {
	case graph.Running:
		r.Running += size
		return
	case graph.Frozen:
		r.Frozen += size
	}
	r.Params += size
}

// owner returns the innermost layer that made a node; the last is the model.
func owner(layers []builtLayer, n *graph.Node) int {
	best := len(layers) - 1
	for i, l := range layers {
		if within(n.Scope, l.path) && len(l.path) > len(layers[best].path) {
			best = i
		}
	}
	return best
}

// hasInner reports whether there are layers inside the one with a path.
func hasInner(layers []builtLayer, path string) bool {
	return slices.ContainsFunc(layers, func(l builtLayer) bool { return l.path != path && within(l.path, path) })
}

// within reports whether path is outer or below it.
func within(path, outer string) bool {
	return outer == "" || path == outer || strings.HasPrefix(path, outer+".")
}

// Forward builds the graph of a model's predictions: the output "pred" for
// inputs of the given fields, with dropout off.
func Forward(model Layer, fields ...Input) (*graph.Graph, error) {
	var b graph.Builder
	b.Output("pred", NewContext(&b, false, fields...).Model(model))
	return b.Build()
}
