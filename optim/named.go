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

// Betas sets β₁ and β₂ of Adam and AdamW.
func (o Optimizer) Betas(beta1, beta2 float64) Optimizer {
	return edit(o, "Betas needs Adam", func(a ScaleByAdam) ScaleByAdam { a.Beta1, a.Beta2 = beta1, beta2; return a })
}

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

// Eps sets ε of Adam, AdamW, RMSProp or AdaGrad.
func (o Optimizer) Eps(eps float64) Optimizer {
	for i, t := range o.Chain {
		switch t := t.(type) {
		case ScaleByAdam:
			t.Eps = eps
			return o.with(i, t)
		case ScaleByRMS:
			t.Eps = eps
			return o.with(i, t)
		case ScaleByAdaGrad:
			t.Eps = eps
			return o.with(i, t)
		}
	}
	return o.wrong("Eps needs Adam, RMSProp or AdaGrad")
}

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
