package oracle

import (
	"math"
	"slices"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

var _ engine.Engine = New()

func TestEveryOpIsDefined(t *testing.T) {
	for _, o := range graph.Ops() {
		if defined := o.Class != graph.Leaf && o.Name != "part"; defined != (table[o.Name] != nil) {
			t.Errorf("%s: class %d, defined %v", o.Name, o.Class, table[o.Name] != nil)
		}
	}
	if n := len(graph.Ops()) - 5; len(table) != n {
		t.Errorf("%d definitions, want %d", len(table), n)
	}
}

// compile builds a graph and gives its program and variables.
func compile(t *testing.T, b *graph.Builder, o engine.Options) (*Program, *Vars) {
	t.Helper()
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	var specs []engine.VarSpec
	for _, v := range g.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	e := New()
	vars, err := e.NewVars(specs)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, vars, o)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*Program), vars.(*Vars)
}

// regression is y = x·w with a squared loss and plain gradient descent.
func regression(b *graph.Builder) {
	x, y, w := b.Input("x", tensor.F32, 2), b.Input("y", tensor.F32, 1), b.Param("w", graph.Init{}, 2, 1)
	d := b.Sub(b.Linear(x, w, nil), y)
	loss := b.Mul(d, d)
	g := b.Gradient(loss, []*graph.Node{w})[0]
	b.Output("pred", b.Linear(x, w, nil))
	b.Output("loss", b.SumExamples64(loss))
	b.Check(b.SumExamples64(loss))
	b.Assign(w, b.Sub(w, b.Mul(b.Scalar("lr"), g)))
}

// TestUpdate follows two updates of a regression by hand.
func TestUpdate(t *testing.T) {
	var b graph.Builder
	regression(&b)
	in := []*tensor.Tensor{tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 3, 2), tensor.Of([]float32{1, 0, -1}, 3, 1)}
	for _, split := range [][]int{{3}, {1, 2}, {1, 1, 1}} {
		p, vars := compile(t, &b, engine.Options{Rows: 3})
		w := []float64{0, 0}
		for range 2 {
			loss, g := 0.0, []float64{0, 0}
			for e := range 3 {
				x0, x1 := float64(in[0].F32()[2*e]), float64(in[0].F32()[2*e+1])
				d := x0*w[0] + x1*w[1] - float64(in[1].F32()[e])
				loss += d * d
				g[0] += 2 * d * x0
				g[1] += 2 * d * x1
			}
			p.Begin(0, []float64{0.01})
			row := 0
			for _, n := range split {
				p.Micro(in, row, n)
				row += n
			}
			if !p.Finish() {
				t.Fatal("a finite loss failed its check")
			}
			if got := vars.ReadF64("w"); !slices.Equal(got, w) {
				t.Fatalf("w = %v before Commit, want %v", got, w)
			}
			p.Commit()
			w[0], w[1] = w[0]-0.01*g[0], w[1]-0.01*g[1]
			if got := p.Output("loss").F64()[0]; math.Abs(got-loss) > 1e-15*loss {
				t.Errorf("split %v: loss %v, want %v", split, got, loss)
			}
			if got := vars.ReadF64("w"); math.Abs(got[0]-w[0])+math.Abs(got[1]-w[1]) > 1e-15 {
				t.Errorf("split %v: w = %v, want %v", split, got, w)
			}
		}
	}
}

// TestAbandoned: an update that does not commit leaves the next one as if it
// had never begun.
func TestAbandoned(t *testing.T) {
	var b graph.Builder
	regression(&b)
	good := []*tensor.Tensor{tensor.Of([]float32{1, 2}, 1, 2), tensor.Of([]float32{3}, 1, 1)}
	bad := []*tensor.Tensor{tensor.Of([]float32{1, float32(math.NaN())}, 1, 2), good[1]}
	p, vars := compile(t, &b, engine.Options{Rows: 1})
	p.Begin(0, []float64{0.1})
	p.Micro(bad, 0, 1)
	if p.Finish() {
		t.Error("a NaN loss passed its check")
	}
	p.Begin(0, []float64{0.1})
	p.Micro(bad, 0, 1)
	p.Begin(0, []float64{0.1})
	p.Micro(good, 0, 1)
	p.Finish()
	p.Commit()
	if got := vars.ReadF64("w"); math.Abs(got[0]-0.6) > 1e-15 || math.Abs(got[1]-1.2) > 1e-15 {
		t.Errorf("w = %v, want [0.6 1.2]", got)
	}
	if got := p.Output("pred").F32()[0]; got != 0 {
		t.Errorf("pred = %v, want 0: the prediction is that of the old weights", got)
	}
}

