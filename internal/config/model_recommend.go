package config

import (
	"fmt"

	"github.com/descent-ml/descent/nn"
)

// interaction is what models of users and items have in common.
type interaction struct {
	dim, users, items int // users and items 0: what the data have
	init              initializer
	sparse            bool // the tables
}

func newInteraction() interaction { return interaction{init: newInitializer("default"), sparse: true} }

func (o *interaction) keys() fields {
	return fields{
		{key: "dim", codec: count{p: &o.dim, low: 1}, required: true},
		{key: "users", codec: count{p: &o.users, low: 1, auto: "auto"}},
		{key: "items", codec: count{p: &o.items, low: 1, auto: "auto"}},
		{key: "init", codec: o.init.codec()},
		{key: "sparse", codec: flag{&o.sparse}},
	}
}

// ofPairs says that the model reads users and items.
func (o *interaction) ofPairs() {}

// settle gives the model the users and items of the data.
func (o *interaction) settle(m *modelContext) {
	if o.users == 0 {
		o.users = m.users
	}
	if o.items == 0 {
		o.items = m.items
	}
}

// ready settles the options, and notes if the data are no interactions, or name
// users or items that the model has no row for.
func (o *interaction) ready(m *modelContext, kind string) {
	o.settle(m)
	switch {
	case m.err != nil:
	case o.users == 0 || o.items == 0:
		m.err = fmt.Errorf("config: the model %s learns from interactions of users with items, but the data are none (or set its users and items)", kind)
	case o.users < m.users:
		m.err = mistakef("config: %s: users: %d, but the data have %d (want auto, or no fewer)", kind, o.users, m.users)
	case o.items < m.items:
		m.err = mistakef("config: %s: items: %d, but the data have %d (want auto, or no fewer)", kind, o.items, m.items)
	}
}

// tables sets what the tables of a model are, and how they start, if that is not
// left to it.
func tables[L interface {
	nn.Layer
	Init(nn.Initializer) L
	Sparse(bool) L
}](l L, init initializer, sparse bool) nn.Layer {
	l = l.Sparse(sparse)
	if i := init.build(); i != nil {
		return l.Init(i)
	}
	return l
}

// factorization is matrix factorization.
type factorization struct {
	interaction
	mean    float64
	hasMean bool // else until the data are known: auto
}

func (o *factorization) keys() fields {
	return append(o.interaction.keys(), field{key: "mean", codec: orAuto{&o.mean, &o.hasMean}})
}

func (o *factorization) settle(m *modelContext) {
	o.interaction.settle(m)
	if !o.hasMean {
		o.mean, o.hasMean = m.mean, true
	}
}

func (o *factorization) build(m *modelContext) nn.Layer {
	o.ready(m, "mf")
	return tables(nn.MF(o.users, o.items, o.dim).Mean(o.mean), o.init, o.sparse)
}

// pairwise is matrix factorization for rankings.
type pairwise struct{ interaction }

func (o *pairwise) build(m *modelContext) nn.Layer {
	o.ready(m, "bpr")
	return tables(nn.BPRMF(o.users, o.items, o.dim), o.init, o.sparse)
}

// generalized is generalized matrix factorization.
type generalized struct{ interaction }

func (o *generalized) build(m *modelContext) nn.Layer {
	o.ready(m, "gmf")
	return tables(nn.GMF(o.users, o.items, o.dim), o.init, o.sparse)
}

// neural is neural matrix factorization.
type neural struct {
	interaction
	hidden  []int // none: by dim
	dropout float64
}

func (o *neural) keys() fields {
	return append(o.interaction.keys(), field{key: "hidden", codec: hiddenSizes{&o.hidden, "auto"}}, field{key: "dropout", codec: number{&o.dropout, fraction}})
}

func (o *neural) build(m *modelContext) nn.Layer {
	o.ready(m, "neumf")
	l := nn.NeuMF(o.users, o.items, o.dim).Dropout(o.dropout)
	if len(o.hidden) > 0 {
		l = l.Hidden(o.hidden...)
	}
	return tables(l, o.init, o.sparse)
}
