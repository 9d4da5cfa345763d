package config

import "github.com/descent-ml/descent/nn"

// nested is a layer that has layers inside.
type nested interface {
	// inner returns them by lists, each with what the names of its parameters begin
	// with behind that of the layer: "", or the name of the list.
	inner() map[string][]Layer
}

// group is layers one after the other, in some arrangement.
type group struct {
	list []Layer
	make func(...nn.Layer) nn.Layer
}

func (g *group) keys() fields {
	return fields{{key: "layers", codec: layers{&g.list}, required: true}}
}

func (g *group) build(m *modelContext) nn.Layer { return g.make(m.layers(g.list)...) }

func (g *group) inner() map[string][]Layer { return map[string][]Layer{"": g.list} }

// shortcutList is the key of residual for layers on the way past the others, and the
// name of theirs.
const shortcutList = "shortcut"

// residual adds its input, or what layers of a shortcut make of it, to what its layers
// make of it.
type residual struct {
	list, shortcut []Layer
}

func (r *residual) keys() fields {
	return fields{{key: "layers", codec: layers{&r.list}, required: true}, {key: shortcutList, codec: someLayers{layers{&r.shortcut}}}}
}

func (r *residual) inner() map[string][]Layer {
	return map[string][]Layer{"": r.list, shortcutList: r.shortcut}
}

func (r *residual) build(m *modelContext) nn.Layer {
	if len(r.shortcut) == 0 {
		return nn.Residual(m.layers(r.list)...)
	}
	return nn.Shortcut(nn.Sequential(m.layers(r.shortcut)...), m.layers(r.list)...)
}

// someLayers is a list of layers that is written only if there are any.
type someLayers struct{ layers }

func (l someLayers) write() *value {
	if len(*l.p) == 0 {
		return nil
	}
	return l.layers.write()
}
