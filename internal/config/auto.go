package config

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
)

// modelSpec is a list of layers, or one layer by itself, {gpt: {dim: 64}}, the
// parameters of which have no number before their names; or model: auto, a
// residual net for a table, sized by its rows; {auto: 8} is an ensemble of 8 of
// them.
type modelSpec struct {
	auto    *bool
	members *int
	lone    *bool
	layers  layers
}

func (m modelSpec) read(fs *Faults, v *value) {
	*m.auto, *m.members, *m.lone = false, 1, false
	one := v.kind == mapping && len(v.entries) == 1
	switch {
	case v.kind == scalar && v.text == "auto":
		*m.auto = true
	case one && v.entries[0].key == "auto":
		*m.auto = true
		count{p: m.members, low: 1, high: 256}.read(fs, v.entries[0].value)
	case one || v.kind == scalar && (v.text == "gpt" || isImageNet(v.text)):
		*m.lone, *m.layers.p = true, []Layer{{at: v.at}}
		(*m.layers.p)[0].read(fs, v)
	case v.kind == scalar && !slices.Contains(namesOf(layerKinds), v.text):
		fs.add(v.at, "unknown model %v (%s; else a list of layers, such as [{dense: 64}, relu, {dense: auto}])", v, nearest(v.text, wholeModels()))
	default:
		m.layers.read(fs, v)
	}
}

// wholeModels are the names that are a model without more.
func wholeModels() []string { return append([]string{"auto", "gpt"}, namesOf(imageNetKinds())...) }

func (m modelSpec) write() *value {
	switch auto := (&value{text: "auto"}); {
	case *m.auto && *m.members > 1:
		return &value{kind: mapping, entries: []entry{{key: "auto", value: count{p: m.members}.write()}}}
	case *m.auto:
		return auto
	case *m.lone:
		return (*m.layers.p)[0].codec().write()
	}
	return m.layers.write()
}

// Sizes of the automatic model.
var autoSizes = []struct{ rows, width, blocks int }{
	{1000, 48, 1}, {5000, 64, 1}, {50000, 96, 1}, {500000, 128, 2}, {math.MaxInt, 192, 2},
}

// autoModel returns the residual net for a table of so many training rows.
func autoModel(s *dataset.Schema, rows, members int) []Layer {
	layer := func(kind string, o layerOptions) Layer { return Layer{Kind: kind, Options: o} }
	wide := func(out int) Layer { d := newDense(); d.out = out; return layer("dense", d) }
	drop := func(rate float64) Layer { return layer("dropout", &scaled{"rate", rate, fraction, nn.Dropout}) }
	simple := func(name string, l func() nn.Layer) Layer { return layer(name, bare{l}) }
	size := autoSizes[0]
	for _, z := range autoSizes {
		if size = z; rows <= z.rows {
			break
		}
	}
	var out []Layer
	if s.Edges() != nil {
		out = append(out, layer("numbers", numberLayer{}))
	}
	if len(s.CatSizes()) > 0 {
		out = append(out, layer("categories", &categories{}))
	}
	inputs := out
	out = []Layer{wide(size.width)}
	for range size.blocks {
		out = append(out, layer("residual", &residual{list: []Layer{
			simple("layernorm", func() nn.Layer { return nn.LayerNorm() }), wide(size.width), simple("silu", nn.SiLU), drop(0.3), wide(size.width),
		}}))
	}
	out = append(out, simple("layernorm", func() nn.Layer { return nn.LayerNorm() }), simple("silu", nn.SiLU), drop(0.3))
	if members > 1 {
		return append(inputs, layer("ensemble", &ensemble{members: members, list: out}))
	}
	return append(append(inputs, out...), layer("dense", newDense()))
}

// autoBatch is the batch of a table of so many training rows.
func autoBatch(rows int) int {
	switch {
	case rows < 2000:
		return 32
	case rows < 8000:
		return 64
	case rows < 500_000:
		return 128
	}
	return 512
}
