package optim_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// TestCouplingFactors: the factors of rate and decay of each rule at κ = 4 with
// a gain of 3, and before the noise is known.
func TestCouplingFactors(t *testing.T) {
	known, unknown := optim.Progress{Scale: 4, Gain: 3}, optim.Progress{Scale: 4}
	small := optim.Progress{Scale: 0.25}
	for _, c := range []struct {
		name, text                 string
		rule                       optim.Coupling
		rate, decay, before, below float64
	}{
		{"none", "none", optim.None(), 1, 1, 1, 1},
		{"linear", "linear", optim.LinearRate(), 4, 1, 4, 0.25},
		{"square root", "sqrt", optim.SquareRoot(), 2, 2, 2, 0.5},
		{"AdaScale", "adascale", optim.AdaScale(), 3, 4.0 / 3, 1, 0.25},
		{"AdamSDE", "adam_sde", optim.AdamSDE(), 2, 2, 2, 0.5},
	} {
		if got := c.rule.Rate(known); got != c.rate {
			t.Errorf("%s: factor %v of the rate, want %v", c.name, got, c.rate)
		}
		if got := c.rule.Rate(unknown); got != c.before {
			t.Errorf("%s: factor %v of the rate without noise, want %v", c.name, got, c.before)
		}
		if got := c.rule.Rate(small); got != c.below {
			t.Errorf("%s: factor %v of the rate of a quarter of the base, want %v", c.name, got, c.below)
		}
		if got := c.rule.WithDecay().Decay(known); got != c.decay {
			t.Errorf("%s: factor %v of the decay, want %v", c.name, got, c.decay)
		}
		if got := c.rule.Decay(known); got != 1 {
			t.Errorf("%s: factor %v of a decay that is left alone, want 1", c.name, got)
		}
		if got := c.rule.WithDecay().Rate(optim.Progress{}); got != 1 {
			t.Errorf("%s: factor %v of the rate of the base size, want 1", c.name, got)
		}
		read, err := optim.ParseCoupling(c.text)
		if err != nil || read != c.rule || c.rule.String() != c.text {
			t.Errorf("%s is %q, which reads as %v, %v", c.name, c.rule, read, err)
		}
	}
	if _, err := optim.ParseCoupling("cubic"); err == nil || !strings.Contains(err.Error(), "none, linear, sqrt, adascale, adam_sde") {
		t.Errorf("ParseCoupling of an unknown name: %v", err)
	}
}

// TestGain: AdaScale's identities, and estimates that cannot be.
func TestGain(t *testing.T) {
	for _, c := range []struct {
		name       string
		s, q       float64
		base, size int
		want       float64
	}{
		{"no noise", 0, 2, 32, 256, 1},
		{"all noise", 5, 0, 32, 256, 8},
		{"half of each", 64, 1, 64, 256, 2 / 1.25},
		{"a smaller batch", 64, 1, 64, 16, 2.0 / 5},
		{"the base", 3, 7, 64, 64, 1},
		{"Q below 0", 5, -1, 32, 256, 8},
		{"S below 0", -5, 1, 32, 256, 1},
		{"nothing", 0, 0, 32, 256, 1},
		{"NaN", math.NaN(), 1, 32, 256, 1},
	} {
		if got := optim.Gain(c.s, c.q, c.base, c.size); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: gain %v, want %v", c.name, got, c.want)
		}
	}
}

// TestGained: the sum of gains is τ, of AdaScale alone; the state is JSON.
func TestGained(t *testing.T) {
	for _, c := range []struct {
		rule optim.Coupling
		want string
	}{
		{optim.AdaScale(), `{"gained":4}`}, // 1 of the base size, then min(1, κ), then 2
		{optim.LinearRate(), `{}`},
		{optim.None(), `{}`},
	} {
		up := newMachine(t, optim.SGD(1).WithCoupling(c.rule, 32), []float64{0}).up
		var s optim.CouplingState
		for i, at := range []optim.Progress{{}, {Scale: 4}, {Scale: 4, Gain: 2}} {
			at.Update, at.Coupled = int64(i), s
			s = up.Next(at)
		}
		if got, _ := json.Marshal(s); string(got) != c.want {
			t.Errorf("%v: state %s, want %s", c.rule, got, c.want)
		}
	}
}

