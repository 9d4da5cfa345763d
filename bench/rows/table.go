//go:build linux

package main

import (
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

const (
	dim      = 16
	examples = 1024
	named    = 2                          // rows, by an example
	batches  = 1 << 21 / examples / named // before they come again
)

// table trains the products of pairs of its rows towards 0.
type table struct {
	rows    int
	engine  *cpu.Engine
	graph   *graph.Graph
	update  *optim.Update
	vars    engine.HostVars
	program engine.Program
	batches [][]*tensor.Tensor // named times (examples)
	scalars []float64
	updates int64
}

func newTable(r rule, rows, threads int) (*table, error) {
	b := new(graph.Builder)
	c := nn.NewContext(b, true, nn.Input{Name: "a", DType: tensor.I32}, nn.Input{Name: "b", DType: tensor.I32})
	embedding := nn.Embedding(rows, dim).Init(nn.Normal(0, 0.1))
	if r.sparse {
		embedding = embedding.Sparse()
	}
	x, y := c.Apply("table", embedding, c.Inputs["a"]), c.Apply("table", embedding, c.Inputs["b"])
	product := c.ReduceSum(c.Mul(x, y), 1)
	loss := c.Mul(product, product)
	up, err := r.optimizer.Build(b, c.Params(), b.Gradient(loss, c.Params()), b.SumExamples64(loss), b.Const64(examples))
	if err != nil {
		return nil, err
	}
	t := &table{rows: rows, update: up}
	if t.graph, err = b.Build(); err != nil {
		return nil, err
	}
	t.scalars = make([]float64, len(t.graph.Scalars))
	if t.engine, err = cpu.New(cpu.Config{Threads: threads}); err != nil {
		return nil, err
	}
	if err := t.initialize(); err != nil {
		return nil, err
	}
	t.program, err = t.engine.Compile(t.graph, t.vars, engine.Options{Rows: examples})
	t.draw()
	return t, err
}

func (t *table) initialize() error {
	var specs []engine.VarSpec
	for _, v := range t.graph.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	vars, err := t.engine.NewVars(specs)
	if err != nil {
		return err
	}
	t.vars = vars.(engine.HostVars)
	for _, v := range t.graph.Vars {
		if err := nn.Initialize(v.Attr.Init, v.Shape.Dims, 1, v.Attr.Name, t.vars.View(v.Attr.Name).F32()); err != nil {
			return fmt.Errorf("initialize %s: %w", v.Attr.Name, err)
		}
	}
	return nil
}

// draw makes batches of rows that are all different within a batch.
func (t *table) draw() {
	s := rng.NewStream(1, "rows")
	at := make([]int, t.rows) // the batch that has named a row, plus 1
	for i := range batches {
		batch := []*tensor.Tensor{tensor.New(tensor.I32, examples), tensor.New(tensor.I32, examples)}
		for k := range examples * named {
			row := int(s.Uint32()) % t.rows
			for at[row] == i+1 {
				row = int(s.Uint32()) % t.rows
			}
			at[row], batch[k%named].I32()[k/named] = i+1, int32(row)
		}
		t.batches = append(t.batches, batch)
	}
}

func (t *table) step() {
	t.update.Scalars(t.graph, t.scalars, optim.Progress{Update: t.updates})
	t.program.Begin(0, t.scalars)
	t.program.Micro(t.batches[t.updates%batches], 0, examples)
	if t.program.Finish() {
		t.program.Commit()
	}
	t.updates++
}

// group is how many updates are timed at once.
const group = 16

// measure times updates for a while, and counts what one of them changes.
func measure(r rule, rows int, s settings) (result, error) {
	defer debug.FreeOSMemory()
	t, err := newTable(r, rows, s.threads)
	if err != nil {
		return result{}, err
	}
	defer t.engine.Close()
	for range 4 * group {
		t.step()
	}
	x := result{rule: r, rows: rows, touched: examples * named, changed: t.changed(), bytes: t.bytes()}
	var times []time.Duration
	for begin := time.Now(); len(times) < 5 || time.Since(begin).Seconds() < s.seconds; {
		start := s.clock()
		for range group {
			t.step()
		}
		times = append(times, (s.clock()-start)/group)
	}
	slices.Sort(times)
	x.ms = times[len(times)/2].Seconds() * 1e3
	return x, nil
}

// changed does an update and returns how many rows of the table or its state
// differ after it.
func (t *table) changed() (n int) {
	before := t.digests()
	t.step()
	for i, d := range t.digests() {
		if d != before[i] {
			n++
		}
	}
	return n
}

// digests are those of the rows of the table and of its state (FNV-1a, by
// numbers).
func (t *table) digests() []uint64 {
	all := make([]uint64, t.rows)
	for _, v := range t.graph.Vars {
		data := t.vars.View(v.Attr.Name).F32()
		width := len(data) / t.rows
		for i := range all {
			for _, x := range data[i*width:][:width] {
				all[i] = (all[i] ^ uint64(math.Float32bits(x))) * 1099511628211
			}
		}
	}
	return all
}

// bytes is what the plan moves in an update.
func (t *table) bytes() (n int64) {
	for _, k := range t.program.Plan().Kernels {
		n += k.Bytes*examples + k.Fixed
	}
	return n
}
