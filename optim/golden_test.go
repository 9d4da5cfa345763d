package optim_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

func specs(g *graph.Graph) []engine.VarSpec {
	var s []engine.VarSpec
	for _, v := range g.Vars {
		s = append(s, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	return s
}

// machine runs an optimizer on one parameter w whose gradient the test gives.
type machine struct {
	t    *testing.T
	g    *graph.Graph
	up   *optim.Update
	vars *oracle.Vars
	prog engine.Program
	n    int64

	total int64 // updates of the budget, for schedules

	at optim.Progress // what a coupling is told; Coupled goes on by itself
}

func newMachine(t *testing.T, o optim.Optimizer, w0 []float64) *machine {
	t.Helper()
	var b graph.Builder
	w, g := b.Param("w", graph.Init{}, len(w0)), b.StateVar("g", graph.Init{}, len(w0))
	up, err := o.Build(&b, []*graph.Node{w}, []*graph.Node{g}, b.Const64(1), b.Const64(1))
	if err != nil {
		t.Fatal(err)
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := oracle.New()
	vars, err := e.NewVars(specs(built))
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, g: built, up: up, vars: vars.(*oracle.Vars)}
	for _, v := range built.Vars {
		if v.Attr.Init.Rule == "constant" {
			first := make([]float64, v.Shape.Size())
			for i := range first {
				first[i] = v.Attr.Init.A
			}
			m.write(v.Attr.Name, first)
		}
	}
	m.write("w", w0)
	if m.prog, err = e.Compile(built, vars, engine.Options{Rows: 1}); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) write(name string, x []float64) {
	if err := m.vars.WriteF64(name, x); err != nil {
		m.t.Fatal(err)
	}
}

// step updates with a gradient and returns w.
func (m *machine) step(g []float64) []float64 {
	m.write("g", g)
	scalars := make([]float64, len(m.g.Scalars))
	at := m.at
	at.Update = m.n
	if m.total > 0 {
		at.Fraction, at.Step = float64(m.n)/float64(m.total), 1/float64(m.total)
	}
	m.up.Scalars(m.g, scalars, at)
	m.at.Coupled = m.up.Next(at)
	m.n++
	m.prog.Begin(0, scalars)
	if !m.prog.Finish() {
		m.t.Fatal("a check is not finite")
	}
	m.prog.Commit()
	return m.vars.ReadF64("w")
}

// fourUp is a warm-up of four updates.
func fourUp(at optim.Progress) float64 { return math.Min(1, float64(at.Update+1)/4) }

// TestGoldenTable: ten updates from a given gradient, the float64 values that
// PyTorch and NumPy agree on.
func TestGoldenTable(t *testing.T) {
	chain := func(lr float64, ts ...optim.Transform) optim.Optimizer { return optim.Optimizer{LR: lr, Chain: ts} }
	for _, c := range []struct {
		name string
		o    optim.Optimizer
		want [3]float64
	}{
		{"SGD", optim.SGD(0.1), [3]float64{0.858881162878, -2.164650569404, 0.346402774867}},
		{"SGD damped", chain(0.1, optim.AddDecay(0.01), optim.Trace{Mu: 0.9, Dampening: 0.1}),
			[3]float64{0.248094419066, -2.555484313191, -0.277416194905}},
		{"Nesterov", optim.SGD(0.1).Momentum(0.9).Nesterov().WeightDecay(0.01), [3]float64{0.159411971391, -2.631773385809, -0.407573100383}},
		{"AdaGrad", chain(0.1, optim.AddDecay(0.01), optim.ScaleByAdaGrad{Eps: 1e-10, LRDecay: 0.01}),
			[3]float64{0.859286963532, -2.089874510762, 0.305745901316}},
		{"RMSProp", optim.RMSProp(0.01), [3]float64{0.861724676930, -2.102714529304, 0.305209862909}},
		{"RMSProp centered", chain(0.01, optim.AddDecay(0.01), optim.ScaleByRMS{Alpha: 0.99, Eps: 1e-8, Centered: true}, optim.Trace{Mu: 0.9}),
			[3]float64{0.151532669775, -2.455299120415, -0.647851287690}},
		{"Adam", optim.Adam(0.01), [3]float64{0.963454271050, -2.025400152501, 0.454665876188}},
		{"Adam L2", optim.Adam(0.01).WeightDecay(0.1), [3]float64{0.954579786552, -2.001701026527, 0.448001856713}},
		{"AdamW", optim.AdamW(0.01).WeightDecay(0.1), [3]float64{0.953742783174, -2.005338859371, 0.449944924667}},
		{"AdaDelta", optim.AdaDelta(1), [3]float64{0.994703514820, -2.003886544380, 0.492429800133}},
		{"AMSGrad", optim.Adam(0.01).Betas(0.9, 0.5).AMSGrad(), [3]float64{0.965550184893, -2.023911867459, 0.461966663701}},
		{"NAdam", optim.NAdam(0.01), [3]float64{0.980774170605, -2.016537611173, 0.471576791868}},
		{"RAdam", optim.RAdam(0.01), [3]float64{0.975129109730, -2.016587353730, 0.487723679325}},
		{"LAMB", chain(0.01, optim.ScaleByAdam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-6}, optim.AddDecay(0.1), optim.ScaleByTrustRatio{K: 1, All: true}),
			[3]float64{0.880320045057, -2.001588436651, 0.343607174693}},
		{"LARS", chain(1, optim.AddDecay(0.01), optim.ScaleByTrustRatio{K: 0.001, All: true}, optim.Trace{Mu: 0.9}),
			[3]float64{0.985151502386, -2.002608720898, 0.484129706141}},
		{"schedule-free AdamW", optim.ScheduleFreeAdamW(0.01).WeightDecay(0.1).WithSchedule(fourUp), [3]float64{0.995987739581, -1.995951973858, 0.480150367428}},
		{"schedule-free SGD", optim.ScheduleFreeSGD(0.1).WithSchedule(fourUp), [3]float64{1.003532715728, -2.066250780135, 0.404004915224}},
		{"Lion", optim.Lion(0.01).WeightDecay(0.1), [3]float64{0.970194301628, -1.960179640420, 0.495072240604}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, c.o, []float64{1, -2, 0.5})
			var w []float64
			for step := 1; step <= 10; step++ {
				g := make([]float64, 3)
				for i := range g {
					g[i] = math.Sin(float64(step*(i+1))) + 0.1*float64(i)
				}
				w = m.step(g)
			}
			for i := range w {
				if math.Abs(w[i]-c.want[i]) > 1e-12 {
					t.Errorf("w[%d] = %.15f, want %.12f", i, w[i], c.want[i])
				}
			}
		})
	}
}

