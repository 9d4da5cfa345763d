package config

import "github.com/descent-ml/descent/optim"

// Optimizer is a kind of optimizer and its options.
type Optimizer struct {
	Kind    string
	Options optimizerOptions
}

type optimizerOptions interface {
	part
	build() optim.Optimizer
}

var optimizerKinds = []alternative[optimizerOptions]{
	{"sgd", func() optimizerOptions { return &sgd{common: common{lr: 0.01, decay: "all"}} }},
	{"adagrad", func() optimizerOptions { return &adagrad{common: common{lr: 0.01, decay: "all"}, eps: 1e-10} }},
	{"rmsprop", func() optimizerOptions {
		return &rmsprop{common: common{lr: 0.01, decay: "all"}, alpha: 0.99, eps: 1e-8}
	}},
	{"adam", func() optimizerOptions { return newAdam(0, false) }},
	{"adamw", func() optimizerOptions { return newAdam(0.01, true) }},
	{"adadelta", func() optimizerOptions { return &adadelta{common{lr: 1, decay: "all"}, 0.9, 1e-6} }},
	{"nadam", func() optimizerOptions { return &nadam{moments: newMoments(2e-3), momentumDecay: 4e-3} }},
	{"radam", func() optimizerOptions { return &radam{moments: newMoments(1e-3)} }},
	{"lars", func() optimizerOptions {
		return &lars{common: common{lr: 1, decay: "matrices"}, momentum: 0.9, trust: 0.001}
	}},
	{"lamb", func() optimizerOptions { return newLamb() }},
	{"muon", func() optimizerOptions {
		return &muon{common: common{lr: 0.02, decay: "all"}, momentum: 0.95, othersLR: 3e-4}
	}},
	{"adafactor", func() optimizerOptions { return newAdafactor() }},
	{"schedule_free_sgd", func() optimizerOptions { return &scheduleFree{common: common{lr: 1, decay: "all"}, beta: 0.9} }},
	{"schedule_free", func() optimizerOptions {
		return &scheduleFree{common: common{lr: 0.0025, decay: "all"}, beta: 0.9, beta2: 0.999, eps: 1e-8, adam: true}
	}},
	{"sparse_adam", func() optimizerOptions { return &sparseAdam{newMoments(1e-3)} }},
	{"ftrl", func() optimizerOptions { return &ftrl{alpha: 0.1, by: optim.DefaultFTRL()} }},
	{"lion", func() optimizerOptions { return &lion{common{lr: 1e-4, decay: "all"}, 0.9, 0.99} }},
}

func newOptimizer(name string) Optimizer {
	for _, k := range optimizerKinds {
		if k.name == name {
			return Optimizer{name, k.make()}
		}
	}
	panic("config: no optimizer " + name)
}

func (o *Optimizer) codec() codec {
	return choice[optimizerOptions]{"optimizer", optimizerKinds, &o.Kind, &o.Options}
}

// common is what all optimizers have: the learning rate, and the decay of
// weights, of all parameters or of matrices only: not biases and scales.
type common struct {
	lr, weightDecay float64
	decay           string
}

func (c *common) keys(more ...field) fields {
	f := append(fields{{key: "lr", codec: number{&c.lr, aboveZero}}}, more...)
	return append(f,
		field{key: "weight_decay", codec: number{&c.weightDecay, zeroOrMore}},
		field{key: "decay", codec: word{&c.decay, []string{"all", "matrices"}}})
}

// chain is an optimizer of transforms, behind L2 decay if there is any.
func (c *common) chain(ts ...optim.Transform) optim.Optimizer {
	if c.weightDecay > 0 {
		ts = append([]optim.Transform{optim.AddDecay(c.weightDecay)}, ts...)
	}
	return c.grouped(optim.Optimizer{LR: c.lr, Chain: ts})
}

// decayed is an optimizer of transforms, behind the decay of weights: decoupled
// of the gradient, or L2.
func (c *common) decayed(decoupled bool, ts ...optim.Transform) optim.Optimizer {
	if !decoupled {
		return c.chain(ts...)
	}
	ts = append([]optim.Transform{optim.DecoupledDecay(c.weightDecay)}, ts...)
	return c.grouped(optim.Optimizer{LR: c.lr, Chain: ts})
}

// grouped adds the groups of parameters.
func (c *common) grouped(o optim.Optimizer) optim.Optimizer {
	if c.decay == "matrices" {
		o = o.WithGroups(optim.NoDecay())
	}
	return o
}

type sgd struct {
	common
	momentum, dampening float64
	nesterov            bool
}

func (s *sgd) keys() fields {
	return s.common.keys(
		field{key: "momentum", codec: number{&s.momentum, fraction}},
		field{key: "dampening", codec: number{&s.dampening, unit}},
		field{key: "nesterov", codec: flag{&s.nesterov}})
}

func (s *sgd) build() optim.Optimizer {
	if t := (optim.Trace{Mu: s.momentum, Dampening: s.dampening, Nesterov: s.nesterov}); t != (optim.Trace{}) {
		return s.chain(t)
	}
	return s.chain()
}

type adagrad struct {
	common
	lrDecay, eps float64
	rowwise      bool
}

func (a *adagrad) keys() fields {
	return a.common.keys(
		field{key: "lr_decay", codec: number{&a.lrDecay, zeroOrMore}},
		field{key: "eps", codec: number{&a.eps, zeroOrMore}},
		field{key: "rowwise", codec: flagIfSet{flag{&a.rowwise}}})
}

func (a *adagrad) build() optim.Optimizer {
	return a.chain(optim.ScaleByAdaGrad{Eps: a.eps, LRDecay: a.lrDecay, Rowwise: a.rowwise})
}

type rmsprop struct {
	common
	alpha, eps, momentum float64
	centered             bool
}

func (r *rmsprop) keys() fields {
	return r.common.keys(
		field{key: "alpha", codec: number{&r.alpha, fraction}},
		field{key: "eps", codec: number{&r.eps, zeroOrMore}},
		field{key: "momentum", codec: number{&r.momentum, fraction}},
		field{key: "centered", codec: flag{&r.centered}})
}

func (r *rmsprop) build() optim.Optimizer {
	by := optim.ScaleByRMS{Alpha: r.alpha, Eps: r.eps, Centered: r.centered}
	if r.momentum > 0 {
		return r.chain(by, optim.Trace{Mu: r.momentum})
	}
	return r.chain(by)
}

type adadelta struct {
	common
	rho, eps float64
}

func (a *adadelta) keys() fields {
	return a.common.keys(
		field{key: "rho", codec: number{&a.rho, fraction}},
		field{key: "eps", codec: number{&a.eps, zeroOrMore}})
}

func (a *adadelta) build() optim.Optimizer {
	return a.chain(optim.ScaleByAdaDelta{Rho: a.rho, Eps: a.eps})
}
