package optim_test

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/optim"
)

// goldenGradient is that of update t in the golden table.
func goldenGradient(t int) []float64 {
	g := make([]float64, 3)
	for i := range g {
		g[i] = math.Sin(float64(t*(i+1))) + 0.1*float64(i)
	}
	return g
}

func closeTo(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if math.Abs(got[i]-want[i]) > tolerance {
			t.Errorf("%s[%d] = %.15f, want %.15f", what, i, got[i], want[i])
		}
	}
}

// TestScheduleFreeMean: the state for evaluation after the golden updates, which
// Update.Evals names.
func TestScheduleFreeMean(t *testing.T) {
	for _, c := range []struct {
		name string
		o    optim.Optimizer
		want []float64
	}{
		{"AdamW", optim.ScheduleFreeAdamW(0.01).WeightDecay(0.1), []float64{0.996816764129, -1.995845812142, 0.480659903151}},
		{"SGD", optim.ScheduleFreeSGD(0.1), []float64{1.007149199888, -2.059581002970, 0.406303354394}},
	} {
		m := newMachine(t, c.o.WithSchedule(fourUp), []float64{1, -2, 0.5})
		for step := 1; step <= 10; step++ {
			m.step(goldenGradient(step))
		}
		e := m.up.Evals()
		if len(e) != 1 || e[0].Param.Attr.Name != "w" || e[0].State.Attr.Name != "optim/w/x" {
			t.Fatalf("%s: stands for parameters: %v", c.name, e)
		}
		closeTo(t, c.name, m.vars.ReadF64("optim/w/x"), c.want, 1e-12)
	}
}

// TestAverages: EMA, SWA and Lookahead against their definitions, step by step.
func TestAverages(t *testing.T) {
	start := []float64{1, -2, 0.5}
	ema := newMachine(t, optim.SGD(0.1).WithEMA(0.5), start)
	swa := newMachine(t, optim.SGD(0.1).WithSWA(0.4, 2), start)
	swa.total = 10
	look := newMachine(t, optim.SGD(0.1).WithLookahead(&optim.Lookahead{Every: 3, Alpha: 0.25}), start)
	same := newMachine(t, optim.SGD(0.1).WithLookahead(&optim.Lookahead{Every: 3, Alpha: 1}), start)
	w, mean, slow, fast := clone(start), clone(start), clone(start), clone(start)
	var taken [][]float64
	for step := 1; step <= 10; step++ {
		g := goldenGradient(step)
		d := math.Min(0.5, float64(1+step)/float64(10+step))
		for i := range w {
			w[i] -= 0.1 * g[i]
			mean[i] = d*mean[i] + (1-d)*w[i]
			if fast[i] -= 0.1 * g[i]; step%3 == 0 {
				slow[i] += 0.25 * (fast[i] - slow[i])
				fast[i] = slow[i]
			}
		}
		closeTo(t, "w", ema.step(g), w, 1e-12)
		closeTo(t, "EMA", ema.vars.ReadF64("optim/w/ema"), mean, 1e-12)
		closeTo(t, "w under SWA", swa.step(g), w, 1e-12)
		if step >= 5 && step%2 == 0 {
			taken = append(taken, clone(w))
		}
		closeTo(t, "SWA", swa.vars.ReadF64("optim/w/swa"), meanOf(taken, w), 1e-12)
		closeTo(t, "Lookahead", look.step(g), fast, 1e-12)
		closeTo(t, "Lookahead with alpha 1", same.step(g), w, 1e-12)
	}
}

func clone(x []float64) []float64 { return append([]float64(nil), x...) }

// meanOf is the mean of vectors, or otherwise if there is none.
func meanOf(all [][]float64, otherwise []float64) []float64 {
	if len(all) == 0 {
		return otherwise
	}
	mean := make([]float64, len(otherwise))
	for _, x := range all {
		for i := range x {
			mean[i] += x[i] / float64(len(all))
		}
	}
	return mean
}

// layered runs an optimizer on parameters of several shapes, whose gradients
// the test gives, in float64.
type layered struct {
	up   *optim.Update
	vars *oracle.Vars
	step func(t *testing.T, n int64)
}

