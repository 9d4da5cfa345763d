package optim

import (
	"errors"
	"slices"
)

// SGD is gradient descent: w ← w - η·g. With Momentum, Nesterov and
// WeightDecay it follows PyTorch's SGD:
//
//	g ← g + λ·w
//	b ← μ·b + g
//	w ← w - η·b            Nesterov: w - η·(g + μ·b)
//
// State with momentum: b. Polyak 1964; Sutskever, Martens, Dahl, Hinton, ICML
// 2013, section 2 (whose velocity is -η·b while η is constant).
func SGD(lr float64) Optimizer { return Optimizer{LR: lr} }

// AdaGrad is SGD with each element's rate divided by the root of the sum of
// its squared gradients: see ScaleByAdaGrad. State: the sum. PyTorch's
// Adagrad; its default η is 0.01.
func AdaGrad(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DefaultAdaGrad()}}
}

// RMSProp is SGD with each element's rate divided by the root of a running
// mean of its squared gradients: see ScaleByRMS. State: the mean. With
// Momentum it is PyTorch's RMSprop with momentum, which traces the scaled
// gradients; PyTorch's default η is 0.01.
func RMSProp(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DefaultRMS()}}
}

// Adam follows ScaleByAdam with β = (0.9, 0.999) and ε = 1e-8. State: m and v.
// WeightDecay adds λ·w to the gradient, as in PyTorch's Adam; its default η is
// 1e-3 and λ is 0.
func Adam(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DefaultAdam()}}
}

// AdamW is Adam with decoupled weight decay: w ← w·(1 - η·λ), then Adam's
// step. λ is 0.01 unless WeightDecay changes it; PyTorch's defaults are these
// with η = 1e-3.
func AdamW(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DecoupledDecay(0.01), DefaultAdam()}}
}

// AdaDelta has no rate to find: see ScaleByAdaDelta. State: two means. η is 1
// in the paper and by default in PyTorch.
func AdaDelta(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DefaultAdaDelta()}}
}

// NAdam is Adam with Nesterov's momentum: see ScaleByNAdam. State: m and v.
// PyTorch's default η is 2e-3.
func NAdam(lr float64) Optimizer { return Optimizer{LR: lr, Chain: []Transform{DefaultNAdam()}} }

// RAdam is Adam without adaptive steps until v is known well enough: see
// ScaleByRAdam. State: m and v. PyTorch's default η is 1e-3.
func RAdam(lr float64) Optimizer { return Optimizer{LR: lr, Chain: []Transform{DefaultRAdam()}} }

// Lion moves each element by η up or down: see SignByLion, with decoupled decay
// of 0 unless WeightDecay changes it. State: m. Its authors take an η 3 to 10
// times smaller than AdamW's, and a λ as much larger; 1e-4 is the usual η.
func Lion(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{DecoupledDecay(0), DefaultLion()}}
}

// LARS is SGD with momentum 0.9 whose direction has the length of the weights,
// layer by layer: see ScaleByTrustRatio, with k = 0.001. Biases and norms are
// updated as by SGD and do not decay; λ is 0 unless WeightDecay changes it. The
// momentum holds directions before the learning rate, in the paper after it:
// they differ where the rate changes.
func LARS(lr float64) Optimizer {
	return Optimizer{LR: lr, Chain: []Transform{AddDecay(0), ScaleByTrustRatio{K: 0.001}, Trace{Mu: 0.9}}}.WithGroups(NoDecay())
}

// LAMB is AdamW whose direction has the length of the weights, layer by layer:
// see ScaleByTrustRatio. Biases and norms are updated as by Adam and do not
// decay. ε is 1e-6 and λ 0.01, unless WeightDecay changes it.
func LAMB(lr float64) Optimizer {
	adam := DefaultAdam()
	adam.Eps = 1e-6
	return Optimizer{LR: lr, Chain: []Transform{adam, AddDecay(0.01), ScaleByTrustRatio{K: 1}}}.WithGroups(NoDecay())
}

// WeightDecay sets λ of the chain's DecoupledDecay, or of its AddDecay; a
// chain that has neither gets an AddDecay(λ) at its start.
func (o Optimizer) WeightDecay(lambda float64) Optimizer {
	for _, t := range []Transform{DecoupledDecay(lambda), AddDecay(lambda)} {
		if edited, ok := o.replace(t); ok {
			return edited
		}
	}
	o.Chain = append([]Transform{AddDecay(lambda)}, o.Chain...)
	return o
}

// Momentum adds a Trace with μ at the end of the chain.
func (o Optimizer) Momentum(mu float64) Optimizer {
	o.Chain = append(slices.Clone(o.Chain), Trace{Mu: mu})
	return o
}

// Nesterov makes the momentum of the chain Nesterov's.
func (o Optimizer) Nesterov() Optimizer {
	return edit(o, "Nesterov needs momentum", func(t Trace) Trace { t.Nesterov = true; return t })
}

