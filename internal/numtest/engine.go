package numtest

import (
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/tensor"
)

// Variant is a way to set up an engine that must not change a bit.
type Variant struct {
	ISA     string
	Threads int
}

// Open starts an engine of one variant.
type Open func(v Variant) (engine.Engine, error)

// CheckEngine runs two updates of a case and demands, in this order:
//
//   - every node, made visible, is within the accuracy of its operation when
//     that is applied in float64 to the engine's own operands;
//   - the graph as it is, which the compiler may fuse, gives the same bits as
//     the graph with every node visible;
//   - so does every variant of the engine, and every split of the batch into
//     micro-batches: of 1, of 3, uneven, and whole in a program for more rows;
//     what later passes need is kept or computed again;
//   - a batch in shards is as accurate, and has the same bits on any number of
//     workers, in the first variant and the last;
//   - so does an update after one of NaN that was abandoned before Commit;
//   - only Commit changes a variable, nothing changes an input, and an output
//     stays the same tensor.
func CheckEngine(t testing.TB, open Open, variants []Variant, c Case) {
	t.Helper()
	if err := engineErrors(open, variants, c); err != nil {
		t.Errorf("%s/%s: %v", c.Op, c.Name, err)
	}
}

// CheckRandom is CheckEngine of the random graph of a seed. Of one that fails
// it reports the shortest beginning that does.
func CheckRandom(t testing.TB, open Open, variants []Variant, seed uint64) {
	t.Helper()
	if engineErrors(open, variants, Random(seed, Full)) == nil {
		return
	}
	for limit := range Full + 1 {
		if err := engineErrors(open, variants, Random(seed, limit)); err != nil {
			t.Errorf("Random(%d, %d): %v", seed, limit, err)
			return
		}
	}
}

func engineErrors(open Open, variants []Variant, c Case) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	m := NewMaker(c.Op+c.Name, c.Rows)
	g, err := m.training(c.Build(m))
	if err != nil {
		return err
	}
	var want, sharded *record // of the first variant
	whole, inShards := splits(m.Rows), shardSplits(m.Rows)
	for i, v := range variants {
		e, err := open(v)
		if err != nil {
			return err
		}
		if i == 0 {
			if want, err = m.run(e, traced(g), whole[0]); err == nil {
				err = m.compareNodes(traced(g), want)
			}
		}
		if err == nil {
			err = m.compareSplits(e, g, whole, want)
		}
		if err == nil && i == 0 {
			sharded, err = m.runShards(e, traced(g), inShards[0])
		}
		if last := len(variants) - 1; err == nil && (i == 0 || i == last) {
			err = m.compareSplits(e, g, inShards, sharded)
		}
		e.Close()
		if err != nil {
			return fmt.Errorf("%+v: %w\n%v", v, err, g)
		}
	}
	return nil
}

// runShards runs the visible graph in shards. Only without groups, which begin
// anew in each shard, do the nodes follow from operands of the whole batch.
func (m *Maker) runShards(e engine.Engine, visible *graph.Graph, s split) (*record, error) {
	r, err := m.run(e, visible, s)
	if err == nil && !slices.ContainsFunc(visible.Nodes, func(n *graph.Node) bool { return n.GroupSize() > 1 }) {
		err = m.compareNodes(visible, r)
	}
	return r, err
}

// training completes a graph: y and the gradients of its weighted sum are
// outputs, and an update moves each parameter by at most the learning rate,
// along a momentum of clipped gradients: s = min(1, 1/√Σd²),
// m ← 0.9·m + s·d, w ← w - lr·m/(|m| + 1). Of sparse parameters these are the
// touched rows, and the step is divided by √r, r ← r + mean(d²) of each row.
func (m *Maker) training(y *graph.Node) (*graph.Graph, error) {
	wy, grads := upstream(m, y)
	m.Output("y", y)
	if m.Err() == nil && wy.PerExample() {
		total := m.SumExamples64(m.Cast(wy, tensor.F32))
		m.Output("total", total)
		m.Check(total)
	}
	var params, ds []*graph.Node
	norm := m.Const64(0)
	for i, d := range grads {
		m.Output("d "+m.Leaves[i].Attr.Name, d)
		if m.Leaves[i].Op.Name == "var" {
			params, ds = append(params, m.Leaves[i]), append(ds, d)
			norm = m.Add(norm, m.SumSquares(d))
		}
	}
	if len(params) > 0 && m.Err() == nil {
		m.Check(norm)
		m.step(params, ds, m.Cast(m.Min(m.Const64(1), m.Div(m.Const64(1), m.Sqrt(norm))), tensor.F32))
	}
	return m.Build()
}

