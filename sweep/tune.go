package sweep

import (
	"math"
	"strconv"

	"github.com/descent-ml/descent/internal/portmath"
	"github.com/descent-ml/descent/train"
)

// Edges of a grid at which the best rate may be.
const (
	Interior = ""      // worse rates on both sides: an optimum
	Lower    = "lower" // lower rates were not tried
	Upper    = "upper" // higher rates were not tried
)

// tuned is the outcome of tuning the rate of a size.
type tuned struct {
	best  *Trial // nil if every rate diverges
	edge  string
	tried int
}

// climb looks for the best rate on the grid start·ratioᵏ, -reach <= k <= reach.
// It tries the neighbours of the best until both are worse: three trials at
// least, of which a divergence is one that is worse than any other. While all
// diverge it goes down.
func climb(start, ratio float64, reach int, order train.Target, try func(lr float64, best *Trial) (*Trial, error)) (tuned, error) {
	trials, out, at := map[int]*Trial{}, tuned{}, 0
	for next := 0; ; {
		lr := rateAt(start, ratio, next)
		t, err := try(lr, out.best)
		if err != nil {
			return out, err
		}
		trials[next] = t
		switch {
		case t.End == Diverged:
		case out.best == nil || t.beats(out.best, order):
			out.best, at = t, next
		}
		if out.tried++; out.best == nil {
			if next--; next < -reach {
				out.edge = Lower
				return out, nil
			}
			continue
		}
		if next, out.edge = open(trials, at, reach); next == at {
			return out, nil
		}
	}
}

// open returns the next place to try around the best one, at if there is none
// left, and then at which edge that is.
func open(trials map[int]*Trial, at, reach int) (next int, edge string) {
	next = at
	for _, side := range []struct {
		step int
		name string
	}{{1, Upper}, {-1, Lower}} {
		switch k := at + side.step; {
		case trials[k] != nil:
		case k < -reach || k > reach:
			edge = side.name
		default:
			return k, Interior
		}
	}
	return next, edge
}

// grid tries all rates, in order. One alone is not tuned, so it is at no edge.
func grid(rates []float64, order train.Target, try func(lr float64, best *Trial) (*Trial, error)) (tuned, error) {
	out, at := tuned{}, 0
	for i, lr := range rates {
		t, err := try(lr, out.best)
		if err != nil {
			return out, err
		}
		if out.tried++; t.End != Diverged && (out.best == nil || t.beats(out.best, order)) {
			out.best, at = t, i
		}
	}
	switch {
	case len(rates) == 1 || out.best == nil:
	case at == 0:
		out.edge = Lower
	case at == len(rates)-1:
		out.edge = Upper
	}
	return out, nil
}

// rateAt returns start·ratioᵏ.
func rateAt(start, ratio float64, k int) float64 {
	if k < 0 {
		return rounded(start / portmath.PowInt(ratio, int64(-k)))
	}
	return rounded(start * portmath.PowInt(ratio, int64(k)))
}

// rounded keeps three digits of a rate.
func rounded(lr float64) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(lr, 'e', 2, 64), 64) // what was formatted parses
	return v
}

// Of the rule that abandons, see the package: from which share of the best
// trial's examples it holds, and at which share of one's own the best is looked at.
const (
	hopelessFrom = 0.25
	hopelessAt   = 1.0 / 3
)

// verdict says after a validation whether a trial of the tuning ends: as Beaten,
// as Abandoned, or not yet ("").
func verdict(t, best *Trial, order train.Target) string {
	if best == nil {
		return ""
	}
	p, _ := t.Last()
	if best.End == Reached && p.Update >= best.Updates {
		return Beaten
	}
	if float64(p.Examples) < hopelessFrom*float64(best.Examples) {
		return ""
	}
	mine := float64(t.best(order, math.MaxUint64).Value)
	other := float64(best.best(order, uint64(hopelessAt*float64(p.Examples))).Value)
	if other == other && (mine != mine || order.Better(other, mine)) {
		return Abandoned
	}
	return ""
}
