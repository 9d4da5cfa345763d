package config

import "github.com/descent-ml/descent/nn"

// recurrent is an LSTM or a GRU.
type recurrent struct {
	hidden    int
	direction string
	make      func(hidden int) nn.RecurrentLayer
}

func newRecurrent(make func(int) nn.RecurrentLayer) *recurrent {
	return &recurrent{direction: "forward", make: make}
}

func (r *recurrent) keys() fields {
	return fields{
		{key: "hidden", codec: count{p: &r.hidden, low: 1}, required: true},
		{key: "direction", codec: word{&r.direction, []string{"forward", "backward", "both"}}},
	}
}

func (r *recurrent) build(*modelContext) nn.Layer {
	l := r.make(r.hidden)
	switch r.direction {
	case "backward":
		return l.Reverse()
	case "both":
		return l.Bidirectional()
	}
	return l
}

// window puts neighbouring positions side by side.
type window struct{ size int }

func (w *window) keys() fields {
	return fields{{key: "size", codec: count{p: &w.size, low: 1, high: 1024}}}
}

func (w *window) build(*modelContext) nn.Layer { return nn.Window(w.size) }

// positions adds what tells positions apart.
type positions struct{ kind string }

func (p *positions) keys() fields {
	return fields{{key: "kind", codec: word{&p.kind, []string{"learned", "sinusoidal"}}}}
}

func (p *positions) build(*modelContext) nn.Layer {
	if p.kind == "sinusoidal" {
		return nn.Positions().Sinusoidal()
	}
	return nn.Positions()
}

// bag is a linear model of the tokens of a text and of runs of them.
type bag struct {
	rows, out      int // rows 0: the tokens of the text; out 0: the number of classes or targets
	grams, buckets int
	scale          float64
	init           initializer
}

func newBag() *bag {
	return &bag{grams: 2, buckets: 1 << 16, scale: 20, init: newInitializer("default")}
}

func (b *bag) keys() fields {
	return fields{
		{key: "out", codec: count{p: &b.out, low: 1, auto: "auto"}},
		{key: "rows", codec: count{p: &b.rows, low: 1, auto: "auto"}},
		{key: "grams", codec: count{p: &b.grams, low: 1, high: 16}},
		{key: "buckets", codec: count{p: &b.buckets, low: 1, high: 1 << 24}},
		{key: "scale", codec: number{&b.scale, aboveZero}},
		{key: "init", codec: b.init.codec()},
	}
}

func (b *bag) settle(m *modelContext) {
	if b.rows == 0 {
		b.rows = m.vocab
	}
	if b.out == 0 {
		b.out = m.outputs
	}
}

func (b *bag) build(m *modelContext) nn.Layer {
	out := b.out
	if out == 0 {
		out = m.outputs
	}
	l := nn.Bag(m.tableRows("bag", b.rows), out).Grams(b.grams, b.buckets).Scale(b.scale)
	if i := b.init.build(); i != nil {
		l = l.Init(i)
	}
	return l
}