// TestSwap: all values are computed before any variable changes.
func TestSwap(t *testing.T) {
	var b graph.Builder
	v, w := b.StateVar("v", graph.Init{}, 2), b.StateVar("w", graph.Init{}, 2)
	b.Assign(v, w)
	b.Assign(w, v)
	p, vars := compile(t, &b, engine.Options{Rows: 1})
	if err := vars.WriteF64("v", []float64{1, 2}); err != nil {
		t.Fatal(err)
	}
	p.Begin(0, nil)
	p.Finish()
	p.Commit()
	if v, w := vars.ReadF64("v"), vars.ReadF64("w"); v[1] != 0 || w[1] != 2 {
		t.Errorf("v, w = %v, %v, want them exchanged", v, w)
	}
}

// TestDropoutMask reads the words as the definition says, in two micro-batches
// from a position beyond 32 bits.
func TestDropoutMask(t *testing.T) {
	const rate, rows, size, first, seed = 0.3, 5, 6, 1<<32 - 2, 42
	var b graph.Builder
	leave := b.Scope("drop")
	b.Input("x", tensor.F32)
	b.Output("mask", b.DropoutMask("m", rate, 2, 3))
	leave()
	p, _ := compile(t, &b, engine.Options{Rows: 3, Seed: seed})
	in := []*tensor.Tensor{tensor.New(tensor.F32, rows)}
	p.Begin(first, nil)
	var got []float64
	p.Micro(in, 0, 2)
	got = append(got, p.OutputF64("mask")...)
	p.Micro(in, 2, 3)
	got = append(got, p.OutputF64("mask")...)
	key := rng.Key(seed, "dropout:drop.m")
	for i, m := range got {
		pos, e := uint64(first+i/size), i%size
		w := rng.Philox([4]uint32{uint32(pos), uint32(pos >> 32), uint32(e / 4), 0}, key)[e%4]
		want := 1 / (1 - rate)
		if float64(w)/(1<<32) < rate {
			want = 0
		}
		if m != want {
			t.Errorf("row %d element %d: %v, want %v", i/size, e, m, want)
		}
	}
	if len(got) != rows*size {
		t.Errorf("%d elements, want %d", len(got), rows*size)
	}
}