func (m *Maker) step(params, grads []*graph.Node, scale *graph.Node) {
	lr := m.Number("lr", 0.3)
	for i, w := range params {
		momentum := m.Fixed("m "+w.Attr.Name, Normal, w.Shape.Dims...)
		now, old := w, momentum
		if w.Attr.Sparse {
			now, old = m.GatherTouched(w, grads[i].Rows), m.GatherTouched(momentum, grads[i].Rows)
		}
		v := m.FMA(m.Const(0.9), old, m.Mul(grads[i], scale))
		m.Assign(momentum, v)
		u := m.Div(v, m.Add(m.Abs(v), m.Const(1)))
		if w.Attr.Sparse {
			u = m.Div(u, m.Sqrt(m.eachRow(w, grads[i])))
		}
		m.Assign(w, m.Sub(now, m.Mul(lr, u)))
	}
}

// eachRow is r of the touched rows of w, (Touched, 1).
func (m *Maker) eachRow(w, d *graph.Node) *graph.Node {
	each := m.Fixed("r "+w.Attr.Name, Positive, w.Shape.Dims[0], 1)
	r := m.Add(m.GatherTouched(each, d.Rows), m.Reshape(m.ReduceMean(m.Mul(d, d), 1), 1))
	m.Assign(each, r)
	return r
}

// traced returns the graph with every computed node an output.
func traced(g *graph.Graph) *graph.Graph {
	t := *g
	t.Outputs = slices.Clone(g.Outputs)
	for _, n := range g.Nodes {
		if n.Op.Class != graph.Leaf && n.Shape.DType != tensor.I32 {
			t.Outputs = append(t.Outputs, graph.Output{Name: nodeName(n), Node: n})
		}
	}
	return &t
}

func nodeName(n *graph.Node) string { return fmt.Sprintf("%%%d", n.ID) }

// splits are ways to execute a batch of so many rows, with one result.
func splits(rows int) []split {
	whole := []int{rows}
	return []split{
		{sizes: whole, rows: rows},
		{sizes: []int{1}, rows: 1},
		{sizes: []int{3}, rows: 3, recompute: engine.RecomputeAlways},
		{sizes: []int{2, 5, 1}, rows: rows + 6, memory: some(rows), abandoned: true},
		{sizes: whole, rows: rows + 9, recompute: engine.RecomputeNever},
		{sizes: []int{max(1, rows-1)}, rows: rows, abandoned: true},
	}
}

// shardSplits are the same for a batch in shards, some of which are empty if
// rows are few. The first is the one that others are compared with.
func shardSplits(rows int) []split {
	return []split{
		{sizes: []int{rows}, rows: rows, shards: shards},
		{sizes: []int{1}, rows: 1, shards: shards, workers: 3, recompute: engine.RecomputeAlways},
		{sizes: []int{2, 5, 1}, rows: rows + 6, memory: some(rows), shards: shards, workers: 2, abandoned: true},
	}
}

// some is a bound on memory that a part of what outlives a pass fits in.
func some(rows int) int64 { return 4096 + 512*int64(rows) }

const shards = 5

// compareSplits runs the graph in every split and compares bits.
func (m *Maker) compareSplits(e engine.Engine, g *graph.Graph, splits []split, want *record) error {
	for _, s := range splits {
		got, err := m.run(e, g, s)
		if err == nil {
			err = got.equal(want, g)
		}
		if err != nil {
			return fmt.Errorf("split %+v: %w", s, err)
		}
	}
	return nil
}

