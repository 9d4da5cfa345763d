package config

import "github.com/descent-ml/descent/optim"

// moments are the settings of Adam and its relatives.
type moments struct {
	common
	beta1, beta2, eps float64
}

func newMoments(lr float64) moments {
	return moments{common{lr: lr, decay: "all"}, 0.9, 0.999, 1e-8}
}

func (m *moments) keys(more ...field) fields {
	return m.common.keys(append(fields{
		{key: "beta1", codec: number{&m.beta1, fraction}},
		{key: "beta2", codec: number{&m.beta2, fraction}},
		{key: "eps", codec: number{&m.eps, zeroOrMore}},
	}, more...)...)
}

// adam is Adam, or AdamW if decoupled. lazy says what becomes of the moments of
// a sparse table's rows in updates that do not touch them: they stay, or exactly
// what would become of them in another table.
type adam struct {
	moments
	amsgrad, decoupled bool
	lazy               string
}

func newAdam(decay float64, decoupled bool) *adam {
	a := &adam{moments: newMoments(1e-3), decoupled: decoupled, lazy: "plain"}
	a.weightDecay = decay
	return a
}

func (a *adam) keys() fields {
	return a.moments.keys(
		field{key: "amsgrad", codec: flagIfSet{flag{&a.amsgrad}}},
		field{key: "lazy", codec: wordIfSet{word{&a.lazy, []string{"plain", "exact"}}}})
}

func (a *adam) build() optim.Optimizer {
	return a.decayed(a.decoupled, optim.ScaleByAdam{Beta1: a.beta1, Beta2: a.beta2, Eps: a.eps, AMSGrad: a.amsgrad, Exact: a.lazy == "exact"})
}

type nadam struct {
	moments
	momentumDecay float64
	decoupled     bool
}

func (n *nadam) keys() fields {
	return n.moments.keys(
		field{key: "momentum_decay", codec: number{&n.momentumDecay, zeroOrMore}},
		field{key: "decoupled", codec: flag{&n.decoupled}})
}

func (n *nadam) build() optim.Optimizer {
	return n.decayed(n.decoupled, optim.ScaleByNAdam{Beta1: n.beta1, Beta2: n.beta2, Eps: n.eps, MomentumDecay: n.momentumDecay})
}

type radam struct {
	moments
	decoupled bool
}

func (r *radam) keys() fields {
	return r.moments.keys(field{key: "decoupled", codec: flag{&r.decoupled}})
}

func (r *radam) build() optim.Optimizer {
	return r.decayed(r.decoupled, optim.ScaleByRAdam{Beta1: r.beta1, Beta2: r.beta2, Eps: r.eps})
}

type lion struct {
	common
	beta1, beta2 float64
}

func (l *lion) keys() fields {
	return l.common.keys(
		field{key: "beta1", codec: number{&l.beta1, fraction}},
		field{key: "beta2", codec: number{&l.beta2, fraction}})
}

func (l *lion) build() optim.Optimizer {
	return l.decayed(true, optim.SignByLion{Beta1: l.beta1, Beta2: l.beta2})
}

// flagIfSet is a flag that is written only if it is set: it came when runs had
// been stored without it.
type flagIfSet struct{ flag }

func (f flagIfSet) write() *value {
	if !*f.p {
		return nil
	}
	return f.flag.write()
}

// wordIfSet is a word that is written only if it is not the first one, for the
// same reason.
type wordIfSet struct{ word }

func (w wordIfSet) write() *value {
	if *w.p == w.want[0] {
		return nil
	}
	return w.word.write()
}
