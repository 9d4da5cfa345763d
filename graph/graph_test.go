package graph

import (
	"errors"
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// mlp builds a two-layer net, its loss and its gradients.
func mlp(b *Builder, params *[]*Node) (loss *Node) {
	x, label := b.Input("x", tensor.F32, 4), b.Input("y", tensor.I32)
	w1, b1 := b.Param("0.weight", Init{}, 4, 3), b.Param("0.bias", Init{}, 3)
	w2 := b.Param("2.weight", Init{}, 3, 2)
	*params = []*Node{w1, b1, w2}
	h := b.Relu(b.Linear(x, w1, b1))
	return b.CrossEntropy(b.Linear(h, w2, nil), label, 0)
}

func TestGradientShapes(t *testing.T) {
	var b Builder
	var params []*Node
	loss := mlp(&b, &params)
	grads := b.Gradient(loss, params)
	for i, g := range grads {
		b.Output(params[i].Attr.Name, g)
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range grads {
		if !d.Shape.Equal(params[i].Shape) {
			t.Errorf("gradient of %s has shape %v, want %v", params[i].Attr.Name, d.Shape, params[i].Shape)
		}
		if d.Phase != 1 {
			t.Errorf("gradient of %s has phase %d, want 1", params[i].Attr.Name, d.Phase)
		}
	}
	if !strings.Contains(g.String(), "dotexamples") {
		t.Errorf("no sum over examples in\n%s", g)
	}
}

func TestGradientSkipsFrozen(t *testing.T) {
	var b Builder
	var params []*Node
	loss := mlp(&b, &params)
	before := len(b.g.Nodes)
	b.Gradient(loss, params[2:])
	for _, n := range b.g.Nodes[before:] {
		if n.Op == opReluGrad {
			t.Error("the gradient passes the frozen layer")
		}
	}
}

func TestTiedParam(t *testing.T) {
	var b Builder
	if x, y := b.Param("w", Init{}, 2, 2), b.Param("w", Init{}, 2, 2); x != y {
		t.Error("the same name gave two parameters")
	}
	b.Param("w", Init{}, 3)
	if b.Err() == nil {
		t.Error("the same name with another shape was accepted")
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name, want string
		build      func(b *Builder)
	}{
		{"inner", "linear(f32[B 784], f32[512 10]): inner lengths differ: 784 and 512", func(b *Builder) {
			b.Linear(b.Input("x", tensor.F32, 784), b.Param("w", Init{}, 512, 10), nil)
		}},
		{"broadcast", "add(f32[B 3], f32[4]): axes of length", func(b *Builder) {
			b.Add(b.Input("x", tensor.F32, 3), b.Param("w", Init{}, 4))
		}},
		{"mix", "mixes examples", func(b *Builder) {
			x := b.Input("x", tensor.F32, 3)
			b.Sub(x, b.SumExamples(x, 1))
		}},
		{"reshape", "6 elements do not fill", func(b *Builder) { b.Reshape(b.Input("x", tensor.F32, 2, 3), 4) }},
		{"axis", "axis 0 has length 0", func(b *Builder) { b.Param("w", Init{}, 0) }},
		{"rate", "rate 1", func(b *Builder) { b.DropoutMask("d", 1, 3) }},
		{"heads", "4 heads share 3 key heads", func(b *Builder) {
			b.Attention(b.Input("x", tensor.F32, 5, 40), nil, nil, Attention{Heads: 4, KVHeads: 3, Dim: 4})
		}},
		{"packed", "qkv is f32[B 5 31], want f32[B T 32]", func(b *Builder) {
			b.Attention(b.Input("x", tensor.F32, 5, 31), nil, nil, Attention{Heads: 4, KVHeads: 2, Dim: 4})
		}},
		{"lengths", "lengths are i32[B 5], want i32[B]", func(b *Builder) {
			b.Attention(b.Input("x", tensor.F32, 5, 32), b.Input("n", tensor.I32, 5), nil, Attention{Heads: 4, KVHeads: 2, Dim: 4})
		}},
		{"stream", "needs a name for its random numbers", func(b *Builder) {
			b.Attention(b.Input("x", tensor.F32, 5, 32), nil, nil, Attention{Heads: 4, KVHeads: 2, Dim: 4, Dropout: 0.1})
		}},
		{"cache", "cache is f32[B 9 8], want f32[B T 16]", func(b *Builder) {
			b.CachedAttention(b.Input("x", tensor.F32, 1, 32), b.Input("c", tensor.F32, 9, 8), b.Input("n", tensor.I32), Attention{Heads: 4, KVHeads: 2, Dim: 4})
		}},
		{"twice", "already taken", func(b *Builder) {
			b.Output("y", b.Const(1))
			b.Output("y", b.Const(2))
		}},
		{"nil", "operand", func(b *Builder) { b.Add(nil, b.Const(1)) }},
		{"assign", "the shapes differ", func(b *Builder) { b.Assign(b.Param("w", Init{}, 3), b.Const(1)) }},
		{"check", "float64 scalar", func(b *Builder) { b.Check(b.Const(1)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b Builder
			c.build(&b)
			b.Add(b.Const(1), b.Const(2)) // what follows is ignored
			_, err := b.Build()
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want a *graph.Error", err)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(e.Pos, "graph_test.go:") {
				t.Errorf("error %q, want %q and this file", err, c.want)
			}
		})
	}
}

// TestForeignNode: a node of one builder cannot enter another's graph.
func TestForeignNode(t *testing.T) {
	var a, b Builder
	b.Add(a.Const(1), b.Const(1))
	if b.Err() == nil {
		t.Error("a node of another builder was accepted")
	}
}

// TestSharedName: an input, a parameter and a scalar of one name are three
// values; two parameters of one name and different shapes are a mistake.
func TestSharedName(t *testing.T) {
	var b Builder
	x, w, s := b.Input("weight", tensor.F32), b.Param("weight", Init{}, 3), b.Scalar("weight")
	if b.Err() != nil || x == w || w == s || b.Input("weight", tensor.F32) != x || b.Scalar("weight") != s {
		t.Errorf("leaves of one name are not told apart: %v", b.Err())
	}
	if b.Param("weight", Init{}, 4); b.Err() == nil {
		t.Error("two parameters of one name were accepted")
	}
}

func TestUnbroadcast(t *testing.T) {
	for _, c := range []struct{ from, to []int }{
		{[]int{3}, []int{Batch, 3}},
		{[]int{3}, []int{Batch, 5, 3}},
		{[]int{1, 3}, []int{Batch, 5, 3}},
		{[]int{5, 1}, []int{Batch, 5, 3}},
		{[]int{Batch, 1}, []int{Batch, 3}},
		{[]int{Batch, 1, 3}, []int{Batch, 5, 3}},
		{nil, []int{Batch, 3}},
		{nil, []int{2, 3}},
	} {
		var b Builder
		var x *Node
		if len(c.from) > 0 && c.from[0] == Batch {
			x = b.Input("x", tensor.F32, c.from[1:]...)
		} else {
			x = b.Param("x", Init{}, c.from...)
		}
		y := b.BroadcastTo(x, F32(c.to...))
		g := b.Gradient(y, []*Node{x})[0]
		if err := b.Err(); err != nil {
			t.Fatalf("%v to %v: %v", c.from, c.to, err)
		}
		if !g.Shape.Equal(x.Shape) {
			t.Errorf("%v to %v: gradient %v", c.from, c.to, g.Shape)
		}
	}
}

func TestOpsAreComplete(t *testing.T) {
	for _, o := range Ops() {
		if o.Doc == "" || o.shape == nil {
			t.Errorf("%s lacks its meaning or its shape rule", o.Name)
		}
	}
}
