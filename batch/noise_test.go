package batch

import (
	"math"
	"math/rand/v2"
	"testing"
)

// gaussian is a problem whose gradients of examples are normal, with mean g
// and the given variances of their coordinates.
type gaussian struct{ g, variance []float64 }

func (d gaussian) s() (s float64) {
	for _, v := range d.variance {
		s += v
	}
	return s
}

func (d gaussian) q() float64 { return dot(d.g, d.g) }

// mean draws the mean gradient of n examples.
func (d gaussian) mean(r *rand.Rand, n float64) []float64 {
	x := make([]float64, len(d.g))
	for k := range x {
		x[k] = d.g[k] + r.NormFloat64()*math.Sqrt(d.variance[k]/n)
	}
	return x
}

// pieces draws the measurement of a batch with pieces of so many examples.
func (d gaussian) pieces(r *rand.Rand, sizes ...float64) Pieces {
	p := Pieces{N: sizes}
	whole := make([]float64, len(d.g))
	b := p.Size()
	for _, n := range sizes {
		x := d.mean(r, n)
		p.Squares = append(p.Squares, dot(x, x))
		for k := range x {
			whole[k] += x[k] * n / b
		}
	}
	p.Whole = dot(whole, whole)
	return p
}

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// problem has tr Σ = 24 and ‖G‖² = 2.4, so a noise scale of 10.
var problem = gaussian{g: []float64{1, -1, 0.5, 0.3, 0.24494897427831780, 0, 0, 0}, variance: []float64{8, 4, 4, 2, 2, 2, 1, 1}}

// The estimates are unbiased for any number of pieces and unequal ones: within
// four standard errors of the closed form over 20 000 trials.
func TestEstimateIsUnbiased(t *testing.T) {
	const trials = 20000
	for _, sizes := range [][]float64{{8, 8}, {3, 13}, {1, 2, 5, 8}, {1, 1, 1, 1, 1, 1}} {
		r := rand.New(rand.NewPCG(1, uint64(len(sizes))))
		var s, q, along, ss, qq, aa float64
		for range trials {
			p := problem.pieces(r, sizes...)
			x, y := p.Estimate()
			s, q, ss, qq = s+x, q+y, ss+x*x, qq+y*y
			if len(sizes) == 2 {
				a := p.Along()
				along, aa = along+a, aa+a*a
			}
		}
		check := func(name string, sum, squares, want float64) {
			mean := sum / trials
			if e := math.Sqrt((squares/trials - mean*mean) / trials); !(math.Abs(mean-want) < 4*e) {
				t.Errorf("pieces %v: %s is %v ± %v, want %v", sizes, name, mean, e, want)
			}
		}
		check("S", s, ss, problem.s())
		check("Q", q, qq, problem.q())
		if len(sizes) != 2 {
			continue
		}
		// Var_i ⟨g_i, G_B⟩ = GᵀΣG + tr Σ²/B in expectation.
		want := 0.0
		for k, v := range problem.variance {
			want += problem.g[k]*problem.g[k]*v + v*v/16
		}
		check("Along", along, aa, want)
	}
}
