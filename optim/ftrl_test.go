package optim_test

import (
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/optim"
)

// ftrl is algorithm 1 of McMahan et al. as it is printed, for one weight.
type ftrl struct{ alpha, beta, l1, l2, z, n float64 }

// weight is what the algorithm predicts with before an update.
func (f *ftrl) weight() float64 {
	if math.Abs(f.z) <= f.l1 {
		return 0
	}
	return -(f.z - math.Copysign(f.l1, f.z)) / ((f.beta+math.Sqrt(f.n))/f.alpha + f.l2)
}

func (f *ftrl) update(g float64) {
	sigma := (math.Sqrt(f.n+g*g) - math.Sqrt(f.n)) / f.alpha
	f.z += g - sigma*f.weight()
	f.n += g * g
}

// TestFTRL: weights from 0 are those of the algorithm, and penalties make some
// of them 0.
func TestFTRL(t *testing.T) {
	o := optim.FTRL(0.3).L1(2).L2(0.5)
	m := newMachine(t, o, make([]float64, 3))
	want := [3]ftrl{}
	for i := range want {
		want[i] = ftrl{alpha: 0.3, beta: 1, l1: 2, l2: 0.5}
	}
	zeros := 0
	for step := 1; step <= 40; step++ {
		g := goldenGradient(step)
		w := m.step(g)
		for i := range w {
			want[i].update(g[i])
			if x := want[i].weight(); math.Abs(w[i]-x) > 1e-12 || x == 0 && w[i] != 0 {
				t.Fatalf("update %d: w[%d] = %.15f, want %.15f", step, i, w[i], x)
			} else if x == 0 {
				zeros++
			}
		}
	}
	if zeros == 0 || zeros == 120 {
		t.Errorf("%d weights of 120 are 0, want some", zeros)
	}
}

// TestFTRLIsAdaGrad: without penalties, from any weights, under a schedule and
// beside a gradient of 0 at first, FTRL is AdaGrad with ε = β.
func TestFTRLIsAdaGrad(t *testing.T) {
	start := []float64{1, -2, 0.5}
	o := optim.FTRL(0.3).WithSchedule(fourUp).WithGroups(optim.Group{Match: []string{"w"}, LRFactor: 0.5})
	a := newMachine(t, o, start)
	o.Chain = []optim.Transform{optim.ScaleByAdaGrad{Eps: 1}}
	b := newMachine(t, o, start)
	for step := 1; step <= 20; step++ {
		g := goldenGradient(step)
		if step < 4 {
			g[1] = 0
		}
		closeTo(t, "w", a.step(g), b.step(g), 1e-12)
	}
}

// TestFTRLAlone: what cannot be with FTRL is said.
func TestFTRLAlone(t *testing.T) {
	free := optim.FTRL(0.1)
	free.ScheduleFree = &optim.ScheduleFree{Beta: 0.9}
	chain := func(ts ...optim.Transform) optim.Optimizer { return optim.Optimizer{LR: 0.1, Chain: ts} }
	for want, o := range map[string]optim.Optimizer{
		"optim.Trace follows a transform":   optim.FTRL(0.1).Momentum(0.9),
		"decoupled decay with a transform":  chain(optim.DecoupledDecay(0.1), optim.DefaultFTRL()),
		"ScheduleFree with a transform":     free,
		"FTRL's l1 -1, want":                optim.FTRL(0.1).L1(-1),
		"FTRL's beta NaN, want":             chain(optim.FollowLeader{Beta: math.NaN()}),
		"L2 needs FTRL":                     optim.SGD(0.1).L2(1),
		"optim.ScaleByAdaGrad follows a tr": chain(optim.Chain(optim.DefaultFTRL(), optim.DefaultAdaGrad())),
	} {
		var b graph.Builder
		w, g := b.Param("w", graph.Init{}, 2), b.StateVar("g", graph.Init{}, 2)
		if _, err := o.Build(&b, []*graph.Node{w}, []*graph.Node{g}, b.Const64(1), b.Const64(1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
