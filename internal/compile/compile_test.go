package compile

import (
	"slices"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// plan compiles what build makes.
func plan(t *testing.T, build func(b *graph.Builder)) *Plan {
	t.Helper()
	var b graph.Builder
	build(&b)
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	var vars []Var
	for _, v := range g.Vars {
		vars = append(vars, Var{v.Attr.Name, v.Attr.Kind, v.Shape.Dims})
	}
	p, err := Compile(g, NewLayout(vars), Options{Rows: 8, Batch: 8})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// kinds lists the units by the operations they compute.
func kinds(p *Plan) []string {
	var list []string
	for _, u := range p.Units {
		s := u.Stage.String() + ":"
		for _, n := range u.Nodes {
			s += " " + n.Op.Name
		}
		list = append(list, s)
	}
	return list
}

func TestDeadNodesAreDropped(t *testing.T) {
	p := plan(t, func(b *graph.Builder) {
		x := b.Input("x", tensor.F32, 4)
		b.Exp(x)
		b.Output("y", b.Tanh(x))
	})
	if got := kinds(p); !slices.Equal(got, []string{"rows: tanh"}) {
		t.Errorf("units %q", got)
	}
}

// TestConstantsAreComputedOnce: what depends on a variable, a scalar or an
// example is not constant.
func TestConstantsAreComputedOnce(t *testing.T) {
	p := plan(t, func(b *graph.Builder) {
		table := b.Mul(b.Sinusoids(3, 4), b.Const(2))
		learned := b.Mul(table, b.Mul(b.Scalar("s"), b.Param("w", graph.Init{}, 3, 4)))
		b.Output("y", b.Add(b.Input("x", tensor.F32, 3, 4), b.Add(table, learned)))
	})
	want := []string{"once: sinusoids", "once: mul", "prologue: mul mul add", "rows: add"}
	if got := kinds(p); !slices.Equal(got, want) {
		t.Errorf("units %q, want %q", got, want)
	}
}

func TestChainIsFused(t *testing.T) {
	p := plan(t, func(b *graph.Builder) {
		x, bias := b.Input("x", tensor.F32, 4), b.Param("b", graph.Init{}, 4)
		b.Output("y", b.Mul(b.Tanh(b.Add(x, bias)), b.Const(2)))
	})
	if got := kinds(p); !slices.Equal(got, []string{"rows: add tanh mul"}) {
		t.Fatalf("units %q", got)
	}
	v := p.Units[0].Vec
	want := []Access{Full, Row, Splat}
	for i, in := range v.Inputs {
		if in.Access != want[i] {
			t.Errorf("input %d is read as %d, want %d", i, in.Access, want[i])
		}
	}
}

// TestFusionMakesNoCycle: exp and the division by its row sum are one space,
// but the sum lies between them.
func TestFusionMakesNoCycle(t *testing.T) {
	p := plan(t, func(b *graph.Builder) {
		e := b.Exp(b.Input("x", tensor.F32, 4))
		b.Output("y", b.Div(e, b.Reshape(b.ReduceSum(e, 1), 1)))
	})
	want := []string{"rows: exp", "rows: reducesum", "rows: div"}
	if got := kinds(p); !slices.Equal(got, want) {
		t.Errorf("units %q, want %q", got, want)
	}
}

func TestLossAndGradientArePaired(t *testing.T) {
	p := plan(t, func(b *graph.Builder) {
		x, y := b.Input("x", tensor.F32, 4), b.Input("y", tensor.I32)
		w := b.Param("w", graph.Init{}, 4, 3)
		loss := b.CrossEntropy(b.Linear(x, w, nil), y, 0)
		b.Output("loss", loss)
		b.Output("dw", b.Gradient(loss, []*graph.Node{w})[0])
	})
	if !slices.Contains(kinds(p), "rows: crossentropy crossentropygrad") {
		t.Errorf("units %q", kinds(p))
	}
}

// TestSecondGradientIsByItself: a loss makes one gradient with it; another has
// its own unit.
func TestSecondGradientIsByItself(t *testing.T) {
	p := plan(t, func(b *graph.Builder) {
		x, y := b.Input("x", tensor.F32, 4), b.Input("y", tensor.I32)
		loss := b.CrossEntropy(x, y, 0)
		b.Output("loss", loss)
		b.Output("one", b.Gradient(loss, []*graph.Node{x})[0])
		b.Output("two", b.Gradient(loss, []*graph.Node{x})[0])
	})
	if got := kinds(p); !slices.Contains(got, "rows: crossentropy crossentropygrad") || !slices.Contains(got, "rows: crossentropygrad") {
		t.Errorf("units %q", got)
	}
}

// TestAssignments: a value goes straight into its variable where nothing else
// reads the old one, and by a copy at the end where something does.
func TestAssignments(t *testing.T) {
	p := plan(t, func(b *graph.Builder) {
		a, c := b.Param("a", graph.Init{}, 4), b.Param("c", graph.Init{}, 4)
		b.Assign(a, b.Mul(a, b.Const(2)))
		b.Assign(c, c)
	})
	for _, u := range p.Units {
		if u.Kind == Copy && u.Nodes[0].Attr.Name == "a" {
			t.Errorf("a is copied: %q", kinds(p))
		}
	}
	p = plan(t, func(b *graph.Builder) { // a swap
		a, c := b.Param("a", graph.Init{}, 4), b.Param("c", graph.Init{}, 4)
		b.Assign(a, c)
		b.Assign(c, a)
	})
	if n := len(slices.DeleteFunc(slices.Clone(p.Units), func(u Unit) bool { return u.Kind != Copy })); n == 0 {
		t.Errorf("a swap without a copy: %q", kinds(p))
	}
}

// TestPlacesDoNotOverlap: values that live at the same time have memory of
// their own.
func TestPlacesDoNotOverlap(t *testing.T) {
	p := plan(t, func(b *graph.Builder) {
		x, y := b.Input("x", tensor.F32, 6), b.Input("y", tensor.I32)
		h := x
		var params []*graph.Node
		for _, name := range []string{"0", "1", "2"} {
			w := b.Param(name, graph.Init{}, 6, 6)
			params = append(params, w)
			h = b.Gelu(b.Linear(h, w, nil))
		}
		loss := b.CrossEntropy(h, y, 0)
		b.Output("loss", loss)
		for i, g := range b.Gradient(loss, params) {
			b.Assign(params[i], b.Sub(params[i], g))
		}
	})
	born, dies := map[*graph.Node]int{}, map[*graph.Node]int{}
	for i := range p.Units {
		u := &p.Units[i]
		for _, n := range p.state.stored(u) {
			born[n] = i
		}
		for _, x := range p.state.inputsOf(u) {
			dies[x] = max(dies[x], i)
		}
	}
	for a, i := range born {
		for c, j := range born {
			x, y := p.Buffers[a], p.Buffers[c]
			if a == c || x.Space != InRows || y.Space != InRows || x.Offset != y.Offset {
				continue
			}
			if i < j && dies[a] > j {
				t.Errorf("%v at %d is overwritten by %v at %d, and read at %d", a.Op.Name, i, c.Op.Name, j, dies[a])
			}
		}
	}
}

func TestLayout(t *testing.T) {
	l := NewLayout([]Var{
		{"0.weight", graph.Trainable, []int{3, 5}}, {"0.bias", graph.Trainable, []int{5}}, {"2.weight", graph.Trainable, []int{5, 2}},
		{"optim/0.weight/m", graph.State, []int{3, 5}}, {"optim/0.weight/v", graph.State, []int{3, 5}},
		{"optim/0.bias/m", graph.State, []int{5}}, {"optim/0.bias/v", graph.State, []int{5}},
		{"optim/2.weight/m", graph.State, []int{5, 2}}, {"optim/2.weight/v", graph.State, []int{5, 2}},
	})
	for _, suffix := range []string{"m", "v"} { // one slab each, in the order of the parameters
		base := l.Offset["optim/0.weight/"+suffix] - l.Offset["0.weight"]
		for _, name := range []string{"2.weight", "0.bias"} {
			if got := l.Offset["optim/"+name+"/"+suffix] - l.Offset[name]; got != base {
				t.Errorf("%s of %s is %d bytes from it, want %d", suffix, name, got, base)
			}
		}
	}
	if l.Offset["2.weight"] > l.Offset["0.bias"] {
		t.Error("a vector lies between matrices")
	}
}