// TestDecayInExamples: an update of κ·B₀ shrinks weights by κ·η₀·λ, whatever the
// rate is, and η·λ without WithDecay.
func TestDecayInExamples(t *testing.T) {
	const lr, lambda, scale = 0.01, 0.5, 4
	for _, rule := range []optim.Coupling{optim.LinearRate(), optim.SquareRoot(), optim.AdaScale(), optim.AdamSDE()} {
		at := optim.Progress{Scale: scale, Gain: 3}
		o := optim.Optimizer{LR: lr, Chain: []optim.Transform{optim.DecoupledDecay(lambda)}}
		if rule == optim.AdamSDE() {
			o = optim.AdamW(lr).WeightDecay(lambda)
		}
		for _, c := range []struct {
			rule optim.Coupling
			want float64
		}{{rule, 1 - lr*rule.Rate(at)*lambda}, {rule.WithDecay(), 1 - scale*lr*lambda}} {
			m := newMachine(t, o.WithCoupling(c.rule, 1), []float64{1})
			m.at = at
			if got := m.step([]float64{0})[0]; math.Abs(got-c.want) > 1e-15 {
				t.Errorf("%v: a weight of 1 became %v, want %v", rule, got, c.want)
			}
		}
	}
}

// TestCouplingRefused: rules that the optimizer is not for.
func TestCouplingRefused(t *testing.T) {
	sde, scale := optim.AdamSDE(), optim.AdaScale()
	other := optim.Group{Match: []string{"*.bias"}, Chain: []optim.Transform{optim.ScaleByAdam{Beta1: 0.5, Beta2: 0.9}}}
	for _, c := range []struct {
		o    optim.Optimizer
		rule optim.Coupling
		want string
	}{
		{optim.SGD(1), sde, "of plain descent, want Adam"},
		{optim.SGD(1).Momentum(0.9), sde, "optim.Trace, want Adam"},
		{optim.NAdam(1), sde, "optim.ScaleByNAdam, want Adam"},
		{optim.RAdam(1), sde, "optim.ScaleByRAdam, want Adam"},
		{optim.LAMB(1), sde, "optim.ScaleByTrustRatio, want Adam"},
		{optim.Lion(1), sde, "optim.SignByLion, want Adam"},
		{optim.Muon(1, 1), sde, "optim.Orthogonalize, want Adam"},
		{optim.RMSProp(1).Centered(), sde, "centered RMSProp, want the plain one"},
		{optim.Adam(1).AMSGrad(), sde, "AMSGrad or exact rows, want plain"},
		{optim.ScheduleFreeAdamW(1), sde, "schedule-free weights"},
		{optim.Adam(1).WithGroups(other), sde, "betas (0.9, 0.999) and (0.5, 0.9) in groups"},
		{optim.AdamW(1), scale, "optim.ScaleByAdam, want SGD"},
		{optim.LARS(1), scale, "optim.ScaleByTrustRatio, want SGD"},
		{optim.SGD(1).WithGroups(other), scale, "optim.ScaleByAdam, want SGD"},
	} {
		if err := c.o.WithCoupling(c.rule, 0).Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.rule, err, c.want)
		}
	}
	if err := optim.SGD(1).WithCoupling(optim.None(), -1).Validate(); err == nil || !strings.Contains(err.Error(), "Base -1, want") {
		t.Errorf("error %v of a negative base", err)
	}
	var b graph.Builder
	table := b.SparseParam("table", graph.Init{}, 5, 2)
	if err := optim.Adam(1).WithCoupling(sde, 0).Fits([]*graph.Node{table}); err == nil || !strings.Contains(err.Error(), "adam_sde") {
		t.Errorf("error %v of AdamSDE of a sparse table", err)
	}
}

