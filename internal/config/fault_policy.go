package config

import (
	"slices"

	"github.com/descent-ml/descent/train"
)

// Faulty says what becomes of updates that cannot be committed: a policy, or a
// mapping with it and its options.
type Faulty struct {
	Policy        string
	Spike, Factor float64
	Limit         int
}

func newFaulty() Faulty { return Faulty{Policy: "stop", Limit: 10, Factor: 0.5} }

func (f *Faulty) codec() codec { return faulty{f} }

type faulty struct{ p *Faulty }

func (f faulty) keys() fields {
	return fields{
		{key: "policy", codec: word{&f.p.Policy, train.FaultPolicies()}},
		{key: "spike", codec: orNone{&f.p.Spike, 1}},
		{key: "limit", codec: count{p: &f.p.Limit, low: 1}},
		{key: "factor", codec: number{&f.p.Factor, between}},
	}
}

func (f faulty) read(fs *Faults, v *value) {
	if v.kind != mapping {
		f.keys()[0].read(fs, v)
		return
	}
	f.keys().read(fs, v)
}

func (f faulty) write() *value { return f.keys().write() }

func (f *Faulty) build() train.Faults {
	return train.Faults{
		Policy: train.FaultPolicy(slices.Index(train.FaultPolicies(), f.Policy)),
		Spike:  f.Spike, Limit: f.Limit, Factor: f.Factor,
	}
}