// TestClipNorm: PyTorch's clip_grad_norm_ of (3, 4) to 1.
func TestClipNorm(t *testing.T) {
	w := newMachine(t, optim.SGD(1).WithClipNorm(1), []float64{0, 0}).step([]float64{3, 4})
	if math.Abs(w[0]+0.59999988) > 1e-8 || math.Abs(w[1]+0.79999984) > 1e-8 {
		t.Errorf("step %v, want -0.59999988 and -0.79999984", w)
	}
}

func TestClipValue(t *testing.T) {
	w := newMachine(t, optim.SGD(1).WithClipValue(0.5), []float64{0, 0}).step([]float64{3, -0.25})
	if w[0] != -0.5 || w[1] != 0.25 {
		t.Errorf("step %v, want -0.5 and 0.25", w)
	}
}

// goldenFile is internal/numtest/golden/optimizers.json; see its README.
type goldenFile struct {
	Init  map[string]array
	X     array
	Y     array
	Cases []struct {
		Name, Optimizer string
		Config          goldenConfig
		After           map[string]map[string]array
		LR              []float64
	}
}

type goldenConfig struct {
	LR          float64
	Momentum    float64
	Dampening   float64
	Nesterov    bool
	WeightDecay float64 `json:"weight_decay"`
	LRDecay     float64 `json:"lr_decay"`
	Centered    bool
	AMSGrad     bool
	Decoupled   bool `json:"decoupled_weight_decay"`
	Betas       []float64
	Eps         float64
	NoDecay     string  `json:"no_decay"`
	ClipNorm    float64 `json:"clip_norm"`
	ClipValue   float64 `json:"clip_value"`
	Schedule    map[string]scheduleConfig
}

