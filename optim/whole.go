package optim

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// Fits reports a parameter that the optimizer cannot update: a sparse one under
// a rule that needs the whole of it. The error names both, and what to use
// instead. Build begins with it.
func (o Optimizer) Fits(params []*graph.Node) error {
	model := partsOf(params)
	for _, p := range params {
		if !p.Attr.Sparse {
			continue
		}
		_, chain := o.contextFor(nil, nil, p, model)
		if needs := append(o.wholeAround(), wholeLinks(chain)...); len(needs) > 0 {
			return fmt.Errorf("optim: the parameter %q is sparse, and %s: want %s, or a table that is not sparse", p.Attr.Name, needs[0].why, needs[0].instead)
		}
	}
	return nil
}

// need is a reason to need the whole of a parameter, and what to use for a table.
type need struct{ why, instead string }

// wholeAround returns what is around the chain and needs all rows in each update.
func (o Optimizer) wholeAround() (all []need) {
	for _, n := range []struct {
		on bool
		need
	}{
		{o.SAM > 0, need{"SAM moves the whole table before each pass", "no sam"}},
		{o.ScheduleFree != nil, need{"schedule-free averages the whole table at each update", "adam with a schedule"}},
		{o.Lookahead != nil, need{"Lookahead pulls back the whole table", "no lookahead"}},
		{o.EMA != nil, need{"EMA averages the whole table at each update", "no ema"}},
		{o.SWA != nil, need{"SWA averages the whole table", "no swa"}},
		{o.Coupling.rule == adamSDE, need{"the coupling adam_sde scales running means in examples, which decay only where rows are touched", "the coupling sqrt"}},
	} {
		if n.on {
			all = append(all, n.need)
		}
	}
	return all
}

// wholeLinks returns the reasons of the links of a chain.
func wholeLinks(chain []Transform) (all []need) {
	for _, t := range chain {
		switch t := t.(type) {
		case chained:
			all = append(all, wholeLinks(t)...)
		case ScaleByTrustRatio:
			all = append(all, need{"LARS and LAMB take the norm of the whole table", "adam or adagrad"})
		case Orthogonalize:
			all = append(all, need{"Muon orthogonalizes the whole table", "a group with a chain of its own, as optim.Muon has"})
		case ScaleByAdafactor:
			all = append(all, need{"Adafactor keeps means of whole columns", "adagrad with rowwise, which takes less memory still"})
		}
	}
	return all
}
