package config

import (
	"fmt"

	"github.com/descent-ml/descent/nn"
)

// twoTower scores the vectors of two networks.
type twoTower struct {
	interaction
	userHidden, itemHidden []int
	features               bool // in the tower of the user
	normalize              bool
	temperature            float64
}

func newTwoTower() *twoTower {
	return &twoTower{interaction: newInteraction(), features: true, temperature: 1}
}

func (o *twoTower) keys() fields {
	return append(o.interaction.keys(),
		field{key: "user_hidden", codec: hiddenSizes{&o.userHidden, "none"}},
		field{key: "item_hidden", codec: hiddenSizes{&o.itemHidden, "none"}},
		field{key: "features", codec: flag{&o.features}},
		field{key: "normalize", codec: flag{&o.normalize}},
		field{key: "temperature", codec: number{&o.temperature, aboveZero}})
}

func (o *twoTower) build(m *modelContext) nn.Layer {
	o.ready(m, "two_tower")
	l := nn.TwoTower(o.users, o.items, o.dim).UserHidden(o.userHidden...).ItemHidden(o.itemHidden...).Temperature(o.temperature)
	if o.normalize {
		l = l.Normalize()
	}
	if o.features {
		l, m.usesCats = l.Context(m.catSizes...), true
	}
	return tables(l, o.init, o.sparse)
}

// featured is what models of any features have in common: those of a table, and
// the user and item of an interaction.
type featured struct {
	dim, users, items, out int // users, items and out 0: what the data have
	init                   initializer
	sparse                 bool // the tables
}

func newFeatured() featured { return featured{init: newInitializer("default"), sparse: true} }

func (o *featured) keys() fields {
	return fields{
		{key: "dim", codec: count{p: &o.dim, low: 1}, required: true},
		{key: "users", codec: count{p: &o.users, low: 1, auto: "auto"}},
		{key: "items", codec: count{p: &o.items, low: 1, auto: "auto"}},
		{key: "out", codec: count{p: &o.out, low: 1, auto: "auto"}},
		{key: "init", codec: o.init.codec()},
		{key: "sparse", codec: flag{&o.sparse}},
	}
}

func (o *featured) settle(m *modelContext) {
	if o.users == 0 {
		o.users = m.users
	}
	if o.items == 0 {
		o.items = m.items
	}
	if o.out == 0 {
		o.out = m.outputs
	}
}

// features are those of the data. most is how many outputs a model has, 0 for
// any.
func (o *featured) features(m *modelContext, kind string, most int) nn.Features {
	o.settle(m)
	m.usesCats = true
	if most > 0 && o.out > most && m.err == nil {
		m.err = fmt.Errorf("config: the model %s has a score, or two for two classes, and the target wants %d outputs (use dlrm, or layers that begin with categories)", kind, o.out)
	}
	return nn.Features{Users: o.users, Items: o.items, Categories: m.catSizes}
}

// machine is a factorization machine.
type machine struct{ featured }

func (o *machine) build(m *modelContext) nn.Layer {
	return tables(nn.FM(o.features(m, "fm", 2), o.dim).Out(o.out), o.init, o.sparse)
}

// deepMachine is a factorization machine with a network beside it.
type deepMachine struct {
	featured
	hidden  []int
	dropout float64
}

func (o *deepMachine) keys() fields {
	return append(o.featured.keys(), field{key: "hidden", codec: counts{&o.hidden}}, field{key: "dropout", codec: number{&o.dropout, fraction}})
}

func (o *deepMachine) build(m *modelContext) nn.Layer {
	return tables(nn.DeepFM(o.features(m, "deepfm", 2), o.dim, o.hidden...).Dropout(o.dropout).Out(o.out), o.init, o.sparse)
}

// dlrm is the model of that name.
type dlrm struct {
	featured
	bottom, top []int
}

func (o *dlrm) keys() fields {
	return append(o.featured.keys(), field{key: "bottom", codec: counts{&o.bottom}}, field{key: "top", codec: counts{&o.top}})
}

func (o *dlrm) build(m *modelContext) nn.Layer {
	return tables(nn.DLRM(o.features(m, "dlrm", 0), o.dim, o.bottom, o.top).Out(o.out), o.init, o.sparse)
}

// hiddenSizes are the sizes of hidden layers; word stands for none given.
type hiddenSizes struct {
	p    *[]int
	word string
}

func (h hiddenSizes) read(fs *Faults, v *value) {
	if *h.p = nil; v.kind != scalar || v.text != h.word {
		counts{h.p}.read(fs, v)
	}
}

func (h hiddenSizes) write() *value {
	if len(*h.p) == 0 {
		return &value{text: h.word}
	}
	return counts{h.p}.write()
}
