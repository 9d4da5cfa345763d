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
