package optim_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// sparseFile is internal/numtest/golden/sparse.json; see its README.
type sparseFile struct {
	Init    array
	Batches map[string]lookups
	Cases   []struct {
		Name, Optimizer, Rows string
		Config                goldenConfig
		Weight                array
		State                 map[string]array
	}
}

// lookups are, for each update, rows of a table that its examples name (updates,
// examples, operands) and what multiplies them.
type lookups struct{ Index, DY array }

func (l lookups) updates() int { return l.Index.Shape[0] }

// batch is what the examples of an update name, and what multiplies it.
func (l lookups) batch(update int) []*tensor.Tensor {
	s := l.DY.Shape
	index, dy := tensor.New(tensor.I32, s[1], s[2]), tensor.New(tensor.F32, s[1:]...)
	for i := range index.I32() {
		index.I32()[i] = int32(l.Index.Data[update*len(index.I32())+i])
	}
	for i := range dy.F32() {
		dy.F32()[i] = float32(l.DY.Data[update*len(dy.F32())+i])
	}
	return []*tensor.Tensor{index, dy}
}

// gradient returns the gradient of an update for each row that it touches.
func (l lookups) gradient(update int) map[int][]float64 {
	g, b := map[int][]float64{}, l.batch(update)
	examples, dim := b[0].Shape()[0], b[1].Shape()[2]
	for i, row := range b[0].I32() {
		if g[int(row)] == nil {
			g[int(row)] = make([]float64, dim)
		}
		for j := range dim {
			g[int(row)][j] += float64(b[1].F32()[i*dim+j]) / float64(examples)
		}
	}
	return g
}

// tableMachine trains one table whose gradient does not depend on its values:
// the loss of an example is the sum of the rows that it names times numbers.
type tableMachine struct {
	t    *testing.T
	g    *graph.Graph
	up   *optim.Update
	vars *oracle.Vars
	prog engine.Program
	n    int64
}