// TestAutoCoupling: AdaScale and its stand-in for SGD, the square root for the
// rest, and each of them fits.
func TestAutoCoupling(t *testing.T) {
	for _, c := range []struct {
		o          optim.Optimizer
		open, seen string
	}{
		{optim.SGD(1), "linear", "adascale"},
		{optim.SGD(1).Momentum(0.9).WeightDecay(0.1), "linear", "adascale"},
		{optim.AdamW(1), "sqrt", "sqrt"},
		{optim.LARS(1), "sqrt", "sqrt"},
		{optim.ScheduleFreeSGD(1), "sqrt", "sqrt"},
	} {
		open, seen := c.o.AutoCoupling(false), c.o.AutoCoupling(true)
		if open.String() != c.open || seen.String() != c.seen {
			t.Errorf("couplings %v and %v, want %s and %s", open, seen, c.open, c.seen)
		}
		if err := c.o.WithCoupling(seen, 32).Validate(); err != nil {
			t.Error(err)
		}
	}
}

// TestUpToLevelsOff: as κ for small batches, 1 at the base, and m+1 at the most.
func TestUpToLevelsOff(t *testing.T) {
	c := optim.LinearRate().UpTo(19)
	for kappa, want := range map[float64]float64{1: 1, 19: 10, 1e9: 20, 0.5: 0.5 * 20 / 19.5} {
		if got := c.Rate(optim.Progress{Scale: kappa}); math.Abs(got-want) > 1e-6*want {
			t.Errorf("κ = %v: factor %v, want %v", kappa, got, want)
		}
	}
	if got := optim.SquareRoot().UpTo(19).Rate(optim.Progress{Scale: 19}); math.Abs(got-math.Sqrt(10)) > 1e-12 {
		t.Errorf("square root at κ = 19: factor %v, want √10", got)
	}
	for _, x := range []struct {
		c    optim.Coupling
		want float64
	}{{optim.None(), 1}, {optim.SquareRoot(), math.Inf(1)}, {c, 19}, {optim.AdamW(1).AutoCoupling(true), 19}} {
		if got := x.c.Most(); math.Abs(got-x.want) > 1e-9 {
			t.Errorf("%v levels off at κ = %v, want %v", x.c, got, x.want)
		}
	}
}

// names are those of the scalars of a small net's graph with an optimizer.
func scalarNames(t *testing.T, o optim.Optimizer) string {
	g, err := build(o)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range g.Scalars {
		names = append(names, n.Attr.Name)
	}
	return strings.Join(names, " ")
}

// TestCouplingScalars: only AdamSDE has scalars of its own.
func TestCouplingScalars(t *testing.T) {
	for _, o := range []optim.Optimizer{optim.SGD(1).Momentum(0.9), optim.AdamW(1).WithEMA(0.9)} {
		plain := scalarNames(t, o)
		if got := scalarNames(t, o.WithCoupling(o.AutoCoupling(true), 32)); got != plain {
			t.Errorf("scalars %s, want %s", got, plain)
		}
	}
	got := scalarNames(t, optim.AdamW(1).WithCoupling(optim.AdamSDE(), 32))
	for _, want := range []string{"fresh(0.9)", "kept(0.9)", "fresh(0.999)", "kept(0.999)", "eps(1e-08)"} {
		if !strings.Contains(got, "optim/"+want) {
			t.Errorf("scalars %s, want optim/%s too", got, want)
		}
	}
}

