package config

import "github.com/descent-ml/descent/optim"

// lars and lamb decay matrices only by default, as in their papers.
type lars struct {
	common
	momentum, trust, eps float64
}

func (l *lars) keys() fields {
	return l.common.keys(
		field{key: "momentum", codec: number{&l.momentum, fraction}},
		field{key: "trust", codec: number{&l.trust, aboveZero}},
		field{key: "eps", codec: number{&l.eps, zeroOrMore}})
}

func (l *lars) build() optim.Optimizer {
	return l.decayed(false, optim.ScaleByTrustRatio{K: l.trust, Eps: l.eps}, optim.Trace{Mu: l.momentum})
}

type lamb struct{ moments }

func newLamb() *lamb {
	l := &lamb{newMoments(1e-3)}
	l.weightDecay, l.decay, l.eps = 0.01, "matrices", 1e-6
	return l
}

func (l *lamb) keys() fields { return l.moments.keys() }

func (l *lamb) build() optim.Optimizer {
	adam := optim.ScaleByAdam{Beta1: l.beta1, Beta2: l.beta2, Eps: l.eps}
	return l.grouped(optim.Optimizer{LR: l.lr, Chain: []optim.Transform{adam, optim.AddDecay(l.weightDecay), optim.ScaleByTrustRatio{K: 1}}})
}

// muon is for hidden matrices; the others have AdamW.
type muon struct {
	common
	momentum, othersLR float64
	matchRMS           bool
}

func (m *muon) keys() fields {
	return m.common.keys(
		field{key: "momentum", codec: number{&m.momentum, fraction}},
		field{key: "others_lr", codec: number{&m.othersLR, aboveZero}},
		field{key: "match_rms", codec: flag{&m.matchRMS}})
}

func (m *muon) build() optim.Optimizer {
	decay := optim.DecoupledDecay(m.weightDecay)
	others := optim.Group{Part: optim.NotHidden, LRFactor: m.othersLR / m.lr, Chain: []optim.Transform{decay, optim.DefaultAdam()}}
	hidden := optim.Orthogonalize{Mu: m.momentum, MatchRMS: m.matchRMS}
	return m.grouped(optim.Optimizer{LR: m.lr, Chain: []optim.Transform{decay, hidden}}.WithGroups(others))
}

type adafactor struct {
	common
	decayRate, eps1, eps2, clip  float64
	scaleParameter, relativeStep bool
}

func newAdafactor() *adafactor {
	d := optim.DefaultAdafactor()
	return &adafactor{common{lr: 0.01, decay: "all"}, d.DecayRate, d.Eps1, d.Eps2, d.Clip, d.ScaleParameter, d.RelativeStep}
}

func (a *adafactor) keys() fields {
	return a.common.keys(
		field{key: "decay_rate", codec: number{&a.decayRate, limits{low: 0, openLow: true, high: 1}}},
		field{key: "eps1", codec: number{&a.eps1, zeroOrMore}},
		field{key: "eps2", codec: number{&a.eps2, zeroOrMore}},
		field{key: "limit", codec: number{&a.clip, zeroOrMore}},
		field{key: "scale_parameter", codec: flag{&a.scaleParameter}},
		field{key: "relative_step", codec: flag{&a.relativeStep}})
}

func (a *adafactor) build() optim.Optimizer {
	return a.decayed(true, optim.ScaleByAdafactor{
		DecayRate: a.decayRate, Eps1: a.eps1, Eps2: a.eps2, Clip: a.clip, ScaleParameter: a.scaleParameter, RelativeStep: a.relativeStep,
	})
}

// scheduleFree is SGD, or AdamW, with averaging in place of a schedule.
type scheduleFree struct {
	common
	beta, beta2, eps float64
	adam             bool
}

func (s *scheduleFree) keys() fields {
	if !s.adam {
		return s.common.keys(field{key: "beta", codec: number{&s.beta, fraction}})
	}
	return s.common.keys(
		field{key: "beta", codec: number{&s.beta, fraction}},
		field{key: "beta2", codec: number{&s.beta2, fraction}},
		field{key: "eps", codec: number{&s.eps, zeroOrMore}})
}

func (s *scheduleFree) build() optim.Optimizer {
	o := s.chain()
	if s.adam {
		o = s.decayed(true, optim.ScaleByRoot{Beta2: s.beta2, Eps: s.eps})
	}
	o.ScheduleFree = &optim.ScheduleFree{Beta: s.beta}
	return o
}
