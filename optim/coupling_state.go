package optim

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
)

// CouplingState is what a coupling remembers of a run; the zero value is before
// the first update. The loop keeps it with its position, gives it to each update
// in Progress.Coupled, and puts Update.Next in its place once the update is
// committed. It is a value of no pointers.
type CouplingState struct {
	// Gained is τ, the sum of AdaScale's r over the updates so far, which count as
	// so many updates of the base size; 0 under other couplings.
	//
	// A budget of T updates means T of these: the paper's algorithm ends at τ ≥ T,
	// and schedules follow τ/T. Budgets in epochs, examples, tokens and time say
	// what may be spent, so they end and their schedules go on by what is spent,
	// and τ is a figure: it falls short of the same budget's updates of B₀ by
	// Σ(κ-r), what larger batches have lost in efficiency.
	Gained float64 `json:"gained,omitzero"`

	// Scaled is how many updates had κ ≠ 1 under AdamSDE; Beta1 and Beta2 are the
	// products of their β, 0 while there are none. Those of other updates are powers.
	Scaled int64   `json:"scaled,omitzero"`
	Beta1  float64 `json:"beta1,omitzero"`
	Beta2  float64 `json:"beta2,omitzero"`
}

// Next returns the state after the update at a point, where the state before it
// is at.Coupled.
func (u *Update) Next(at Progress) CouplingState {
	s := at.Coupled
	if u.coupling.rule == adaScale {
		s.Gained += u.coupling.Rate(at)
	}
	if scale := u.coupling.means(at); scale != 1 {
		if s.Scaled == 0 {
			s.Beta1, s.Beta2 = 1, 1
		}
		s.Scaled++
		s.Beta1 *= kept(u.beta1, scale)
		s.Beta2 *= kept(u.beta2, scale)
	}
	return s
}

// means is κ for the running means of a chain, whose β only AdamSDE changes.
func (c Coupling) means(at Progress) float64 {
	if c.rule != adamSDE {
		return 1
	}
	return at.scale()
}

// fresh is 1-β, the share of what is new in a running mean, at a scale.
func fresh(beta, scale float64) float64 { return min(1, float64(scale*(1-beta))) }

// kept is β at a scale: the same bits where that is 1.
func kept(beta, scale float64) float64 {
	if scale == 1 {
		return beta
	}
	return 1 - fresh(beta, scale)
}

// power is the product of a β over all updates up to this one, of which product
// is the part of those that were scaled: βᵗ if none was.
func (h Hyper) power(beta, product float64) float64 {
	plain := portmath.PowInt(beta, h.Update-h.after.Scaled)
	if h.after.Scaled == 0 {
		return plain
	}
	return float64(plain * product)
}

// fresh is the share 1-β of what is new in a running mean: a constant, or under
// AdamSDE a scalar of the update. So are kept and eps.
func (c *Context) fresh(beta float64) *graph.Node {
	return c.meant("fresh", beta, 1-beta, func(h Hyper) float64 { return fresh(beta, h.means) })
}

func (c *Context) kept(beta float64) *graph.Node {
	return c.meant("kept", beta, beta, func(h Hyper) float64 { return kept(beta, h.means) })
}

func (c *Context) eps(eps float64) *graph.Node {
	return c.meant("eps", eps, eps, func(h Hyper) float64 { return eps / math.Sqrt(h.means) })
}

// meant is what a setting of a running mean is in an update: plain, or f where
// the coupling changes it.
func (c *Context) meant(name string, setting, plain float64, f func(Hyper) float64) *graph.Node {
	if c.up.coupling.rule != adamSDE {
		return c.Const(plain)
	}
	return c.Hyper(fmt.Sprintf("%s(%g)", name, setting), f)
}