// TestEMAInExamples: under a coupling an average of d = 0.5 forgets in one update
// of 2·B₀ what it forgets in two of B₀.
func TestEMAInExamples(t *testing.T) {
	m := newMachine(t, optim.SGD(1).WithEMA(0.5).WithCoupling(optim.LinearRate(), 32), []float64{0})
	m.n = 100 // past the start, where d is less
	for _, at := range []optim.Progress{{Scale: 2}, {}, {}} {
		m.write("w", []float64{0})
		m.write("optim/w/ema", []float64{1})
		m.at = at
		m.step([]float64{0})
		want := 0.5
		if at.Scale == 2 {
			want = 0.25
		}
		if got := m.vars.ReadF64("optim/w/ema")[0]; math.Abs(got-want) > 1e-15 {
			t.Errorf("κ = %v: an average of 1 became %v, want %v", at.Scale, got, want)
		}
	}
}

// TestSameBits: at κ = 1 every coupling gives the weights that there are without,
// bit by bit, in float32.
func TestSameBits(t *testing.T) {
	for _, c := range []struct {
		o    optim.Optimizer
		rule optim.Coupling
	}{
		{optim.SGD(0.1).Momentum(0.9), optim.AdaScale().WithDecay()},
		{optim.SGD(0.1).WeightDecay(0.1), optim.LinearRate().WithDecay()},
		{optim.AdamW(0.01).WithEMA(0.9), optim.SquareRoot().WithDecay()},
		{optim.AdamW(0.01).Betas(0.3, 0.99), optim.AdamSDE().WithDecay()},
		{optim.RMSProp(0.01), optim.AdamSDE()},
	} {
		plain, coupled := descendF32(t, c.o), descendF32(t, c.o.WithCoupling(c.rule, 8))
		for i := range plain {
			if plain[i] != coupled[i] {
				t.Errorf("%v: weight %d is %v, want %v", c.rule, i, coupled[i], plain[i])
			}
		}
	}
}

// TestCouplingPlan: under AdamSDE an update is still one fused pass.
func TestCouplingPlan(t *testing.T) {
	e := cpuEngine(t)
	want := "vector, fused"
	if e.ISA() == "go" {
		want = "vector"
	}
	for _, o := range []optim.Optimizer{optim.Adam(1), optim.Adam(1).WeightDecay(0.1), optim.AdamW(1), optim.RMSProp(1)} {
		ks := vectors(t, e, o.WithCoupling(optim.AdamSDE().WithDecay(), 32))
		if len(ks) != 1 || ks[0].Name != want {
			t.Errorf("passes %v, want one %q", ks, want)
		}
	}
}

// cpuEngine is an engine of one thread, closed after the test.
func cpuEngine(t *testing.T) *cpu.Engine {
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// descendF32 returns three weights, and the state of the optimizer, after 20
// updates in float32 at κ = 1.
func descendF32(t *testing.T, o optim.Optimizer) (all []float32) {
	var b graph.Builder
	w, g := b.Param("w", graph.Init{}, 3), b.StateVar("g", graph.Init{}, 3)
	up, err := o.Build(&b, []*graph.Node{w}, []*graph.Node{g}, b.Const64(1), b.Const64(1))
	if err != nil {
		t.Fatal(err)
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := cpuEngine(t)
	vars, err := e.NewVars(specs(built))
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(built, vars, engine.Options{Rows: 1})
	if err != nil {
		t.Fatal(err)
	}
	vars.Write("w", tensor.Of([]float32{1, -2, 0.5}))
	scalars := make([]float64, len(built.Scalars))
	for i, at := 0, (optim.Progress{Scale: 1, Gain: 1}); i < 20; i++ {
		x := float64(i)
		vars.Write("g", tensor.Of([]float32{float32(math.Sin(x)), float32(math.Cos(2 * x)), float32(math.Sin(3 * x))}))
		at.Update = int64(i)
		up.Scalars(built, scalars, at)
		p.Begin(0, scalars)
		if !p.Finish() {
			t.Fatal("a check is not finite")
		}
		p.Commit()
		at.Coupled = up.Next(at)
	}
	for _, v := range built.Vars {
		now := tensor.New(tensor.F32, v.Shape.Dims...)
		vars.Read(v.Attr.Name, now)
		all = append(all, now.F32()...)
	}
	return all
}