// Dampening sets δ of the momentum of the chain.
func (o Optimizer) Dampening(delta float64) Optimizer {
	return edit(o, "Dampening needs momentum", func(t Trace) Trace { t.Dampening = delta; return t })
}

// AMSGrad makes Adam or AdamW divide by the largest v so far.
func (o Optimizer) AMSGrad() Optimizer {
	return edit(o, "AMSGrad needs Adam", func(a ScaleByAdam) ScaleByAdam { a.AMSGrad = true; return a })
}

// Exact makes Adam or AdamW decay m and v of a sparse parameter's rows for the
// updates that did not touch them.
func (o Optimizer) Exact() Optimizer {
	return edit(o, "Exact needs Adam", func(a ScaleByAdam) ScaleByAdam { a.Exact = true; return a })
}

// Betas sets β₁ and β₂ of Adam and its relatives, and of Lion.
func (o Optimizer) Betas(beta1, beta2 float64) Optimizer {
	return edit(o, "Betas needs Adam, a relative of it, or Lion", func(t hasBetas) hasBetas { return t.withBetas(beta1, beta2) })
}

// hasBetas is a transform with two decay rates.
type hasBetas interface {
	Transform
	withBetas(beta1, beta2 float64) hasBetas
}

func (a ScaleByAdam) withBetas(b1, b2 float64) hasBetas  { a.Beta1, a.Beta2 = b1, b2; return a }
func (a ScaleByNAdam) withBetas(b1, b2 float64) hasBetas { a.Beta1, a.Beta2 = b1, b2; return a }
func (a ScaleByRAdam) withBetas(b1, b2 float64) hasBetas { a.Beta1, a.Beta2 = b1, b2; return a }
func (l SignByLion) withBetas(b1, b2 float64) hasBetas   { l.Beta1, l.Beta2 = b1, b2; return l }

// Alpha sets α of RMSProp.
func (o Optimizer) Alpha(alpha float64) Optimizer {
	return edit(o, "Alpha needs RMSProp", func(r ScaleByRMS) ScaleByRMS { r.Alpha = alpha; return r })
}

// Centered makes RMSProp the centered one.
func (o Optimizer) Centered() Optimizer {
	return edit(o, "Centered needs RMSProp", func(r ScaleByRMS) ScaleByRMS { r.Centered = true; return r })
}

// LRDecay sets the decay of the rate of AdaGrad.
func (o Optimizer) LRDecay(decay float64) Optimizer {
	return edit(o, "LRDecay needs AdaGrad", func(a ScaleByAdaGrad) ScaleByAdaGrad { a.LRDecay = decay; return a })
}

// Rowwise makes AdaGrad keep one sum for each row of a table of embeddings.
func (o Optimizer) Rowwise() Optimizer {
	return edit(o, "Rowwise needs AdaGrad", func(a ScaleByAdaGrad) ScaleByAdaGrad { a.Rowwise = true; return a })
}

// Eps sets ε of the transform that has one.
func (o Optimizer) Eps(eps float64) Optimizer {
	return edit(o, "Eps needs Adam, a relative of it, RMSProp, AdaGrad or AdaDelta", func(t hasEps) hasEps { return t.withEps(eps) })
}

// hasEps is a transform with an ε.
type hasEps interface {
	Transform
	withEps(eps float64) hasEps
}

func (a ScaleByAdam) withEps(eps float64) hasEps     { a.Eps = eps; return a }
func (a ScaleByNAdam) withEps(eps float64) hasEps    { a.Eps = eps; return a }
func (a ScaleByRAdam) withEps(eps float64) hasEps    { a.Eps = eps; return a }
func (a ScaleByAdaGrad) withEps(eps float64) hasEps  { a.Eps = eps; return a }
func (a ScaleByAdaDelta) withEps(eps float64) hasEps { a.Eps = eps; return a }
func (r ScaleByRMS) withEps(eps float64) hasEps      { r.Eps = eps; return r }

// edit changes the last transform of type T in the chain.
func edit[T Transform](o Optimizer, otherwise string, change func(T) T) Optimizer {
	for i := len(o.Chain) - 1; i >= 0; i-- {
		if t, ok := o.Chain[i].(T); ok {
			return o.with(i, change(t))
		}
	}
	return o.wrong(otherwise)
}

// replace puts t in the place of the link of its type, if there is one.
func (o Optimizer) replace(t Transform) (Optimizer, bool) {
	for i, old := range o.Chain {
		switch old.(type) {
		case DecoupledDecay:
			if _, same := t.(DecoupledDecay); same {
				return o.with(i, t), true
			}
		case AddDecay:
			if _, same := t.(AddDecay); same {
				return o.with(i, t), true
			}
		}
	}
	return o, false
}

func (o Optimizer) with(i int, t Transform) Optimizer {
	o.Chain = slices.Clone(o.Chain)
	o.Chain[i] = t
	return o
}

func (o Optimizer) wrong(what string) Optimizer {
	if o.err == nil {
		o.err = errors.New("optim: " + what)
	}
	return o
}
