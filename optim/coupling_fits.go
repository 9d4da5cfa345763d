package optim

import (
	"errors"
	"fmt"
	"slices"
)

// AutoCoupling returns the coupling that fits the optimizer, WithDecay: for SGD
// AdaScale if the noise of gradients is measured, else LinearRate; for all others
// SquareRoot, with momentum UpTo κ = (1+β)/(1-β): so many batches its average of gradients
// is worth, and where one batch is worth as much, there is nothing left that a higher rate
// could make use of. (Malladi et al. bound κ by 1/(1-β); tuned rates level off there too, see bench/batchsize.)
func (o Optimizer) AutoCoupling(measured bool) Coupling {
	switch {
	case o.unfit(adaScale) != nil:
		c := SquareRoot().WithDecay()
		if beta := o.Beta(); beta > 0 {
			c = c.UpTo((1 + beta) / (1 - beta))
		}
		return c
	case measured:
		return AdaScale().WithDecay()
	}
	return LinearRate().WithDecay()
}

// validateCoupling reports a coupling that the rule is not for.
func (o Optimizer) validateCoupling() error {
	var err error
	if o.Base < 0 {
		err = fmt.Errorf("optim: Base %d, want a batch size, or 0 for the first one", o.Base)
	}
	return errors.Join(err, o.unfit(o.Coupling.rule))
}

// unfit says why a rule is not for the optimizer; nil if it is.
func (o Optimizer) unfit(rule couplingRule) error {
	if rule != adaScale && rule != adamSDE {
		return nil
	}
	name := couplingNames[rule]
	if o.ScheduleFree != nil {
		return fmt.Errorf("optim: coupling %s of schedule-free weights, want linear, sqrt or none", name)
	}
	for _, chain := range o.chains() {
		for _, t := range chain {
			if !rule.knows(t) {
				return fmt.Errorf("optim: coupling %s with %s", name, rule.instead(t))
			}
		}
	}
	if rule == adamSDE {
		return o.oneAdam()
	}
	return nil
}

// chains returns all chains that a parameter may have, each flat.
func (o Optimizer) chains() [][]Transform {
	all := [][]Transform{flat(o.Chain)}
	for _, g := range o.Groups {
		if g.Chain != nil {
			all = append(all, flat(g.Chain))
		}
	}
	return all
}

// flat returns the links of a chain with those of inner chains in their places.
func flat(ts []Transform) (links []Transform) {
	for _, t := range ts {
		if inner, ok := t.(chained); ok {
			links = append(links, flat(inner)...)
		} else {
			links = append(links, t)
		}
	}
	return links
}

// knows reports whether the source of a rule covers a link.
func (r couplingRule) knows(t Transform) bool {
	switch t := t.(type) {
	case AddDecay, DecoupledDecay:
		return true
	case Trace:
		return r == adaScale || t.Mu == 0
	case ScaleByAdam:
		return r == adamSDE && !t.AMSGrad && !t.Exact
	case ScaleByRMS:
		return r == adamSDE && !t.Centered
	}
	return false
}

// instead names a link that a rule does not cover, and what to use.
func (r couplingRule) instead(t Transform) string {
	if r == adaScale {
		return fmt.Sprintf("%T, want SGD with or without momentum, or the coupling sqrt", t)
	}
	switch t.(type) {
	case ScaleByAdam:
		return "AMSGrad or exact rows, want plain Adam or AdamW, or the coupling sqrt"
	case ScaleByRMS:
		return "centered RMSProp, want the plain one, or the coupling sqrt"
	}
	return fmt.Sprintf("%T, want Adam, AdamW or plain RMSProp, or the coupling sqrt", t)
}

// oneAdam reports chains without a running mean, and several with different β:
// CouplingState keeps one pair of products.
func (o Optimizer) oneAdam() error {
	first, ok := o.adam()
	for _, chain := range o.chains() {
		if !slices.ContainsFunc(chain, isMean) {
			return errors.New("optim: coupling adam_sde of plain descent, want Adam, AdamW or plain RMSProp, or the coupling linear or adascale")
		}
		for _, t := range chain {
			if a, is := t.(ScaleByAdam); is && ok && (a.Beta1 != first.Beta1 || a.Beta2 != first.Beta2) {
				return fmt.Errorf("optim: coupling adam_sde with betas (%g, %g) and (%g, %g) in groups, want the same in all", first.Beta1, first.Beta2, a.Beta1, a.Beta2)
			}
		}
	}
	return nil
}

func isMean(t Transform) bool {
	switch t.(type) {
	case ScaleByAdam, ScaleByRMS:
		return true
	}
	return false
}

// adam returns the first Adam of the chains.
func (o Optimizer) adam() (ScaleByAdam, bool) {
	for _, chain := range o.chains() {
		for _, t := range chain {
			if a, ok := t.(ScaleByAdam); ok {
				return a, true
			}
		}
	}
	return ScaleByAdam{}, false
}
