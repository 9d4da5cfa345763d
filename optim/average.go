package optim

import (
	"errors"
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/portmath"
)

// Eval says that a state stands for a parameter in evaluations and in the saved
// model. Before the first update the parameter is itself.
type Eval struct{ Param, State *graph.Node }

// Evals returns what stands for parameters in evaluations and in the saved
// model: nothing, or something for each of them.
func (u *Update) Evals() []Eval { return u.evals }

// EMA is an exponential moving average of the weights after each update, for
// evaluation and the saved model: w̄ ← d·w̄ + (1-d)·w, from the first weights,
// with d = min(Decay, (1+t)/(10+t)): Polyak, Juditsky, 1992; the start is
// TensorFlow's. Under a Coupling it is Decay^κ, so that the average reaches as
// far back in examples: Busbridge et al., NeurIPS 2023, definition 1.2. State:
// "ema".
type EMA struct{ Decay float64 }

func (e *EMA) follow(c *Context, p, next *graph.Node) {
	mean := c.copyOf(p, "ema")
	d := c.Hyper(fmt.Sprintf("ema(%g)", e.Decay), func(h Hyper) float64 {
		t, decay := float64(h.Update), e.Decay
		if h.Scale != 1 && decay > 0 {
			decay = portmath.Pow(decay, h.Scale)
		}
		return min(decay, (1+t)/(10+t))
	})
	c.Assign(mean.node, c.FMA(d, mean.now, c.Mul(c.Sub(c.Const(1), d), next)))
	c.up.evals = append(c.up.evals, Eval{Param: p, State: mean.node})
}

func (e *EMA) validate() error { return rate("EMA's decay", e.Decay) }

// SWA is the plain mean of the weights after every so many updates from a share
// of the budget on, for evaluation and the saved model: Izmailov et al., UAI
// 2018, algorithm 1. Before, evaluation uses the weights themselves. State:
// "swa", and the number of weights in the mean.
type SWA struct {
	Start float64 // share of the budget, in [0, 1)
	Every int64   // updates; 1 or more
}

func (s *SWA) follow(c *Context, p, next *graph.Node) {
	mean := c.State(p, "swa", 0)
	before, after := c.swaCount(s)
	taken := c.Gt(after, before)
	moved := c.FMA(c.Div(c.Const(1), after), c.Sub(next, mean), mean)
	first := c.Eq(before, c.Const(0)) // until and with the first one, the weights themselves
	c.Assign(mean, c.Select(first, next, c.Select(taken, moved, mean)))
	c.up.evals = append(c.up.evals, Eval{Param: p, State: mean})
}

// swaCount returns how many weights are in the mean before and after the
// update, which all parameters have in common.
func (c *Context) swaCount(s *SWA) (before, after *graph.Node) {
	if c.up.count == nil {
		count := c.StateVar("optim/swa/count", graph.Init{Rule: "zeros"})
		due := c.Hyper("swa.due", func(h Hyper) float64 {
			if h.Fraction+edge >= s.Start && h.Update%s.Every == 0 {
				return 1
			}
			return 0
		})
		next := c.Add(count, due)
		c.Assign(count, next)
		c.up.count = []*graph.Node{count, next}
	}
	return c.up.count[0], c.up.count[1]
}

func (s *SWA) validate() error {
	if s.Every < 1 || !(s.Start >= 0 && s.Start < 1) {
		return fmt.Errorf("optim: SWA every %d updates from %v of the budget on, want at least 1, and a share from 0 to less than 1", s.Every, s.Start)
	}
	return nil
}

// Lookahead pulls the weights back every so many updates: s ← s + α·(w - s),
// w ← s, from the first weights: Zhang et al., NeurIPS 2019, algorithm 1. The
// state of the chain stays. State: "slow".
type Lookahead struct {
	Every int64   // updates: 5
	Alpha float64 // α in (0, 1]: 0.5
}

// DefaultLookahead returns 5 updates and α = 0.5.
func DefaultLookahead() *Lookahead { return &Lookahead{Every: 5, Alpha: 0.5} }

func (l *Lookahead) pull(c *Context, p, next *graph.Node) *graph.Node {
	slow := c.copyOf(p, "slow")
	due := c.Hyper(fmt.Sprintf("lookahead(%d)", l.Every), func(h Hyper) float64 {
		if h.Update%l.Every == 0 {
			return 1
		}
		return 0
	})
	moved := c.FMA(c.Const(l.Alpha), next, c.Mul(c.Const(1-l.Alpha), slow.now))
	c.Assign(slow.node, c.Select(due, moved, slow.now))
	return c.Select(due, moved, next)
}

func (l *Lookahead) validate() error {
	if l.Every < 1 || !(l.Alpha > 0 && l.Alpha <= 1) {
		return fmt.Errorf("optim: Lookahead every %d updates with alpha %v, want at least 1, and above 0 to 1", l.Every, l.Alpha)
	}
	return nil
}

// copied is a state that starts as a copy of a parameter.
type copied struct{ node, now *graph.Node }

// copyOf declares a state that starts as the first weights. now is its value
// before the update: in the first update that of the parameter.
func (c *Context) copyOf(p *graph.Node, name string) copied {
	s := c.State(p, name, 0)
	first := c.Hyper("first", func(h Hyper) float64 {
		if h.Update == 1 {
			return 1
		}
		return 0
	})
	return copied{s, c.Select(first, p, s)}
}

// validateAround reports impossible settings of what is around the chain.
func (o Optimizer) validateAround() error {
	var errs []error
	averages := 0
	if o.ScheduleFree != nil {
		averages++
		errs = append(errs, o.ScheduleFree.validate())
	}
	if o.EMA != nil {
		averages++
		errs = append(errs, o.EMA.validate())
	}
	if o.SWA != nil {
		averages++
		errs = append(errs, o.SWA.validate())
	}
	if averages > 1 {
		errs = append(errs, errors.New("optim: more than one average of the weights, want one of ScheduleFree, EMA and SWA"))
	}
	if o.Lookahead != nil {
		errs = append(errs, o.Lookahead.validate())
		if o.ScheduleFree != nil {
			errs = append(errs, errors.New("optim: Lookahead of schedule-free weights, want one of them"))
		}
	}
	if !(o.ClipAdaptive >= 0) || math.IsInf(o.ClipAdaptive, 0) {
		errs = append(errs, fmt.Errorf("optim: ClipAdaptive %v, want 0 (no limit) or more", o.ClipAdaptive))
	}
	return errors.Join(errs...)
}
