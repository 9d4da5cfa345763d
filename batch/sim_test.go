package batch

import (
	"math"
	"math/rand/v2"
)

// simulation is SGD on a noisy quadratic, ½ Σ h_k·w_k², whose examples have
// gradients h∘w + ξ with ξ normal and of known variance. No engine: what a batch
// would measure is drawn from its exact distribution.
type simulation struct {
	policy   Policy
	h        []float64
	variance []float64
	w        []float64
	seed     uint64

	data   int                                  // examples; 60000
	base   int                                  // B0, at which rate is meant
	rate   float64                              // η at B0
	couple func(kappa float64, n Noise) float64 // factor of the rate; nil: none
	decay  func(fraction float64) float64       // the schedule; nil: constant
	budget float64                              // examples
	target float64                              // loss at which it ends; 0: none
	every  func(update uint64) bool             // whether the noise is measured; nil: always
	time   func(size int, r float64) float64    // of an update, r a draw from N(0, 1); nil: not timed
}

// outcome is what a simulation has come to.
type outcome struct {
	at      Progress
	state   State
	loss    float64
	seconds float64
	sizes   []int // of each update
	changes []Change
	effects []Effect
}

// hilly is a problem of 24 dimensions with curvatures from 1 to 1/64 and equal
// noise in all, so that the noise scale grows from 0.2 to thousands on the way
// down.
func hilly(p Policy) simulation {
	s := simulation{policy: p, data: 60000, base: 32, rate: 0.05, budget: 60000, seed: 1}
	for k := range 24 {
		s.h = append(s.h, math.Exp2(-float64(k)/4))
		s.variance = append(s.variance, 1)
		s.w = append(s.w, 4)
	}
	return s
}

func (s simulation) loss(w []float64) (l float64) {
	for k := range w {
		l += s.h[k] * w[k] * w[k] / 2
	}
	return l
}

// run trains until the budget or the target.
func (s simulation) run() (o outcome) {
	r := rand.New(rand.NewPCG(s.seed, 7))
	w := append([]float64(nil), s.w...)
	g := gaussian{g: make([]float64, len(w)), variance: s.variance}
	o.at = Progress{Position: Position{PerEpoch: s.data}, Data: s.data, Decay: 1, Loss: math.NaN()}
	measured := 0.0
	for o.at.Fraction < 1 && (s.target == 0 || s.loss(w) > s.target) {
		if s.decay != nil {
			o.at.Decay = s.decay(o.at.Fraction)
		}
		var c Change
		var e Effect
		if o.state, c, e = Decide(s.policy, o.state, o.at); c != (Change{}) {
			o.changes = append(o.changes, c)
		}
		if e != (Effect{}) {
			o.effects = append(o.effects, e)
		}
		size := o.state.Size
		o.sizes = append(o.sizes, size)
		o.at.Rate = s.rate * o.at.Decay
		if s.couple != nil {
			o.at.Rate *= s.couple(float64(size)/float64(s.base), o.at.Noise)
		}
		for k := range w {
			g.g[k] = s.h[k] * w[k]
		}
		p, whole := g.halves(r, float64(size/2), float64(size-size/2))
		for k := range w {
			w[k] -= o.at.Rate * whole[k]
		}
		o.at.Update++
		o.at.Examples += uint64(size)
		o.at.Fraction = float64(o.at.Examples) / s.budget
		o.at.Loss = s.loss(w)
		measured += float64(size)
		if size > 1 && (s.every == nil || s.every(o.at.Update)) {
			o.at.Noise = o.at.Noise.Add(p, measured)
			measured = 0
		}
		if s.time != nil {
			t := s.time(size, r.NormFloat64())
			o.at.Cost = o.at.Cost.Add(size, t)
			o.seconds += t
		}
	}
	o.loss = s.loss(w)
	return o
}

// halves is pieces of two, with the batch's gradient.
func (d gaussian) halves(r *rand.Rand, n1, n2 float64) (Pieces, []float64) {
	x, whole := d.mean(r, max(n1, 1)), d.mean(r, n2)
	p := Pieces{N: []float64{n1, n2}, Squares: []float64{dot(x, x), dot(whole, whole)}}
	for k := range x {
		whole[k] = (n1*x[k] + n2*whole[k]) / (n1 + n2)
	}
	p.Whole = dot(whole, whole)
	return p, whole
}

func linear(kappa float64, _ Noise) float64 { return kappa }

// affine is the time of an update of a + bB seconds with some unrest.
func affine(a, b, unrest float64) func(int, float64) float64 {
	return func(size int, r float64) float64 { return (a + b*float64(size)) * math.Exp(unrest*math.Abs(r)) }
}
