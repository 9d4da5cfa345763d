package optim_test

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/optim"
)

// couplings is internal/numtest/golden/coupling.json; see its README.
type couplings struct {
	Scales, Start []float64
	Gains         []struct {
		Pieces [][]float64
		Gain   float64
	}
	Cases []struct {
		Name   string
		Config goldenConfig
		After  [][]float64
	}
}

// TestGoldenAdamSDE: 22 updates with batches of 1, 4, 1/2, 20 (where β₁ is 0) and
// again 1 times the base, against PyTorch's optimizers.
func TestGoldenAdamSDE(t *testing.T) {
	var file couplings
	load(t, "coupling.json", &file)
	for _, c := range file.Cases {
		o := optim.Optimizer{LR: c.Config.LR, Chain: c.Config.chain(t, c.Name)}
		m := newMachine(t, o.WithCoupling(optim.AdamSDE().WithDecay(), 32), file.Start)
		for step, scale := range file.Scales {
			g := make([]float64, 3)
			for i := range g {
				g[i] = math.Sin(float64((step+1)*(i+1))) + 0.1*float64(i)
			}
			m.at.Scale = scale
			for i, w := range m.step(g) {
				if want := c.After[step][i]; math.Abs(w-want) > 1e-12 {
					t.Fatalf("%s %+v, update %d: w[%d] = %.15f, want %.15f", c.Name, c.Config, step+1, i, w, want)
				}
			}
		}
	}
}

// TestGoldenGain: the gain of gradients of pieces of the base size, from the usual
// two estimates (McCandlish et al., 2018, appendix A.1), is FairScale's.
func TestGoldenGain(t *testing.T) {
	var file couplings
	load(t, "coupling.json", &file)
	const base = 32
	for _, c := range file.Gains {
		n, squares := float64(len(c.Pieces)), 0.0
		mean := make([]float64, len(c.Pieces[0]))
		for _, g := range c.Pieces {
			for i, x := range g {
				squares += x * x
				mean[i] += x / n
			}
		}
		whole := 0.0
		for _, x := range mean {
			whole += x * x
		}
		s := base * (squares - n*whole) / (n - 1)
		q := whole - s/(n*base)
		if got := optim.Gain(s, q, base, base*len(c.Pieces)); math.Abs(got-c.Gain) > 1e-12 {
			t.Errorf("%d pieces: gain %.15f, want %.15f", len(c.Pieces), got, c.Gain)
		}
	}
}
