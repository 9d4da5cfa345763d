package batch

import (
	"errors"
	"fmt"
	"math"

	"github.com/descent-ml/descent/internal/portmath"
)

// Goodput maximizes throughput times statistical efficiency: Pollux (Qiao et
// al., OSDI 2021, eq. 5-7). With updates of a + bB seconds it is
//
//	B/(a + bB) · 1/(φ + B)
//
// up to a factor that does not depend on B, over 50 sizes in a geometric row
// from Start (Pollux never goes below it; Min, if that is set) to Max. It moves
// where that gains 5 % or more, at most twofold at once, after ten new
// measurements of the noise. Without a given cost it times another size first.
//
// Pollux models the time of several nodes; one machine is affine. With momentum
// φ is that of a step's batches, as in Auto, which is the same in closed form;
// Pollux has that of one.
type Goodput struct {
	Bounds Bounds
	Cost   Cost // if it is given, no decision depends on a clock
}

const (
	gridPoints = 50
	worthwhile = 1.05 // predicted gain for which a size moves: less is lost in a rate that does not fit as well
)

// Validate lists the faults of the settings.
func (g Goodput) Validate() error { return errors.Join(g.Bounds.Validate(), g.Cost.Validate()) }

func (g Goodput) Max(examples int) int { return g.Bounds.largest(examples) }
func (g Goodput) NeedsNoise() bool     { return true }
func (g Goodput) NeedsClock() bool     { return !g.Cost.Known() }
func (g Goodput) given() Cost          { return g.Cost }
func (g Goodput) String() string       { return g.Bounds.text("goodput", g.Cost.keys()...) }

// Next implements Policy.
func (g Goodput) Next(s State, p Progress) (State, string) {
	b, cost := g.Bounds.withDefaults(p.Data), g.Cost
	if g.Bounds.Min == 0 {
		b.Min = b.Start
	}
	if s.Size == 0 {
		return s.to(b.Start, p), ""
	}
	if !cost.Known() {
		cost = p.Cost
	}
	switch {
	case !cost.Known():
		return b.explore(s, p)
	case p.Noise.Samples() < s.Samples+fresh:
		return s, ""
	}
	phi, _ := p.Noise.Scale()
	phi = p.critical(phi)
	size := min(max(b.scan(cost, phi), s.Size/2), 2*s.Size)
	size = min(max(size, b.Min), b.Max)
	gain := gainOf(s.Size, size, cost.Seconds(s.Size), cost.Seconds(size), phi)
	if gain < worthwhile {
		return s, ""
	}
	return s.to(size, p), fmt.Sprintf("%.2f times the goodput at a noise scale of %.3g and %.3g fixed", gain, phi, cost.HalfSpeed())
}

// scan returns the size of the grid with the largest goodput.
func (b Bounds) scan(c Cost, phi float64) int {
	best, most := b.Min, 0.0
	step := portmath.Pow(float64(b.Max)/float64(b.Min), 1.0/(gridPoints-1))
	for i, x := 0, float64(b.Min); i < gridPoints; i, x = i+1, x*step {
		size := b.clip(x)
		if g := gainOf(b.Min, size, c.Seconds(b.Min), c.Seconds(size), phi); g > most {
			best, most = size, g
		}
	}
	return best
}

// gainOf returns the goodput of updates of one size relative to another's,
// given their times and the noise scale; +Inf is one that is not resolved, at
// which an example is worth the same in any batch.
func gainOf(from, to int, secondsFrom, secondsTo, phi float64) float64 {
	f, t := float64(from), float64(to)
	faster := float64(t*secondsFrom) / float64(f*secondsTo)
	if math.IsInf(phi, 1) {
		return faster
	}
	return faster * ((phi + f) / (phi + t))
}