// chain is that of an optimizer of PyTorch.
func (k *goldenConfig) chain(t *testing.T, name string) []optim.Transform {
	var decay optim.Transform = optim.AddDecay(k.WeightDecay)
	if name == "adamw" || k.Decoupled {
		decay = optim.DecoupledDecay(k.WeightDecay)
	}
	switch name {
	case "sgd":
		return []optim.Transform{decay, optim.Trace{Mu: k.Momentum, Dampening: k.Dampening, Nesterov: k.Nesterov}}
	case "adagrad":
		return []optim.Transform{decay, optim.ScaleByAdaGrad{Eps: 1e-10, LRDecay: k.LRDecay}}
	case "adadelta":
		return []optim.Transform{decay, optim.DefaultAdaDelta()}
	case "rmsprop":
		return []optim.Transform{decay, optim.ScaleByRMS{Alpha: 0.99, Eps: 1e-8, Centered: k.Centered}, optim.Trace{Mu: k.Momentum}}
	case "adam", "adamw":
		a := optim.DefaultAdam()
		if k.Betas != nil {
			a = optim.ScaleByAdam{Beta1: k.Betas[0], Beta2: k.Betas[1], Eps: k.Eps}
		}
		a.AMSGrad = k.AMSGrad
		return []optim.Transform{decay, a}
	case "nadam":
		return []optim.Transform{decay, optim.DefaultNAdam()}
	case "radam":
		return []optim.Transform{decay, optim.DefaultRAdam()}
	}
	t.Fatalf("no optimizer %q", name)
	return nil
}

type array struct {
	Shape []int
	Data  []float64
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("../internal/numtest/golden/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// TestGoldenNet: a hundred updates of a small net, against PyTorch in float64.
func TestGoldenNet(t *testing.T) {
	var file goldenFile
	load(t, "optimizers.json", &file)
	x, y := tensor.New(tensor.F32, 40, 12), tensor.New(tensor.I32, 40)
	for i, v := range file.X.Data {
		x.F32()[i] = float32(v)
	}
	for i, v := range file.Y.Data {
		y.I32()[i] = int32(v)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			k := &c.Config
			o := optim.Optimizer{LR: k.LR, ClipNorm: k.ClipNorm, ClipValue: k.ClipValue, Chain: k.chain(t, c.Optimizer)}
			if k.NoDecay != "" {
				o = o.WithGroups(optim.NoDecay())
			}
			for name, s := range k.Schedule {
				o = o.WithSchedule(s.schedule(t, name, k.LR))
				if s.Max != 0 {
					o.LR = s.Max
				}
			}
			after := trainNet(t, o, file.Init, x, y)
			for when, want := range c.After {
				for name, w := range want {
					for i, v := range fromTorch(name, w) {
						if got := after[when][name][i]; math.Abs(got-v) > 1e-9*math.Max(1, math.Abs(v)) {
							t.Fatalf("after %s updates: %s[%d] = %.15g, want %.15g", when, name, i, got, v)
						}
					}
				}
			}
		})
	}
}

// fromTorch transposes PyTorch's weights.
func fromTorch(name string, a array) []float64 {
	if len(a.Shape) < 2 {
		return a.Data
	}
	rows, cols := a.Shape[0], a.Shape[1]
	out := make([]float64, len(a.Data))
	for r := range rows {
		for c := range cols {
			out[c*rows+r] = a.Data[r*cols+c]
		}
	}
	return out
}

// trainNet returns the parameters after 1, 10 and 100 updates.
func trainNet(t *testing.T, o optim.Optimizer, init map[string]array, x, y *tensor.Tensor) map[string]map[string][]float64 {
	var b graph.Builder
	c := nn.NewContext(&b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{12}}, nn.Input{Name: "y", DType: tensor.I32})
	pred := c.Model(nn.Sequential(nn.Dense(16), nn.Tanh(), nn.Dense(5)))
	num, den, weighted := nn.Objective(c, nn.CrossEntropy(), pred, c.Inputs["y"], nil)
	up, err := o.Build(&b, c.Params(), b.Gradient(weighted, c.Params()), num, den)
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
	for name, a := range init {
		if err := vars.WriteF64(name, fromTorch(name, a)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: 8})
	if err != nil {
		t.Fatal(err)
	}
	after := map[string]map[string][]float64{}
	scalars := make([]float64, len(g.Scalars))
	const total = 100
	for i := range total {
		up.Scalars(g, scalars, optim.Progress{Update: int64(i), Fraction: float64(i) / total, Step: 1.0 / total})
		p.Begin(uint64(8*i), scalars)
		p.Micro([]*tensor.Tensor{x, y}, 8*i%40, 8)
		if !p.Finish() {
			t.Fatalf("update %d is not finite", i)
		}
		p.Commit()
		if n := i + 1; n == 1 || n == 10 || n == 100 {
			after[fmt.Sprint(n)] = map[string][]float64{}
			for name := range init {
				after[fmt.Sprint(n)][name] = vars.ReadF64(name)
			}
		}
	}
	return after
}
