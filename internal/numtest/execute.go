package numtest

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

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
	sizes           []int // of the micro-batches, over and over
	rows            int   // what a program is planned for
	shards, workers int   // 0 is 1
	recompute       engine.Recompute
	memory          int64 // bound, for RecomputeAuto
	abandoned       bool  // an update of NaN goes before each, and is not committed
}

// programs compiles the graph for each worker.
func (s split) programs(e engine.Engine, g *graph.Graph, vars engine.Vars, batch int) ([]engine.Program, error) {
	var programs []engine.Program
	for w := range max(s.workers, 1) {
		from, to := collective.Range(max(s.shards, 1), max(s.workers, 1), w)
		p, err := e.Compile(g, vars, engine.Options{Rows: s.rows, Batch: batch, Shards: s.shards, First: from, Own: to - from,
			Seed: seed, Recompute: s.recompute, Memory: s.memory})
		if err != nil {
			return nil, err
		}
		programs = append(programs, p)
	}
	return programs, nil
}

// batch gives the programs the first n examples of in, pass by pass, and calls
// each after the micro-batches of the last one.
func (s split) batch(programs []engine.Program, in []*tensor.Tensor, n int, at uint64, scalars []float64, each func(p engine.Program, rows int)) {
	for w, p := range programs {
		shard, _ := collective.Range(max(s.shards, 1), len(programs), w)
		from, _ := collective.Range(n, max(s.shards, 1), shard)
		p.Begin(at+uint64(from), scalars)
	}
	passes := programs[0].Passes()
	for pass := range passes {
		for w, p := range programs {
			from, to := collective.Range(max(s.shards, 1), len(programs), w)
			for shard := from; shard < to; shard++ {
				s.shard(p, in, n, shard, func(rows int) {
					if pass == passes-1 {
						each(p, rows)
					}
				})
			}
		}
		join(programs)
		for _, p := range programs {
			p.EndPass()
		}
	}
}

// shard runs one shard of n examples.
func (s split) shard(p engine.Program, in []*tensor.Tensor, n, shard int, each func(rows int)) {
	group := p.Plan().Group
	row, end := collective.Range(n, max(s.shards, 1), shard)
	for k := 0; row < end; k++ {
		rows := min((s.sizes[k%len(s.sizes)]+group-1)/group*group, end-row)
		p.Micro(in, row, rows)
		each(rows)
		row += rows
	}
	if s.shards > 1 {
		p.EndShard(shard)
	}
}

// join adds what several programs have summed.
func join(programs []engine.Program) {
	if len(programs) == 1 {
		return
	}
	var tree collective.Tree
	for _, p := range programs {
		for _, part := range p.Parts() {
			var own collective.Part
			own.Copy(part)
			tree.Push(own)
		}
	}
	total := tree.Total()
	for _, p := range programs {
		p.Adopt(total)
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
	programs, err := s.programs(e, g, vars, m.Rows)
	if err != nil {
		return nil, err
	}
	r := &record{}
	in := m.inputs(g, tensor.F32)
	identity := outputs(programs, g)
	for i := range updates {
		if r.vars[i], err = readVars(vars); err != nil {
			return nil, err
		}
		if s.abandoned {
			s.batch(programs, poisoned(in), min(s.rows, m.Rows), first, m.scalars(g), func(engine.Program, int) {})
			programs[0].Finish()
		}
		r.outputs[i] = map[string][]float64{}
		s.batch(programs, in, m.Rows, first+uint64(i*m.Rows), m.scalars(g), func(p engine.Program, rows int) {
			collect(r.outputs[i], p, g, true, rows)
		})
		r.finite[i] = programs[0].Finish()
		collect(r.outputs[i], programs[0], g, false, 0)
		if now, err := readVars(vars); err != nil || !sameVars(now, r.vars[i]) {
			return nil, errors.Join(err, errors.New("a variable changed before Commit"))
		}
		programs[0].Commit()
	}
	for i, n := range g.Inputs {
		if sameBits(widen(in[i]), widen(m.inputs(g, tensor.F32)[i])) != nil {
			return nil, fmt.Errorf("input %s changed", n.Attr.Name)
		}
	}
	if !slices.Equal(identity, outputs(programs, g)) {
		return nil, errors.New("an output became another tensor")
	}
	r.vars[updates], err = readVars(vars)
	return r, err
}

func outputs(programs []engine.Program, g *graph.Graph) []*tensor.Tensor {
	var ts []*tensor.Tensor
	for _, p := range programs {
		for _, o := range g.Outputs {
			ts = append(ts, p.Output(o.Name))
		}
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
		if o.Node.Shape.Touched() {
			rows = p.OutputRows(o.Name)
		}
		if o.Node.Shape.Lead() != 0 {
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
