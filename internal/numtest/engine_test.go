package numtest

import (
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/tensor"
)

func ideal(Variant) (engine.Engine, error) { return oracle.NewF32(), nil }

// TestIdealEngine: correctly rounded operations pass the check.
func TestIdealEngine(t *testing.T) {
	for _, c := range Cases() {
		CheckEngine(t, ideal, []Variant{{}}, c)
	}
	for seed := range uint64(25) {
		CheckRandom(t, ideal, []Variant{{}}, seed)
	}
}

// TestRandomReach: the random graphs contain every operation, and few lose
// their meaning to NaN.
func TestRandomReach(t *testing.T) {
	const graphs = 150
	seen, lost := map[string]bool{}, 0
	for seed := range uint64(graphs) {
		c := Random(seed, Full)
		m := NewMaker(c.Op+c.Name, c.Rows)
		g, err := m.training(c.Build(m))
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.run(oracle.NewF32(), g, split{sizes: []int{c.Rows}, rows: c.Rows})
		if err != nil {
			t.Fatal(err)
		}
		if !r.finite[updates-1] {
			lost++
		}
		for _, n := range g.Nodes {
			seen[n.Op.Name] = true
		}
	}
	for _, o := range graph.Ops() {
		if !seen[o.Name] && o.Name != "part" {
			t.Errorf("no random graph has %s", o.Name)
		}
	}
	if lost > graphs/20 {
		t.Errorf("%d of %d graphs end without a finite loss", lost, graphs)
	}
}

// broken is the ideal engine with one fault.
type broken struct {
	engine.Engine
	fault fault
}

// fault changes a program that was compiled with the given options.
type fault func(p *faulty)

type faulty struct {
	engine.Program
	g      *graph.Graph
	o      engine.Options
	vars   engine.Vars
	micro  func(in []*tensor.Tensor, row, rows int)
	finish func()
	commit func()
	output func(n *graph.Node, v []float32) // an f64 result is rounded for it
	fresh  bool

	first   uint64
	scalars []float64
	results map[string]*tensor.Tensor // what output changed
}

func (b broken) Compile(g *graph.Graph, vars engine.Vars, o engine.Options) (engine.Program, error) {
	p, err := b.Engine.Compile(g, vars, o)
	f := &faulty{Program: p, g: g, o: o, vars: vars, results: map[string]*tensor.Tensor{}}
	f.commit = p.Commit
	b.fault(f)
	return f, err
}

func (f *faulty) Begin(first uint64, scalars []float64) {
	f.first, f.scalars = first, scalars
	f.Program.Begin(first, scalars)
}

func (f *faulty) Micro(in []*tensor.Tensor, row, rows int) {
	if f.micro != nil {
		f.micro(in, row, rows)
	}
	f.Program.Micro(in, row, rows)
}

func (f *faulty) Finish() bool {
	ok := f.Program.Finish()
	if f.finish != nil {
		f.finish()
	}
	return ok
}

func (f *faulty) Commit() { f.commit() }

func (f *faulty) Output(name string) *tensor.Tensor {
	t := f.Program.Output(name)
	if f.fresh {
		return t.Clone()
	}
	if f.output == nil {
		return t
	}
	r := f.results[name]
	if r == nil {
		r = t.Clone()
		f.results[name] = r
	}
	copy(r.F32(), t.F32())
	v := r.F32()
	for _, x := range t.F64() {
		v = append(v, float32(x))
	}
	f.output(f.g.Output(name), v)
	for i, x := range t.F64() {
		if r.F64()[i] = x; v[i] != float32(x) {
			r.F64()[i] = float64(v[i])
		}
	}
	return r
}

// visible reports whether the program is the one with every node an output.
func (f *faulty) visible() bool { return strings.HasPrefix(f.g.Outputs[len(f.g.Outputs)-1].Name, "%") }

func nudge(v []float32, by int) {
	for i := range v {
		for range by {
			v[i] = math.Nextafter32(v[i], 100)
		}
	}
}

