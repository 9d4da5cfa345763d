package images

import (
	"math"

	"github.com/descent-ml/descent/internal/portmath"
	"github.com/descent-ml/descent/internal/rng"
)

// purpose is what random numbers are for. Each has words of its own, so that
// one more change of an image leaves the others as they were. Their numbers are part of
// what a seed means: they never change.
type purpose uint32

const (
	forCrop purpose = iota
	forFlip
	forRotation
	forRandAugment
	forColor
	forCutout
	forMix
)

// draws are the random numbers of an example in an epoch: Philox under a key of
// the seed, its counter being example, epoch, purpose and block.
type draws struct {
	key     [2]uint32
	epoch   uint32
	example uint64
}

// block returns four random words.
func (d draws) block(p purpose, i uint32) [4]uint32 {
	return rng.Philox([4]uint32{uint32(d.example), uint32(d.example >> 32), d.epoch, uint32(p)<<24 | i}, d.key)
}

// words reads the words of a purpose one by one.
type words struct {
	draws
	purpose purpose
	next    uint32
	block4  [4]uint32
}

func (d draws) words(p purpose) words { return words{draws: d, purpose: p} }

func (w *words) word() uint32 {
	if w.next%4 == 0 {
		w.block4 = w.block(w.purpose, w.next/4)
	}
	v := w.block4[w.next%4]
	w.next++
	return v
}

// below is 0 to n-1, each alike but for n/2³².
func (w *words) below(n int) int { return int(uint64(w.word()) * uint64(n) >> 32) }

// between is uniform in [lo, hi).
func (w *words) between(lo, hi float64) float64 {
	return lo + float64((hi-lo)*rng.Uniform(w.word()))
}

// open is uniform in (0, 1), with 32 bits.
func (w *words) open() float64 { return (float64(w.word()) + 0.5) * (1.0 / (1 << 32)) }

// coin is true half the time.
func (w *words) coin() bool { return w.word()>>31 != 0 }

// The parameters of Beta(alpha, alpha) that beta is good for. At the lower end one
// of two numbers has all but 1e-3 of the weight in nine of ten draws.
const (
	leastAlpha = 0.01
	mostAlpha  = 1000
)

// beta draws from Beta(alpha, alpha): X/(X+Y) for two gamma variates of that
// shape, by their logarithms, since those of a small shape underflow.
func (w *words) beta(alpha float64) float64 {
	x, y := w.logGamma(alpha), w.logGamma(alpha)
	return 1 / (1 + portmath.Exp(y-x))
}

// logGamma draws the logarithm of a gamma variate: Marsaglia & Tsang, A simple method
// for generating gamma variables, ACM TOMS 26 (2000), by their full test instead
// of the squeeze; below a shape of 1 with their factor U^(1/shape).
func (w *words) logGamma(shape float64) float64 {
	boost := 0.0
	if shape < 1 {
		boost = portmath.Log(w.open()) / shape
		shape++
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := portmath.NormalQuantile(w.open())
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		log := float64(3 * portmath.Log(v))
		v = float64(v * v * v)
		if portmath.Log(w.open()) < float64(0.5*x*x)+float64(d*(1-v+log)) {
			return portmath.Log(d) + log + boost
		}
	}
}
