package optim_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// TestConvergence: every optimizer finds the minimum of a stretched parabola
// and comes far down Rosenbrock's valley from its usual start.
func TestConvergence(t *testing.T) {
	parabola := func(w, g []float64) float64 {
		g[0], g[1] = 10*(w[0]-3), w[1]+2
		return 5*(w[0]-3)*(w[0]-3) + 0.5*(w[1]+2)*(w[1]+2)
	}
	rosenbrock := func(w, g []float64) float64 {
		a, b := 1-w[0], w[1]-w[0]*w[0]
		g[0], g[1] = -2*a-400*w[0]*b, 200*b
		return a*a + 100*b*b
	}
	falling := optim.Exponential(1e-4)
	for _, c := range []struct {
		name         string
		bowl, valley optim.Optimizer
	}{
		{"SGD", optim.SGD(0.1), optim.SGD(1e-3)},
		{"momentum", optim.SGD(0.02).Momentum(0.9), optim.SGD(5e-4).Momentum(0.9)},
		{"Nesterov", optim.SGD(0.02).Momentum(0.9).Nesterov(), optim.SGD(5e-4).Momentum(0.9).Nesterov()},
		{"AdaGrad", optim.AdaGrad(1), optim.AdaGrad(0.5)},
		{"RMSProp", optim.RMSProp(0.1).WithSchedule(falling), optim.RMSProp(0.01).WithSchedule(falling)},
		{"RMSProp centered", optim.RMSProp(0.1).Centered().Momentum(0.5).WithSchedule(falling),
			optim.RMSProp(0.002).Centered().Momentum(0.5).WithSchedule(falling)},
		{"Adam", optim.Adam(0.1).WithSchedule(falling), optim.Adam(0.02)},
		{"AdamW", optim.AdamW(0.1).WeightDecay(0).WithSchedule(falling), optim.AdamW(0.02).WeightDecay(0)},
		{"SparseAdam", optim.SparseAdam(0.1).WithSchedule(falling), optim.SparseAdam(0.02)},
		{"FTRL", optim.FTRL(1), optim.FTRL(0.5)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if w, f := descend(t, c.bowl, parabola, []float64{0, 0}, 1000); !(f < 1e-5) {
				t.Errorf("parabola: %g at %v", f, w)
			}
			if w, f := descend(t, c.valley, rosenbrock, []float64{-1.2, 1}, 10000); !(f < 1e-2) {
				t.Errorf("Rosenbrock: %g at %v", f, w)
			}
		})
	}
}

// descend returns the last point and its value.
func descend(t *testing.T, o optim.Optimizer, f func(w, g []float64) float64, w []float64, updates int64) ([]float64, float64) {
	m := newMachine(t, o, w)
	m.total = updates
	g := make([]float64, len(w))
	for range updates {
		f(w, g)
		w = m.step(g)
	}
	return w, f(w, g)
}

// build runs Build on a model of one matrix and one bias.
func build(o optim.Optimizer) (*graph.Graph, error) {
	var b graph.Builder
	p := []*graph.Node{b.Param("0.weight", graph.Init{}, 2, 3), b.Param("0.bias", graph.Init{}, 3)}
	g := []*graph.Node{b.StateVar("gw", graph.Init{}, 2, 3), b.StateVar("gb", graph.Init{}, 3)}
	if _, err := o.Build(&b, p, g, b.Const64(1), b.Const64(1)); err != nil {
		return nil, err
	}
	return b.Build()
}