func newTableMachine(t *testing.T, o optim.Optimizer, first array, l lookups, sparse bool) *tableMachine {
	t.Helper()
	var b graph.Builder
	table := b.Param
	if sparse {
		table = func(name string, init graph.Init, dims ...int) *graph.Node {
			return b.SparseParam(name, init, dims[0], dims[1])
		}
	}
	rows := table("table", graph.Init{}, first.Shape...)
	index, dy := b.Input("index", tensor.I32, l.Index.Shape[2:]...), b.Input("dy", tensor.F32, l.DY.Shape[2:]...)
	loss := b.ReduceSum(b.Mul(b.Gather(rows, index), dy), 2)
	sum, examples := b.SumExamples64(loss), b.Const64(float64(l.Index.Shape[1]))
	up, err := o.Build(&b, []*graph.Node{rows}, b.Gradient(loss, []*graph.Node{rows}), sum, examples)
	if err != nil {
		t.Fatal(err)
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := oracle.New()
	vars, err := e.NewVars(specs(g))
	if err != nil {
		t.Fatal(err)
	}
	m := &tableMachine{t: t, g: g, up: up, vars: vars.(*oracle.Vars)}
	if err := m.vars.WriteF64("table", first.Data); err != nil {
		t.Fatal(err)
	}
	if m.prog, err = e.Compile(g, vars, engine.Options{Rows: l.Index.Shape[1]}); err != nil {
		t.Fatal(err)
	}
	return m
}

// step is an update of one micro-batch.
func (m *tableMachine) step(l lookups, update int) {
	scalars := make([]float64, len(m.g.Scalars))
	m.up.Scalars(m.g, scalars, optim.Progress{Update: m.n})
	m.n++
	m.prog.Begin(0, scalars)
	m.prog.Micro(l.batch(update), 0, l.Index.Shape[1])
	if !m.prog.Finish() {
		m.t.Fatal("a check is not finite")
	}
	m.prog.Commit()
}

func (m *tableMachine) run(l lookups) *tableMachine {
	for i := range l.updates() {
		m.step(l, i)
	}
	return m
}

// optimizer is that of a case of sparse.json.
func (k *goldenConfig) optimizer(name string) optim.Optimizer {
	var o optim.Optimizer
	switch name {
	case "sgd":
		return optim.SGD(k.LR)
	case "adagrad":
		return optim.AdaGrad(k.LR).LRDecay(k.LRDecay)
	case "adam":
		o = optim.Adam(k.LR)
	case "sparse_adam":
		o = optim.SparseAdam(k.LR)
	}
	if k.Betas != nil {
		o = o.Betas(k.Betas[0], k.Betas[1])
	}
	if k.Eps != 0 {
		o = o.Eps(k.Eps)
	}
	return o
}

// sparseGolden reads sparse.json.
func sparseGolden(t *testing.T) (file sparseFile) {
	load(t, "sparse.json", &file)
	return file
}

// afterwards returns the table and what is asked for of its state, all updates
// done.
func afterwards(t *testing.T, o optim.Optimizer, first array, l lookups, sparse bool, state ...string) map[string][]float64 {
	t.Helper()
	m := newTableMachine(t, o, first, l, sparse).run(l)
	after := map[string][]float64{"table": m.vars.ReadF64("table")}
	for _, name := range state {
		after[name] = m.vars.ReadF64("optim/table/" + name)
	}
	return after
}

func allClose(t *testing.T, got, want map[string][]float64, tolerance float64) {
	t.Helper()
	for name := range want {
		if len(got[name]) != len(want[name]) || len(want[name]) == 0 {
			t.Fatalf("%s has %d numbers, want %d", name, len(got[name]), len(want[name]))
		}
		closeTo(t, name, got[name], want[name], tolerance)
	}
}

// TestGoldenSparse: tables after updates of PyTorch's optimizers, of touched rows
// and of whole tables.
func TestGoldenSparse(t *testing.T) {
	file := sparseGolden(t)
	for _, c := range file.Cases {
		want, state := map[string][]float64{"table": c.Weight.Data}, []string{}
		for name, s := range c.State {
			want[name], state = s.Data, append(state, name)
		}
		for _, sparse := range []bool{true, false} {
			if c.Rows == "some" && sparse == (c.Optimizer == "adam") {
				continue // where rows are left out, these are two rules
			}
			t.Run(fmt.Sprintf("%s,sparse=%v", c.Name, sparse), func(t *testing.T) {
				got := afterwards(t, c.Config.optimizer(c.Optimizer), file.Init, file.Batches[c.Rows], sparse, state...)
				allClose(t, got, want, 1e-12)
			})
		}
	}
}

// TestGoldenSparseF32: the same on the CPU engine, within float32.
func TestGoldenSparseF32(t *testing.T) {
	file := sparseGolden(t)
	for _, c := range file.Cases {
		if c.Optimizer == "adam" && c.Rows == "some" {
			continue
		}
		e, err := cpu.New(cpu.Config{Threads: 2, Eager: true})
		if err != nil {
			t.Fatal(err)
		}
		l := file.Batches[c.Rows]
		m := newTableMachine(t, c.Config.optimizer(c.Optimizer), file.Init, l, true)
		vars, err := e.NewVars(specs(m.g))
		if err != nil {
			t.Fatal(err)
		}
		table := vars.(engine.HostVars).View("table").F32()
		for i, x := range file.Init.Data {
			table[i] = float32(x)
		}
		if m.prog, err = e.Compile(m.g, vars, engine.Options{Rows: l.Index.Shape[1]}); err != nil {
			t.Fatal(err)
		}
		m.run(l)
		got := make([]float64, len(table))
		for i, x := range table {
			got[i] = float64(x)
		}
		closeTo(t, c.Name, got, c.Weight.Data, 2e-6)
		e.Close()
	}
}

// TestLazy: in updates that touch every row, rules of touched rows are those of
// whole tables, exact or not.
func TestLazy(t *testing.T) {
	file := sparseGolden(t)
	for name, o := range map[string]optim.Optimizer{
		"Adam": optim.Adam(0.05), "Exact": optim.AdamW(0.05).WeightDecay(0.1).Exact(), "AMSGrad": optim.Adam(0.05).AMSGrad().Exact(),
		"momentum": optim.SGD(0.1).Momentum(0.9).WeightDecay(0.1), "Nesterov": optim.SGD(0.1).Momentum(0.9).Nesterov(),
		"AdaGrad": optim.AdaGrad(0.1).Rowwise(), "RMSProp": optim.RMSProp(0.01).Centered(), "AdaDelta": optim.AdaDelta(1),
		"NAdam": optim.NAdam(0.01), "RAdam": optim.RAdam(0.01), "Lion": optim.Lion(0.01).WeightDecay(0.1), "FTRL": optim.FTRL(0.1).L1(0.01).L2(0.1),
		"clipping": optim.SGD(0.1).WithClipNorm(0.5).WithClipAdaptive(0.1).WithClipValue(0.01),
		"groups":   optim.SGD(0.1).WithGroups(optim.Group{Match: []string{"table"}, LRFactor: 2, Chain: []optim.Transform{optim.DefaultAdam()}}),
	} {
		t.Run(name, func(t *testing.T) {
			l := file.Batches["all"]
			allClose(t, afterwards(t, o, file.Init, l, true), afterwards(t, o, file.Init, l, false), 1e-12)
		})
	}
}

// TestLeftOut: rows that an update does not touch, and their state, stay as they
// are; touched ones do as in a table of their own.
func TestLeftOut(t *testing.T) {
	file := sparseGolden(t)
	l := file.Batches["some"]
	dim := file.Init.Shape[1]
	for name, o := range map[string]optim.Optimizer{
		"momentum": optim.SGD(0.1).Momentum(0.9).WeightDecay(0.1), "AdamW": optim.AdamW(0.1).WeightDecay(0.1), "FTRL": optim.FTRL(0.1).L1(0.01),
		"row-wise": optim.AdaGrad(0.1).Rowwise(), "clipped": optim.SGD(0.1).WithClipNorm(0.1),
	} {
		t.Run(name, func(t *testing.T) {
			m := newTableMachine(t, o, file.Init, l, true)
			for update := range 8 {
				before := map[string][]float64{}
				for _, v := range m.g.Vars {
					before[v.Attr.Name] = m.vars.ReadF64(v.Attr.Name)
				}
				m.step(l, update)
				touched, moved := l.gradient(update), 0
				for name, old := range before {
					width := len(old) / file.Init.Shape[0]
					for i, now := range m.vars.ReadF64(name) {
						if touched[i/width] == nil && now != old[i] {
							t.Fatalf("update %d changed %s[%d], which it does not touch", update, name, i)
						} else if now != old[i] {
							moved++
						}
					}
				}
				if moved < len(touched)*dim/2 {
					t.Fatalf("update %d moved %d numbers", update, moved)
				}
			}
		})
	}
}

// TestExact: m and v of a touched row are those of dense Adam, whose gradients of
// the rows left out are 0. The row moves in the updates that touch it, and then
// by the same formula.
func TestExact(t *testing.T) {
	file := sparseGolden(t)
	l, dim := file.Batches["some"], file.Init.Shape[1]
	const beta1, beta2, eps, lr, lambda = 0.8, 0.95, 1e-3, 0.05, 0.1
	m, v, w := make([]float64, len(file.Init.Data)), make([]float64, len(file.Init.Data)), clone(file.Init.Data)
	for update := range l.updates() {
		touched, n := l.gradient(update), float64(update+1)
		for i := range w {
			g := 0.0
			if row := touched[i/dim]; row != nil {
				g = row[i%dim]
			}
			m[i] = beta1*m[i] + (1-beta1)*g
			v[i] = beta2*v[i] + (1-beta2)*g*g
			if touched[i/dim] != nil {
				w[i] -= lr*lambda*w[i] + lr*m[i]/(1-math.Pow(beta1, n))/(math.Sqrt(v[i]/(1-math.Pow(beta2, n)))+eps)
			}
		}
	}
	o := optim.AdamW(lr).WeightDecay(lambda).Betas(beta1, beta2).Eps(eps).Exact()
	got := afterwards(t, o, file.Init, l, true, "m", "v")
	allClose(t, got, map[string][]float64{"table": w, "m": m, "v": v}, 1e-12)

	// The golden moments of dense Adam, which does not look at the weights.
	for _, c := range file.Cases {
		if c.Name == "adam" {
			got := afterwards(t, c.Config.optimizer("adam").Exact(), file.Init, l, true, "m", "v")
			allClose(t, map[string][]float64{"m": got["m"], "v": got["v"]}, map[string][]float64{"m": c.State["m"].Data, "v": c.State["v"].Data}, 1e-12)
		}
	}
}

// TestExactWraps: the number of the last update is kept modulo 2²⁴.
func TestExactWraps(t *testing.T) {
	file := sparseGolden(t)
	l := file.Batches["some"]
	early, late := newTableMachine(t, optim.Adam(0.05).Exact(), file.Init, l, true), newTableMachine(t, optim.Adam(0.05).Exact(), file.Init, l, true)
	late.n = 1<<24 - 10
	early.run(l)
	late.run(l)
	for _, name := range []string{"m", "v"} {
		closeTo(t, name, late.vars.ReadF64("optim/table/"+name), early.vars.ReadF64("optim/table/"+name), 1e-12)
	}
}

// TestRowwiseAdaGrad: one sum of mean squares for each row, which for what is no
// table is AdaGrad's.
func TestRowwiseAdaGrad(t *testing.T) {
	file := sparseGolden(t)
	l, dim := file.Batches["some"], file.Init.Shape[1]
	sum, w := make([]float64, file.Init.Shape[0]), clone(file.Init.Data)
	for update := range l.updates() {
		for row, g := range l.gradient(update) {
			for _, x := range g {
				sum[row] += x * x / float64(dim)
			}
			for j, x := range g {
				w[row*dim+j] -= 0.1 / (1 + float64(update)*0.05) * x / (math.Sqrt(sum[row]) + 1e-10)
			}
		}
	}
	want := map[string][]float64{"table": w, "sum": sum}
	for _, sparse := range []bool{true, false} {
		allClose(t, afterwards(t, optim.AdaGrad(0.1).LRDecay(0.05).Rowwise(), file.Init, l, sparse, "sum"), want, 1e-12)
	}
	plain, rowwise := newMachine(t, optim.AdaGrad(0.1), []float64{1, -2, 0.5}), newMachine(t, optim.AdaGrad(0.1).Rowwise(), []float64{1, -2, 0.5})
	for step := 1; step <= 10; step++ {
		closeTo(t, "vector", rowwise.step(goldenGradient(step)), plain.step(goldenGradient(step)), 0)
	}
}

// TestRowwiseOfOne: with one column row-wise AdaGrad is AdaGrad.
func TestRowwiseOfOne(t *testing.T) {
	file := sparseGolden(t)
	l := file.Batches["some"]
	l.DY = array{append(l.DY.Shape[:3:3], 1), l.DY.Data[:len(l.Index.Data)]}
	first := array{[]int{file.Init.Shape[0], 1}, file.Init.Data[:file.Init.Shape[0]]}
	allClose(t, afterwards(t, optim.AdaGrad(0.1).Rowwise(), first, l, true, "sum"), afterwards(t, optim.AdaGrad(0.1), first, l, true, "sum"), 1e-14)
}

// TestFits: what needs the whole of a parameter names it, itself and what to use.
func TestFits(t *testing.T) {
	for want, o := range map[string]optim.Optimizer{
		"LARS and LAMB take the norm of the whole table: want adam": optim.LARS(1),
		"LAMB take":          optim.LAMB(0.1),
		"Muon orthogonal":    {LR: 0.1, Chain: []optim.Transform{optim.Chain(optim.DefaultMuon())}},
		"Adafactor keeps":    optim.Adafactor(0.1),
		"SAM moves":          optim.SGD(0.1).WithSAM(0.1),
		"EMA averages":       optim.SGD(0.1).WithEMA(0.9),
		"SWA averages":       optim.SGD(0.1).WithSWA(0.5, 1),
		"Lookahead pulls":    optim.SGD(0.1).WithLookahead(optim.DefaultLookahead()),
		"schedule-free aver": optim.ScheduleFreeAdamW(0.1),
	} {
		var b graph.Builder
		table := b.SparseParam("items.weight", graph.Init{}, 10, 4)
		loss := b.ReduceSum(b.Gather(table, b.Input("item", tensor.I32)), 1)
		params, one := []*graph.Node{table}, b.Const64(1)
		_, err := o.Build(&b, params, b.Gradient(loss, params), one, one)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"items.weight" is sparse`) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := optim.Muon(0.02, 3e-4).Build(muonBesideTable(t)); err != nil {
		t.Errorf("Muon with AdamW for the table: %v", err)
	}
}

// muonBesideTable is a model of a sparse table before two dense layers.
func muonBesideTable(t *testing.T) (b *graph.Builder, params, gradients []*graph.Node, numerator, weight *graph.Node) {
	b = new(graph.Builder)
	c := nn.NewContext(b, true, nn.Input{Name: "item", DType: tensor.I32}, nn.Input{Name: "y", DType: tensor.I32})
	h := c.Apply("items", nn.Embedding(10, 4).Sparse(), c.Inputs["item"])
	num, den, weighted := nn.Objective(c, nn.CrossEntropy(), c.Apply("net", nn.Sequential(nn.Dense(5), nn.ReLU(), nn.Dense(3)), h), c.Inputs["y"], nil)
	return b, c.Params(), b.Gradient(weighted, c.Params()), num, den
}