// newLayered builds it for parameters; those with a name that ends in "weight"
// are dense layers' and (in, out).
func newLayered(t *testing.T, o optim.Optimizer, names []string, shapes [][]int, values [][]float64) *layered {
	t.Helper()
	var b graph.Builder
	var params, grads []*graph.Node
	for i, name := range names {
		params = append(params, b.Param(name, graph.Init{Transposed: name[len(name)-6:] == "weight"}, shapes[i]...))
		grads = append(grads, b.StateVar("g/"+name, graph.Init{}, shapes[i]...))
	}
	up, err := o.Build(&b, params, grads, b.Const64(1), b.Const64(1))
	if err != nil {
		t.Fatal(err)
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := oracle.New()
	vs, err := e.NewVars(specs(g))
	if err != nil {
		t.Fatal(err)
	}
	vars := vs.(*oracle.Vars)
	for i, name := range names {
		if err := vars.WriteF64(name, values[i]); err != nil {
			t.Fatal(err)
		}
	}
	prog, err := e.Compile(g, vars, engine.Options{Rows: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &layered{up: up, vars: vars, step: func(t *testing.T, n int64) {
		t.Helper()
		scalars := make([]float64, len(g.Scalars))
		up.Scalars(g, scalars, optim.Progress{Update: n - 1})
		prog.Begin(0, scalars)
		if !prog.Finish() {
			t.Fatal("a check is not finite")
		}
		prog.Commit()
	}}
}

func (l *layered) gradient(t *testing.T, name string, g ...float64) {
	t.Helper()
	if err := l.vars.WriteF64("g/"+name, g); err != nil {
		t.Fatal(err)
	}
}

// TestAdafactor: the factored mean square at a fixed rate, against NumPy.
func TestAdafactor(t *testing.T) {
	o := optim.Optimizer{LR: 0.01, Chain: []optim.Transform{optim.ScaleByAdafactor{DecayRate: 0.8, Eps1: 1e-30, Clip: 1}}}
	l := newLayered(t, o, []string{"0.table!"}, [][]int{{2, 3}}, [][]float64{{.1, .2, .3, .4, .5, .6}})
	for n := 1; n <= 3; n++ {
		g := make([]float64, 6)
		for i := range g {
			g[i] = math.Sin(float64(n * (i + 1)))
		}
		l.gradient(t, "0.table!", g...)
		l.step(t, int64(n))
	}
	closeTo(t, "w", l.vars.ReadF64("0.table!"), []float64{0.0774409800, 0.2040371327, 0.2916043905, 0.4056867906, 0.5080371742, 0.6414324691}, 1e-10)
}

// TestAdafactorStep: the relative rate and the scale of the parameter. The
// first direction of a vector is its sign.
func TestAdafactorStep(t *testing.T) {
	l := newLayered(t, optim.Adafactor(0.6), []string{"0.vector"}, [][]int{{2}}, [][]float64{{3, -4}})
	rms := math.Sqrt(12.5)
	l.gradient(t, "0.vector", 2, -7)
	l.step(t, 1)
	want := []float64{3 - 0.6*rms, -4 + 0.6*rms}
	closeTo(t, "w", l.vars.ReadF64("0.vector"), want, 1e-12)
	rms = math.Sqrt((want[0]*want[0] + want[1]*want[1]) / 2)
	fresh := math.Pow(4, -0.8)
	l.gradient(t, "0.vector", 0, -7)
	l.step(t, 4) // at most 1/√4; v is (4, 49) before
	scale := rms * 0.5 / math.Max(1, 1/math.Sqrt2)
	closeTo(t, "w", l.vars.ReadF64("0.vector"), []float64{want[0], want[1] + scale*7/math.Sqrt((1-fresh)*49+fresh*49)}, 1e-12)
}

// TestMuon: the singular values of the direction are those of the scalar
// iteration, the vectors stay, and what is no hidden matrix goes to AdamW.
func TestMuon(t *testing.T) {
	names := []string{"0.weight", "0.bias!!", "1.weight"}
	zero := [][]float64{make([]float64, 6), make([]float64, 3), make([]float64, 6)}
	l := newLayered(t, optim.Muon(0.02, 0.001), names, [][]int{{2, 3}, {3}, {3, 2}}, zero)
	// u has the singular values 0.8 and 0.6 times its norm, along the axes
	// turned by an angle.
	sin, cos := math.Sincos(0.3)
	matrix := func(a, b float64) []float64 { return []float64{a * cos, b * sin, 0, -a * sin, b * cos, 0} }
	l.gradient(t, names[0], matrix(8, 6)...)
	l.gradient(t, names[1], 1, -2, 3)
	l.gradient(t, names[2], 1, -1, 1, -1, 1, -1)
	l.step(t, 1)
	want := matrix(iterate(0.8), iterate(0.6))
	for i := range want {
		want[i] *= -0.02 * math.Sqrt(1.5)
	}
	closeTo(t, "hidden", l.vars.ReadF64(names[0]), want, 1e-6)
	closeTo(t, "bias", l.vars.ReadF64(names[1]), []float64{-0.001, 0.001, -0.001}, 1e-9)
	closeTo(t, "head", l.vars.ReadF64(names[2]), []float64{-0.001, 0.001, -0.001, 0.001, -0.001, 0.001}, 1e-9)
}

// iterate is Muon's iteration for one singular value.
func iterate(s float64) float64 {
	for range 5 {
		s = 3.4445*s - 4.7750*s*s*s + 2.0315*s*s*s*s*s
	}
	return s
}

// TestMuonIteration: the published values of the scalar iteration.
func TestMuonIteration(t *testing.T) {
	for s, want := range map[float64]float64{.001: .470544, .01: .698917, .05: .758120, .1: .712120, .3: 1.079592, .5: .765439, .7: 1.120323, 1: .696436} {
		if got := iterate(s); math.Abs(got-want) > 1e-6 {
			t.Errorf("from %v: %.6f, want %.6f", s, got, want)
		}
	}
}

// TestTrustRatio: the step of LAMB has the length η‖w‖ for matrices, and is
// Adam's for vectors.
func TestTrustRatio(t *testing.T) {
	l := newLayered(t, optim.LAMB(0.1).WeightDecay(0), []string{"0.weight", "0.bias!!"}, [][]int{{1, 2}, {2}}, [][]float64{{3, 4}, {1, 1}})
	l.gradient(t, "0.weight", 5, -1)
	l.gradient(t, "0.bias!!", 5, -1)
	l.step(t, 1)
	w := l.vars.ReadF64("0.weight")
	if step := math.Hypot(w[0]-3, w[1]-4); math.Abs(step-0.5) > 1e-12 {
		t.Errorf("the weight moves by %v, want 0.5", step)
	}
	closeTo(t, "bias", l.vars.ReadF64("0.bias!!"), []float64{0.9, 1.1}, 1e-6)
}

// TestClipAdaptive: the columns of a dense layer, the rows of a table and a
// whole vector are limited; the last dense layer is not.
func TestClipAdaptive(t *testing.T) {
	names := []string{"0.weight", "0.bias!!", "1.table!", "2.weight", "2.bias!!"}
	shapes := [][]int{{2, 2}, {2}, {2, 2}, {2, 1}, {1}}
	l := newLayered(t, optim.SGD(1).WithClipAdaptive(0.1), names, shapes, [][]float64{{3, 0, 4, 0}, {0, 0}, {3, 4, 0, 0}, {0, 0}, {0}})
	l.gradient(t, names[0], 30, 30, 40, 40) // columns of norm 50 by weights of norm 5 and 0
	l.gradient(t, names[1], 3, -4)
	l.gradient(t, names[2], 0.3, 0, 6, 8) // the first row is within its limit
	l.gradient(t, names[3], 7, 8)
	l.gradient(t, names[4], 9)
	l.step(t, 1)
	closeTo(t, "weight", l.vars.ReadF64(names[0]), []float64{2.7, -0.6e-4, 3.6, -0.8e-4}, 1e-12)
	closeTo(t, "bias", l.vars.ReadF64(names[1]), []float64{-0.6e-4, 0.8e-4}, 1e-12)
	closeTo(t, "table", l.vars.ReadF64(names[2]), []float64{2.7, 4, -0.6e-4, -0.8e-4}, 1e-12)
	closeTo(t, "head's weight", l.vars.ReadF64(names[3]), []float64{-7, -8}, 0)
	closeTo(t, "head's bias", l.vars.ReadF64(names[4]), []float64{-9}, 0)
}