func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		name, want string
		o          optim.Optimizer
	}{
		{"no rate", "learning rate 0, want", optim.Optimizer{}},
		{"negative rate", "learning rate -1, want", optim.SGD(-1)},
		{"infinite rate", "learning rate +Inf, want", optim.SGD(math.Inf(1))},
		{"NaN rate", "learning rate NaN, want", optim.Adam(math.NaN())},
		{"momentum", "momentum 1, want", optim.SGD(1).Momentum(1)},
		{"Nesterov alone", "Nesterov needs momentum", optim.SGD(1).Nesterov()},
		{"Nesterov damped", "Nesterov with momentum 0.9 and dampening 0.1", optim.SGD(1).Momentum(0.9).Dampening(0.1).Nesterov()},
		{"dampening", "dampening 2, want 0 to 1", optim.SGD(1).Momentum(0.9).Dampening(2)},
		{"betas of SGD", "Betas needs Adam", optim.SGD(1).Betas(0.9, 0.99)},
		{"alpha of SGD", "Alpha needs RMSProp", optim.SGD(1).Alpha(0.9)},
		{"eps of SGD", "Eps needs Adam", optim.SGD(1).Eps(1)},
		{"beta", "beta2 1, want", optim.Adam(1).Betas(0.9, 1)},
		{"eps", "eps -1, want", optim.RMSProp(1).Eps(-1)},
		{"alpha", "alpha 1, want", optim.RMSProp(1).Alpha(1)},
		{"rate decay", "want a finite number of 0 or more", optim.AdaGrad(1).LRDecay(-1)},
		{"decay", "AddDecay -1, want", optim.SGD(1).WeightDecay(-1)},
		{"decoupled decay", "DecoupledDecay NaN, want", optim.AdamW(1).WeightDecay(math.NaN())},
		{"clip", "ClipNorm -1, want", optim.SGD(1).WithClipNorm(-1)},
		{"clip value", "ClipValue NaN, want", optim.SGD(1).WithClipValue(math.NaN())},
		{"pattern", "group pattern", optim.SGD(1).WithGroups(optim.Group{Match: []string{"["}})},
		{"factor", "factor -1 of the learning rate", optim.SGD(1).WithGroups(optim.Group{LRFactor: -1})},
		{"nil link", "transform 0 of the chain is nil", optim.Optimizer{LR: 1, Chain: []optim.Transform{nil}}},
		{"inner link", "eps -1, want", optim.Optimizer{LR: 1, Chain: []optim.Transform{optim.Chain(optim.DefaultRMS(), optim.ScaleByAdam{Eps: -1})}}},
	} {
		_, err := build(c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "optim: ") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if err := (optim.Optimizer{ClipNorm: -1, ClipValue: -1}).Validate(); strings.Count(err.Error(), "optim:") != 3 {
		t.Errorf("Validate: %v, want all three faults", err)
	}
}

func TestBuildNeedsGradients(t *testing.T) {
	var b graph.Builder
	p := b.Param("w", graph.Init{}, 2)
	if _, err := optim.SGD(1).Build(&b, []*graph.Node{p}, nil, b.Const64(1), b.Const64(1)); err == nil {
		t.Error("no error without gradients")
	}
	if _, err := optim.SGD(1).Build(&b, nil, nil, b.Const64(1), b.Const64(1)); err == nil || !strings.Contains(err.Error(), "at least one") {
		t.Errorf("error %v without parameters", err)
	}
}