func TestVarsErrors(t *testing.T) {
	e := New()
	vars, err := e.NewVars([]engine.VarSpec{{Name: "w", Shape: tensor.Shape{2}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"unknown": vars.Read("v", tensor.New(tensor.F32, 2)),
		"shape":   vars.Write("w", tensor.New(tensor.F32, 3)),
		"type":    vars.Write("w", tensor.New(tensor.F64, 2)),
		"length":  vars.(*Vars).WriteF64("w", make([]float64, 3)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := e.NewVars([]engine.VarSpec{{Name: "w"}, {Name: "w"}}); err == nil {
		t.Error("a variable declared twice was accepted")
	}
	var b graph.Builder
	b.Param("w", graph.Init{}, 3)
	g, _ := b.Build()
	if _, err := e.Compile(g, vars, engine.Options{Rows: 1}); err == nil {
		t.Error("a program of other shapes was accepted")
	}
	if _, err := e.Compile(&graph.Graph{}, vars, engine.Options{}); err == nil {
		t.Error("micro-batches of no rows were accepted")
	}
}

// TestRoundTrip: variables keep their float32 bits through the border.
func TestRoundTrip(t *testing.T) {
	vars, _ := New().NewVars([]engine.VarSpec{{Name: "w", Shape: tensor.Shape{3}}})
	src, dst := tensor.Of([]float32{0.1, -1e-40, 3e38}), tensor.New(tensor.F32, 3)
	if err := vars.Write("w", src); err != nil {
		t.Fatal(err)
	}
	if err := vars.Read("w", dst); err != nil || !slices.Equal(dst.F32(), src.F32()) {
		t.Errorf("read %v, wrote %v (%v)", dst.F32(), src.F32(), err)
	}
}

// TestF32 rounds the value of each node, and a total over examples only at its
// end: 2²⁴ + 1 + 1 is lost if rounded in between.
func TestF32(t *testing.T) {
	var b graph.Builder
	x := b.Input("x", tensor.F32)
	b.Output("third", b.Div(x, b.Const(3)))
	b.Output("sum", b.SumExamples(x, 0))
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := NewF32()
	vars, _ := e.NewVars(nil)
	p, err := e.Compile(g, vars, engine.Options{Rows: 1})
	if err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Tensor{tensor.Of([]float32{1 << 24, 1, 1})}
	p.Begin(0, nil)
	for row := range 3 {
		p.Micro(in, row, 1)
	}
	p.Finish()
	q := p.(*Program)
	if got := q.OutputF64("third")[0]; got != float64(float32(1.0/3)) {
		t.Errorf("1/3 = %v, want it rounded", got)
	}
	if got := q.OutputF64("sum")[0]; got != 1<<24+2 {
		t.Errorf("sum = %v, want %d", got, 1<<24+2)
	}
}

// TestMoves checks operations that copy, sum over axes or look up, on
// two examples x of the numbers 0 to 11 and a parameter w of 100 and 200.
func TestMoves(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(b *graph.Builder, x, w *graph.Node) *graph.Node
		want  []float64
	}{
		{"broadcast of a parameter", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.BroadcastTo(w, graph.F32(graph.Batch, 2, 2))
		}, []float64{100, 200, 100, 200, 100, 200, 100, 200}},
		{"broadcast within examples", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.BroadcastTo(b.Slice(b.Reshape(x, 2, 3), 0, 1), graph.F32(graph.Batch, 2, 2))
		}, []float64{0, 0, 3, 3, 6, 6, 9, 9}},
		{"broadcast of a row to a new axis", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.BroadcastTo(b.Slice(x, 0, 2), graph.F32(graph.Batch, 2, 2))
		}, []float64{0, 1, 0, 1, 6, 7, 6, 7}},
		{"transpose", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.Transpose(b.Reshape(x, 1, 2, 3), 2, 0, 1)
		}, []float64{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}},
		{"slice", func(b *graph.Builder, x, w *graph.Node) *graph.Node { return b.Slice(b.Reshape(x, 2, 3), 1, 2) },
			[]float64{1, 2, 4, 5, 7, 8, 10, 11}},
		{"pad", func(b *graph.Builder, x, w *graph.Node) *graph.Node { return b.Pad(b.Slice(x, 0, 1), 1, 3) },
			[]float64{0, 0, 0, 0, 6, 0}},
		{"concat", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.Concat(b.Slice(x, 4, 2), b.Slice(x, 0, 1))
		}, []float64{4, 5, 0, 10, 11, 6}},
		{"cast", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.Cast(b.Cast(b.Mul(b.Slice(x, 1, 2), b.Const(-0.6)), tensor.I32), tensor.F32)
		}, []float64{0, -1, -4, -4}},
		{"gather", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.Gather(b.Reshape(w, 2, 1), b.Cast(b.Eq(b.Slice(x, 0, 2), b.Const(7)), tensor.I32))
		}, []float64{100, 100, 100, 200}},
		{"scatter", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.ScatterExamples(b.Cast(b.Eq(b.Slice(x, 0, 2), b.Const(7)), tensor.I32), b.Reshape(b.Slice(x, 2, 2), 2, 1), 3)
		}, []float64{2 + 3 + 8, 9, 0}},
		{"sum of examples", func(b *graph.Builder, x, w *graph.Node) *graph.Node { return b.SumExamples(b.Reshape(x, 2, 3), 1) },
			[]float64{0 + 3 + 6 + 9, 1 + 4 + 7 + 10, 2 + 5 + 8 + 11}},
		{"dot of examples", func(b *graph.Builder, x, w *graph.Node) *graph.Node {
			return b.DotExamples(b.Slice(x, 0, 2), b.Slice(x, 1, 1))
		}, []float64{0*1 + 6*7, 1*1 + 7*7}},
		{"sum of axes", func(b *graph.Builder, x, w *graph.Node) *graph.Node { return b.ReduceSum(b.Reshape(x, 2, 3), 1) },
			[]float64{3, 12, 21, 30}},
		{"maximum of axes", func(b *graph.Builder, x, w *graph.Node) *graph.Node { return b.ReduceMax(b.Neg(b.Reshape(x, 2, 3)), 2) },
			[]float64{0, -6}},
	} {
		var b graph.Builder
		x, w := b.Input("x", tensor.F32, 6), b.Param("w", graph.Init{}, 2)
		b.Output("y", c.build(&b, x, w))
		p, vars := compile(t, &b, engine.Options{Rows: 2})
		if err := vars.WriteF64("w", []float64{100, 200}); err != nil {
			t.Fatal(err)
		}
		p.Begin(0, nil)
		p.Micro([]*tensor.Tensor{tensor.Of([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, 6)}, 0, 2)
		p.Finish()
		if got := p.OutputF64("y"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