// TestFaultsAreSeen plants one fault at a time in the ideal engine.
func TestFaultsAreSeen(t *testing.T) {
	model := Case{Op: "model", Rows: 7, Build: func(m *Maker) *graph.Node { return classifier(m, 5, 8, 3) }}
	CheckEngine(t, ideal, []Variant{{}}, model)
	for _, c := range []struct {
		name, want string
		fault      fault
	}{
		{"fused otherwise", "want the bits", func(p *faulty) {
			if !p.visible() {
				p.output = func(_ *graph.Node, v []float32) { nudge(v, 1) }
			}
		}},
		{"depends on the split", "rows:3", func(p *faulty) {
			if p.o.Rows == 3 {
				p.output = func(n *graph.Node, v []float32) {
					if !n.PerExample() {
						nudge(v[:1], 1)
					}
				}
			}
		}},
		{"computes again otherwise", "recompute:2", func(p *faulty) {
			if p.o.Recompute == engine.RecomputeAlways {
				p.output = func(_ *graph.Node, v []float32) { nudge(v, 1) }
			}
		}},
		{"depends on the workers", "workers:3", func(p *faulty) {
			if p.o.Own < p.o.Shards {
				p.output = func(_ *graph.Node, v []float32) { nudge(v, 1) }
			}
		}},
		{"forgets micro-batches", "sizes:[1]", func(p *faulty) {
			p.micro = func(_ []*tensor.Tensor, row, _ int) { p.Program.Begin(p.first+uint64(row), p.scalars) }
		}},
		{"forgets the stream position", "dropoutmask", func(p *faulty) {
			p.micro = func(_ []*tensor.Tensor, row, _ int) {
				if row == 0 {
					p.Program.Begin(0, p.scalars)
				}
			}
		}},
		{"writes its input", "input u changed", func(p *faulty) {
			p.micro = func(in []*tensor.Tensor, _, _ int) { nudge(in[len(in)-1].F32()[:1], 1) }
		}},
		{"gives other tensors", "another tensor", func(p *faulty) { p.fresh = true }},
		{"remembers an abandoned update", "abandoned:true", func(p *faulty) {
			finished := 0
			p.finish = func() { finished++ }
			p.commit = func() { finished = 0; p.Program.Commit() }
			p.output = func(_ *graph.Node, v []float32) {
				if finished > 1 {
					nudge(v, 1)
				}
			}
		}},
		{"commits early", "before Commit", func(p *faulty) { p.finish = p.Program.Commit }},
		{"does not commit", "variable", func(p *faulty) { p.commit = func() {} }},
		{"commits something else", "variable", func(p *faulty) { p.commit = func() { p.Program.Commit(); writeAll(p.vars) } }},
		{"panics", "panic: boom", func(p *faulty) { p.finish = func() { panic("boom") } }},
	} {
		open := func(Variant) (engine.Engine, error) { return broken{oracle.NewF32(), c.fault}, nil }
		if err := engineErrors(open, []Variant{{}}, model); err == nil || !strings.Contains(strings.SplitN(err.Error(), "\n", 2)[0], c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// writeAll changes every variable.
func writeAll(vars engine.Vars) {
	for _, s := range vars.Specs() {
		t := tensor.New(tensor.F32, s.Shape...)
		if vars.Read(s.Name, t) == nil {
			nudge(t.F32(), 1)
			_ = vars.Write(s.Name, t)
		}
	}
}

// TestInaccuracyIsSeen nudges the results of one operation at a time, by more
// than its accuracy; for sums that is more than their terms' rounding. An
// operation with integer results has none to nudge.
func TestInaccuracyIsSeen(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Cases() {
		if c.Rows > 10 || seen[c.Op] {
			continue
		}
		seen[c.Op] = true
		nudged := false
		open := func(Variant) (engine.Engine, error) {
			return broken{oracle.NewF32(), func(p *faulty) {
				p.output = func(n *graph.Node, v []float32) {
					if n.Op.Name == c.Op {
						nudged = true
						nudge(v, 64)
					}
				}
			}}, nil
		}
		if err := engineErrors(open, []Variant{{}}, c); nudged && (err == nil || !strings.Contains(err.Error(), " = "+c.Op+" of ")) {
			t.Errorf("%s: 64 units in the last place were not seen: %v", c.Op, err)
		}
	}
}