// TestState: the variables of each optimizer, by name; what has no momentum
// keeps none.
func TestState(t *testing.T) {
	for _, c := range []struct {
		name string
		o    optim.Optimizer
		want string
	}{
		{"SGD", optim.SGD(1), ""},
		{"no momentum", optim.SGD(1).Momentum(0), ""},
		{"momentum", optim.SGD(1).Momentum(0.9), "momentum"},
		{"AdaGrad", optim.AdaGrad(1), "sum"},
		{"RMSProp", optim.RMSProp(1), "v"},
		{"centered", optim.RMSProp(1).Centered().Momentum(0.9), "v mean momentum"},
		{"AdamW", optim.AdamW(1), "m v"},
	} {
		g, err := build(c.o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range g.Vars {
			if name, ok := strings.CutPrefix(v.Attr.Name, "optim/0.weight/"); ok {
				got = append(got, name)
				if v.Attr.Kind != graph.State || !slices.Equal(v.Shape.Dims, []int{2, 3}) {
					t.Errorf("%s: %s is %v of kind %d", c.name, name, v.Shape, v.Attr.Kind)
				}
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: state %v, want %q", c.name, got, c.want)
		}
	}
}

// TestOperations counts the element-wise operations between the gradient and the new
// weights: the fused kernels are made for these, so a change is deliberate.
func TestOperations(t *testing.T) {
	const mean = "mul " // of the gradient and the scale
	for _, c := range []struct {
		name string
		o    optim.Optimizer
		want string
	}{
		{"SGD", optim.SGD(1), mean + "fma"},
		{"momentum", optim.SGD(1).Momentum(0.9), mean + "fma fma"},
		{"Nesterov", optim.SGD(1).Momentum(0.9).Nesterov().WeightDecay(0.1), mean + "fma fma fma fma"},
		{"Adam", optim.Adam(1), mean + "mul fma mul mul fma sqrt fma div fma"},
		{"AdamW", optim.AdamW(1), mean + "mul fma mul mul fma sqrt fma div mul fma"},
		{"RMSProp", optim.RMSProp(1), mean + "mul mul fma sqrt add div fma"},
		{"AdaGrad", optim.AdaGrad(1), mean + "fma sqrt add div fma"},
	} {
		g, err := build(c.o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range g.Nodes {
			if n.Op.Class == graph.Elementwise && slices.Equal(n.Shape.Dims, []int{2, 3}) {
				got = append(got, n.Op.Name)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: operations %v, want %s", c.name, got, c.want)
		}
	}
}

// oneStep returns the weights 1 of build's model after an update with
// gradients of 1, by name.
func oneStep(t *testing.T, o optim.Optimizer) map[string]float64 {
	var b graph.Builder
	names := []string{"0.weight", "0.bias", "norm.weight"}
	dims := [][]int{{1, 1}, {1}, {1}}
	var p, g []*graph.Node
	for i, name := range names {
		p = append(p, b.Param(name, graph.Init{}, dims[i]...))
		g = append(g, b.StateVar("g/"+name, graph.Init{}, dims[i]...))
	}
	up, err := o.Build(&b, p, g, b.Const64(1), b.Const64(1))
	if err != nil {
		t.Fatal(err)
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := oracle.New()
	vars, _ := e.NewVars(specs(built))
	for _, v := range built.Vars {
		if v.Attr.Kind != graph.State || strings.HasPrefix(v.Attr.Name, "g/") {
			vars.(*oracle.Vars).WriteF64(v.Attr.Name, []float64{1})
		}
	}
	prog, err := e.Compile(built, vars, engine.Options{Rows: 1})
	if err != nil {
		t.Fatal(err)
	}
	scalars := make([]float64, len(built.Scalars))
	up.Scalars(built, scalars, optim.Progress{})
	prog.Begin(0, scalars)
	if !prog.Finish() {
		t.Fatal("a check is not finite")
	}
	prog.Commit()
	after := map[string]float64{}
	for _, name := range names {
		after[name] = vars.(*oracle.Vars).ReadF64(name)[0]
	}
	return after
}

// TestGroups: w ← w·(1 - ηf·λ) - ηf·1, with a factor f and a decay by group.
func TestGroups(t *testing.T) {
	step := func(factor, lambda float64) float64 { return 1 - 0.1*factor*lambda - 0.1*factor }
	decayed := optim.Optimizer{LR: 0.1, Chain: []optim.Transform{optim.DecoupledDecay(0.5)}}
	for _, c := range []struct {
		name                 string
		o                    optim.Optimizer
		weight, bias, scales float64
	}{
		{"all decay", decayed, step(1, 0.5), step(1, 0.5), step(1, 0.5)},
		{"rank", decayed.WithGroups(optim.NoDecay()), step(1, 0.5), step(1, 0), step(1, 0)},
		{"L2 by rank", optim.SGD(0.1).WeightDecay(0.5).WithGroups(optim.NoDecay()), step(1, 0.5), step(1, 0), step(1, 0)},
		{"pattern", decayed.WithGroups(optim.Group{Match: []string{"*.bias"}, NoDecay: true}), step(1, 0.5), step(1, 0), step(1, 0.5)},
		{"factors", decayed.WithGroups(optim.Group{Match: []string{"0.*"}, LRFactor: 2}, optim.Group{Match: []string{"*.bias"}, LRFactor: 3}),
			step(2, 0.5), step(6, 0.5), step(1, 0.5)},
	} {
		got := oneStep(t, c.o)
		for name, want := range map[string]float64{"0.weight": c.weight, "0.bias": c.bias, "norm.weight": c.scales} {
			if math.Abs(got[name]-want) > 1e-15 {
				t.Errorf("%s: %s = %v, want %v", c.name, name, got[name], want)
			}
		}
	}
}

// TestAdamFirstStep: the first update moves by η·g/(|g| + ε) and, with ε = 0,
// whatever the size of the gradient.
func TestAdamFirstStep(t *testing.T) {
	for _, scale := range []float64{1e-6, 1, 1e6} {
		w := newMachine(t, optim.Adam(0.01).Eps(0), []float64{0, 0}).step([]float64{3 * scale, -7 * scale})
		if math.Abs(w[0]+0.01) > 1e-14 || math.Abs(w[1]-0.01) > 1e-14 {
			t.Errorf("scale %g: step %v, want ∓0.01", scale, w)
		}
	}
}

// TestScaleStepInside: a scalar that a link leaves for the learning rate is
// applied before the next link, which may remember what it gets.
func TestScaleStepInside(t *testing.T) {
	inside := optim.Optimizer{LR: 0.1, Chain: []optim.Transform{optim.DefaultAdam(), optim.Trace{Mu: 0.5}}}
	nested := optim.Optimizer{LR: 0.1, Chain: []optim.Transform{optim.Chain(optim.Chain(optim.DefaultAdam()), optim.Trace{Mu: 0.5})}}
	a, b, adam := newMachine(t, inside, []float64{0}), newMachine(t, nested, []float64{0}), newMachine(t, optim.Adam(0.1), []float64{0})
	trace, w, before := 0.0, 0.0, 0.0
	for i := range 5 {
		g := []float64{math.Cos(float64(i))}
		now := adam.step(g)[0]
		trace = 0.5*trace + (now - before)
		w, before = w+trace, now
		if x, y := a.step(g)[0], b.step(g)[0]; math.Abs(x-w) > 1e-14 || x != y {
			t.Fatalf("update %d: %v and %v, want %v", i, x, y, w)
		}
	}
}

// TestReject: an update without weight, with a broken loss or with a broken
// gradient is refused.
func TestReject(t *testing.T) {
	for _, c := range []struct {
		name   string
		x, w   float64
		passes bool
	}{
		{"sound", 1, 1, true},
		{"weight 0", 1, 0, false},
		{"infinite", math.Inf(1), 1, false},
		{"NaN", math.NaN(), 1, false},
	} {
		var b graph.Builder
		x := nn.NewContext(&b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{1}}, nn.Input{Name: "y", DType: tensor.F32},
			nn.Input{Name: "weight", DType: tensor.F32})
		num, den, weighted := nn.Objective(x, nn.MSE(), x.Model(nn.Dense(1)), x.Inputs["y"], x.Inputs["weight"])
		up, err := optim.SGD(0.1).Build(&b, x.Params(), b.Gradient(weighted, x.Params()), num, den)
		if err != nil {
			t.Fatal(err)
		}
		g, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		e := oracle.New()
		vars, _ := e.NewVars(specs(g))
		p, err := e.Compile(g, vars, engine.Options{Rows: 1})
		if err != nil {
			t.Fatal(err)
		}
		scalars := make([]float64, len(g.Scalars))
		up.Scalars(g, scalars, optim.Progress{})
		p.Begin(0, scalars)
		p.Micro([]*tensor.Tensor{tensor.Of([]float64{c.x}), tensor.Of([]float64{1}), tensor.Of([]float64{c.w})}, 0, 1)
		if got := p.Finish(); got != c.passes {
			t.Errorf("%s: accepted %v, want %v", c.name, got, c.passes)
		}
	}
}

func TestScalarsDoNotAllocate(t *testing.T) {
	m := newMachine(t, optim.AdamW(0.1).WithSchedule(optim.WarmUp(0.1, optim.OneCycle())).WithCoupling(optim.AdamSDE().WithDecay(), 32), []float64{1, 2})
	dst := make([]float64, len(m.g.Scalars))
	at := optim.Progress{Update: 7, Fraction: 0.3, Step: 0.01, Scale: 4}
	if n := testing.AllocsPerRun(100, func() {
		m.up.Scalars(m.g, dst, at)
		at.Coupled = m.up.Next(at)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestGradNorm: the output is the norm of the mean gradient before clipping.
func TestGradNorm(t *testing.T) {
	m := newMachine(t, optim.SGD(1).WithClipNorm(1), []float64{0, 0})
	m.step([]float64{3, 4})
	if got := m.prog.Output("grad_norm").F64()[0]; got != 5 {
		t.Errorf("grad_norm %v, want 5", got)
	}
}
