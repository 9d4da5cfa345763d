package numtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
)

// TestGradients checks every case of every operation, and that every operation
// which can be differentiated has a case.
func TestGradients(t *testing.T) {
	checked := map[string]bool{}
	for _, c := range Cases() {
		t.Run(c.Op+"/"+strings.ReplaceAll(c.Name, " ", ","), func(t *testing.T) {
			m := NewMaker(c.Op+c.Name, c.Rows)
			CheckGradient(t, m, c.Build)
			g, err := m.Builder.Build()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return n.Op.Name == c.Op }) {
				t.Errorf("the graph has no %s", c.Op)
			}
			checked[c.Op] = true
		})
	}
	for _, o := range graph.Ops() {
		if o.Differentiable() && !checked[o.Name] {
			t.Errorf("%s has no gradient check", o.Name)
		}
	}
}

// at is a distribution of one value.
func at(v float64) Dist { return func(*rng.Stream, int) float64 { return v } }

// TestGradientErrorIsSeen: at a jump the gradient rule of floor is wrong, and
// half the gradient of x·x is missing where one factor hides behind a floor.
func TestGradientErrorIsSeen(t *testing.T) {
	for name, build := range map[string]func(m *Maker) *graph.Node{
		"jump": func(m *Maker) *graph.Node { return m.Floor(m.Example(at(1), 3)) },
		"kink": func(m *Maker) *graph.Node { return m.Relu(m.Update(at(0), 5)) },
		"missing": func(m *Maker) *graph.Node {
			x := m.Example(at(2), 3)
			return m.Mul(x, m.Add(x, m.Mul(m.Floor(m.Mul(x, m.Const(1e9))), m.Const(1e-9))))
		},
	} {
		if gradientError(NewMaker(name, 3), build) == nil {
			t.Errorf("%s: a wrong gradient passed", name)
		}
	}
}

// TestKinks fixes the gradients where the derivative jumps.
func TestKinks(t *testing.T) {
	for _, c := range []struct {
		name  string
		value []float64 // of the operand, one row
		build func(m *Maker, x *graph.Node) *graph.Node
		want  []float64
	}{
		{"relu", []float64{0, 1}, func(m *Maker, x *graph.Node) *graph.Node { return m.Relu(x) }, []float64{0, 1}},
		{"abs", []float64{0, -1}, func(m *Maker, x *graph.Node) *graph.Node { return m.Abs(x) }, []float64{0, -1}},
		{"max, first", []float64{0, -1}, func(m *Maker, x *graph.Node) *graph.Node { return m.Max(x, m.Const(0)) }, []float64{1, 0}},
		{"max, second", []float64{0, 1}, func(m *Maker, x *graph.Node) *graph.Node { return m.Max(m.Const(0), x) }, []float64{0, 1}},
		{"min, first", []float64{0, -1}, func(m *Maker, x *graph.Node) *graph.Node { return m.Min(x, m.Const(0)) }, []float64{1, 1}},
		{"min, second", []float64{0, 1}, func(m *Maker, x *graph.Node) *graph.Node { return m.Min(m.Const(0), x) }, []float64{0, 0}},
		{"reducemax", []float64{2, 1, 2, 0}, func(m *Maker, x *graph.Node) *graph.Node { return m.ReduceMax(x, 1) }, []float64{0.5, 0, 0.5, 0}},
		{"select", []float64{0, 3}, func(m *Maker, x *graph.Node) *graph.Node { return m.Select(x, x, m.Mul(x, m.Const(5))) }, []float64{5, 1}},
	} {
		m := NewMaker(c.name, 1)
		x := m.Example(func(_ *rng.Stream, i int) float64 { return c.value[i] }, len(c.value))
		m.Output("dx", m.Gradient(c.build(m, x), []*graph.Node{x})[0])
		g, err := m.Build()
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Oracle(g)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.OutputF64("dx"); !slices.Equal(got, c.want) {
			t.Errorf("%s: gradient at %v is %v, want %v", c.name, c.value, got, c.want)
		}
	}
}

// TestCompositeGradients checks whole models.
func TestCompositeGradients(t *testing.T) {
	for name, build := range map[string]func(m *Maker) *graph.Node{
		"mlp": func(m *Maker) *graph.Node { return classifier(m, 5, 8, 3) },
		"tied": func(m *Maker) *graph.Node {
			w := m.Update(Normal, 4, 4)
			h := m.Tanh(m.Linear(m.Example(Normal, 2, 4), w, nil))
			return m.Linear(m.LinearT(h, w), w, nil)
		},
		"weight transform": func(m *Maker) *graph.Node {
			v, gain := m.Update(Normal, 3, 4), m.Update(Positive, 3, 1)
			return m.Linear(m.Example(Normal, 3), m.Mul(gain, m.RMSNormalize(v, 1e-3)), nil)
		},
		"shared": func(m *Maker) *graph.Node {
			x := m.Example(Normal, 6)
			return m.Concat(m.Mul(x, m.Slice(x, 2, 1)), m.Softmax(x), m.Pad(m.ReduceSum(m.Reshape(x, 2, 3), 1), 1, 4))
		},
	} {
		t.Run(name, func(t *testing.T) { CheckGradient(t, NewMaker(name, 4), build) })
	}
}

// classifier is a net of an embedding and inputs, with layer norm, GELU and
// dropout, under a weighted cross-entropy; it returns w·ℓ of each example.
func classifier(m *Maker, in, hidden, classes int) *graph.Node {
	dense := func(x *graph.Node, out int) *graph.Node {
		return m.Linear(x, m.Update(Normal, x.Shape.Last(), out), m.Update(Normal, out))
	}
	x := m.Concat(m.Gather(m.Update(Normal, 6, 3), m.Index(6)), m.Example(Normal, in))
	h := dense(x, hidden)
	h = m.Add(m.Mul(m.Normalize(h, 1e-5), m.Update(Normal, hidden)), m.Update(Normal, hidden))
	h = m.Mul(m.Gelu(h), m.DropoutMask("drop", 0.25, hidden))
	h = m.Add(h, m.Silu(dense(h, hidden)))
	loss := m.CrossEntropy(dense(h, classes), m.Index(classes), 0.1)
	w := m.Data("weight", Positive)
	return m.Select(m.Gt(w, m.Const(0)), m.Mul(w, loss), m.Const(0))
}
