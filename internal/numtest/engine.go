package numtest

import (
	"errors"
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
	var want *record
	for i, v := range variants {
		e, err := open(v)
		if err != nil {
			return err
		}
		if i == 0 {
			visible := traced(g)
			if want, err = m.run(e, visible, split{sizes: []int{m.Rows}, rows: m.Rows}); err == nil {
				err = m.compareNodes(visible, want)
			}
		}
		if err == nil {
			err = m.compareSplits(e, g, want)
		}
		e.Close()
		if err != nil {
			return fmt.Errorf("%+v: %w\n%v", v, err, g)
		}
	}
	return nil
}

// training completes a graph: y and the gradients of its weighted sum are
// outputs, and an update moves each parameter by at most the learning rate,
// along a momentum of clipped gradients: s = min(1, 1/√Σd²),
// m ← 0.9·m + s·d, w ← w - lr·m/(|m| + 1).
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
		old := m.Fixed("m "+w.Attr.Name, Normal, w.Shape.Dims...)
		v := m.FMA(m.Const(0.9), old, m.Mul(grads[i], scale))
		m.Assign(old, v)
		m.Assign(w, m.Sub(w, m.Mul(lr, m.Div(v, m.Add(m.Abs(v), m.Const(1))))))
	}
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

// updates is how many updates a check runs: the second sees the variables, the
// accumulators and the stream position that the first left.
const updates = 2

// record is what a run computed: by output, per-example ones joined over the
// micro-batches, and by variable. The values are exact in float64.
type record struct {
	outputs [updates]map[string][]float64
	vars    [updates + 1]map[string][]float64 // before each update, and at the end
	finite  [updates]bool
}

// split is a way to execute a batch.
type split struct {
	sizes     []int // of the micro-batches, over and over
	rows      int   // what the program is planned for
	abandoned bool  // an update of NaN goes before each, and is not committed
}

// eachPass runs what is done in each pass over a batch.
func eachPass(p engine.Program, pass func(last bool)) {
	for i := range p.Passes() {
		pass(i == p.Passes()-1)
		p.EndPass()
	}
}

// run executes the updates.
func (m *Maker) run(e engine.Engine, g *graph.Graph, s split) (*record, error) {
	vars, err := e.NewVars(specs(g))
	if err != nil {
		return nil, err
	}
	for _, v := range g.Vars {
		if err := vars.Write(v.Attr.Name, toTensor(m.values[v.Attr.Name].([]float64), tensor.F32, v.Shape.Dims)); err != nil {
			return nil, err
		}
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: s.rows, Batch: m.Rows, Seed: seed})
	if err != nil {
		return nil, err
	}
	r := &record{}
	in := m.inputs(g, tensor.F32)
	identity := outputs(p, g)
	for i := range updates {
		if r.vars[i], err = readVars(vars); err != nil {
			return nil, err
		}
		if s.abandoned {
			p.Begin(first, m.scalars(g))
			eachPass(p, func(bool) { p.Micro(poisoned(in), 0, min(s.rows, m.Rows)) })
			p.Finish()
		}
		r.outputs[i] = map[string][]float64{}
		p.Begin(first+uint64(i*m.Rows), m.scalars(g))
		group := p.Plan().Group
		eachPass(p, func(last bool) {
			for row, k := 0, 0; row < m.Rows; k++ {
				n := min((s.sizes[k%len(s.sizes)]+group-1)/group*group, m.Rows-row)
				p.Micro(in, row, n)
				row += n
				if last {
					collect(r.outputs[i], p, g, true, n)
				}
			}
		})
		r.finite[i] = p.Finish()
		collect(r.outputs[i], p, g, false, 0)
		if now, err := readVars(vars); err != nil || !sameVars(now, r.vars[i]) {
			return nil, errors.Join(err, errors.New("a variable changed before Commit"))
		}
		p.Commit()
	}
	for i, n := range g.Inputs {
		if sameBits(widen(in[i]), widen(m.inputs(g, tensor.F32)[i])) != nil {
			return nil, fmt.Errorf("input %s changed", n.Attr.Name)
		}
	}
	if !slices.Equal(identity, outputs(p, g)) {
		return nil, errors.New("an output became another tensor")
	}
	r.vars[updates], err = readVars(vars)
	return r, err
}

func outputs(p engine.Program, g *graph.Graph) []*tensor.Tensor {
	var ts []*tensor.Tensor
	for _, o := range g.Outputs {
		ts = append(ts, p.Output(o.Name))
	}
	return ts
}

// poisoned returns inputs of which every number is NaN.
func poisoned(in []*tensor.Tensor) []*tensor.Tensor {
	var bad []*tensor.Tensor
	for _, t := range in {
		b := t.Clone()
		for i := range b.F32() {
			b.F32()[i] = float32(math.NaN())
		}
		bad = append(bad, b)
	}
	return bad
}

func readVars(vars engine.Vars) (map[string][]float64, error) {
	values := map[string][]float64{}
	for _, s := range vars.Specs() {
		t := tensor.New(tensor.F32, s.Shape...)
		if err := vars.Read(s.Name, t); err != nil {
			return nil, err
		}
		values[s.Name] = widen(t)
	}
	return values, nil
}

// collect appends the outputs of one half to a record.
func collect(to map[string][]float64, p engine.Program, g *graph.Graph, perExample bool, rows int) {
	for _, o := range g.Outputs {
		if o.Node.PerExample() != perExample {
			continue
		}
		v := widen(p.Output(o.Name))
		if perExample {
			v = v[:rows*o.Node.Shape.Size()]
		}
		to[o.Name] = append(to[o.Name], v...)
	}
}

// widen returns a copy of the elements in float64.
func widen(t *tensor.Tensor) []float64 {
	v := make([]float64, 0, t.Size())
	for _, x := range t.F32() {
		v = append(v, float64(x))
	}
	for _, x := range t.I32() {
		v = append(v, float64(x))
	}
	return append(v, t.F64()...)
}

// compareSplits runs the graph in every split and compares bits.
func (m *Maker) compareSplits(e engine.Engine, g *graph.Graph, want *record) error {
	whole := []int{m.Rows}
	for _, s := range []split{
		{sizes: whole, rows: m.Rows},
		{sizes: []int{1}, rows: 1},
		{sizes: []int{3}, rows: 3},
		{sizes: []int{2, 5, 1}, rows: m.Rows + 6, abandoned: true},
		{sizes: whole, rows: m.Rows + 9},
		{sizes: []int{max(1, m.Rows-1)}, rows: m.Rows, abandoned: true},
	} {
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
	}
	for v, value := range want {
		if err := sameBits(now[v.Attr.Name], value); err != nil {
			return fmt.Errorf("variable %s: %w", v.Attr.Name, err)
		}
	}
	return nil
}