// equal compares the outputs of g and the variables, bit by bit; all NaN are
// one value, for their bits depend on the order of operands.
func (r *record) equal(want *record, g *graph.Graph) error {
	for i := range updates {
		if r.finite[i] != want.finite[i] {
			return fmt.Errorf("update %d: Finish is %v, want %v", i, r.finite[i], want.finite[i])
		}
		for _, o := range g.Outputs {
			if err := sameBits(r.outputs[i][o.Name], want.outputs[i][o.Name]); err != nil {
				return fmt.Errorf("update %d: output %q: %w", i, o.Name, err)
			}
		}
		for name, v := range want.vars[i+1] {
			if err := sameBits(r.vars[i+1][name], v); err != nil {
				return fmt.Errorf("update %d: variable %s: %w", i, name, err)
			}
		}
	}
	return nil
}

func sameVars(a, b map[string][]float64) bool {
	for name := range b {
		if sameBits(a[name], b[name]) != nil {
			return false
		}
	}
	return len(a) == len(b)
}

func sameBits(got, want []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d elements, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
			return fmt.Errorf("element %d of %d is %v, want the bits of %v", i, len(got), got[i], want[i])
		}
	}
	return nil
}

// compareNodes applies each operation in float64 to the operands that the
// engine computed, and compares.
func (m *Maker) compareNodes(g *graph.Graph, r *record) error {
	for i := range updates {
		values := m.leaves(g, r.vars[i])
		for _, n := range g.Nodes {
			if n.Op.Class == graph.Leaf {
				continue
			}
			var in []oracle.Array
			for _, x := range n.In {
				in = append(in, values[x])
			}
			ref := oracle.Apply(n, in, m.Rows, seed, first+uint64(i*m.Rows))
			if n.Shape.DType == tensor.I32 {
				values[n] = ref
				continue
			}
			got := r.outputs[i][nodeName(n)]
			if err := compareNode(n, in, ref, got); err != nil {
				return fmt.Errorf("update %d: %s = %s of %v: %w", i, nodeName(n), n.Op.Name, n.Shape, err)
			}
			values[n] = oracle.Array{Dims: ref.Dims, Data: got}
		}
		if err := compareAssigns(g, values, r.vars[i+1]); err != nil {
			return fmt.Errorf("update %d: %w", i, err)
		}
	}
	return nil
}

// leaves returns the values of the leaves as an engine has them.
func (m *Maker) leaves(g *graph.Graph, vars map[string][]float64) map[*graph.Node]oracle.Array {
	values := map[*graph.Node]oracle.Array{}
	in := m.inputs(g, tensor.F32)
	for _, n := range g.Nodes {
		a := oracle.Array{Dims: slices.Clone(n.Shape.Dims)}
		switch n.Op.Name {
		case "var":
			a.Data = vars[n.Attr.Name]
		case "input":
			a.Dims[0] = m.Rows
			a.Data = widen(in[slices.Index(g.Inputs, n)])
		case "scalar":
			a.Data = []float64{float64(float32(m.values[n.Attr.Name].([]float64)[0]))}
		case "const":
			a.Data = []float64{n.Attr.Float}
			if n.Shape.DType == tensor.F32 {
				a.Data[0] = float64(float32(n.Attr.Float))
			}
		default:
			continue
		}
		values[n] = a
	}
	return values
}

// compareAssigns: a variable has the value assigned in update i, or its old one.
func compareAssigns(g *graph.Graph, values map[*graph.Node]oracle.Array, now map[string][]float64) error {
	want := map[*graph.Node][]float64{}
	for _, v := range g.Vars {
		want[v] = values[v].Data
	}
	for _, a := range g.Assigns {
		want[a.Var] = values[a.Value].Data
		if rows := a.Value.Rows; rows != nil {
			want[a.Var] = replaced(values[a.Var].Data, values[a.Value].Data, values[rows].Data)
		}
	}
	for v, value := range want {
		if err := sameBits(now[v.Attr.Name], value); err != nil {
			return fmt.Errorf("variable %s: %w", v.Attr.Name, err)
		}
	}
	return nil
}

// replaced returns a variable with its touched rows replaced.
func replaced(old, value, rows []float64) []float64 {
	whole := slices.Clone(old)
	for i, r := range rows {
		cols := len(value) / len(rows)
		copy(whole[int(r)*cols:], value[i*cols:(i+1)*cols])
	}
	return whole
}
