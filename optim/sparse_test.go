package optim_test

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
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

func newTableMachine(t *testing.T, o optim.Optimizer, first array, l lookups) *tableMachine {
	t.Helper()
	var b graph.Builder
	table := b.Param("table", graph.Init{}, first.Shape...)
	index, dy := b.Input("index", tensor.I32, l.Index.Shape[2:]...), b.Input("dy", tensor.F32, l.DY.Shape[2:]...)
	loss := b.ReduceSum(b.Mul(b.Gather(table, index), dy), 2)
	sum, examples := b.SumExamples64(loss), b.Const64(float64(l.Index.Shape[1]))
	up, err := o.Build(&b, []*graph.Node{table}, b.Gradient(loss, []*graph.Node{table}), sum, examples)
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

// TestGoldenSparse: tables after updates of PyTorch's optimizers of sparse
// gradients.
func TestGoldenSparse(t *testing.T) {
	var file sparseFile
	load(t, "sparse.json", &file)
	for _, c := range file.Cases {
		if c.Rows != "all" && c.Optimizer == "sparse_adam" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			m := newTableMachine(t, c.Config.optimizer(c.Optimizer), file.Init, file.Batches[c.Rows]).run(file.Batches[c.Rows])
			closeTo(t, "table", m.vars.ReadF64("table"), c.Weight.Data, 1e-12)
			for name, want := range c.State {
				closeTo(t, name, m.vars.ReadF64("optim/table/"+name), want.Data, 1e-12)
			}
		})
	}
}

// TestRowwiseAdaGrad: one sum of mean squares for each row, which for rows of
// one number, and for what is no table, is AdaGrad.
func TestRowwiseAdaGrad(t *testing.T) {
	var file sparseFile
	load(t, "sparse.json", &file)
	l, o := file.Batches["some"], optim.AdaGrad(0.1).LRDecay(0.05).Rowwise()
	m := newTableMachine(t, o, file.Init, l).run(l)
	dim := file.Init.Shape[1]
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
	closeTo(t, "table", m.vars.ReadF64("table"), w, 1e-12)
	closeTo(t, "sum", m.vars.ReadF64("optim/table/sum"), sum, 1e-12)

	plain, rowwise := newMachine(t, optim.AdaGrad(0.1), []float64{1, -2, 0.5}), newMachine(t, optim.AdaGrad(0.1).Rowwise(), []float64{1, -2, 0.5})
	for step := 1; step <= 10; step++ {
		g := goldenGradient(step)
		closeTo(t, "vector", rowwise.step(g), plain.step(g), 0)
	}
}

// TestRowwiseOfOne: with one column row-wise AdaGrad is AdaGrad.
func TestRowwiseOfOne(t *testing.T) {
	var file sparseFile
	load(t, "sparse.json", &file)
	l := file.Batches["some"]
	l.DY = array{append(l.DY.Shape[:3:3], 1), l.DY.Data[:len(l.Index.Data)]}
	first := array{[]int{file.Init.Shape[0], 1}, file.Init.Data[:file.Init.Shape[0]]}
	plain, rowwise := newTableMachine(t, optim.AdaGrad(0.1), first, l).run(l), newTableMachine(t, optim.AdaGrad(0.1).Rowwise(), first, l).run(l)
	closeTo(t, "table", rowwise.vars.ReadF64("table"), plain.vars.ReadF64("table"), 1e-14)
	closeTo(t, "sum", rowwise.vars.ReadF64("optim/table/sum"), plain.vars.ReadF64("optim/table/sum"), 1e-14)
}
