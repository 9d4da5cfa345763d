package graph

import (
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// count returns how many nodes of a builder have an operation.
func count(b *Builder, op *Op) int {
	k := 0
	for _, n := range b.g.Nodes {
		if n.Op == op {
			k++
		}
	}
	return k
}

// normNet is an affine layer and batch normalization, twice.
func normNet(b *Builder) (y *Node, params []*Node) {
	y = b.Input("x", tensor.F32, 2, 4)
	for _, name := range []string{"0.", "1."} {
		w, gamma, beta := b.Param(name+"w", Init{}, 4, 4), b.Param(name+"gamma", Init{}, 4), b.Param(name+"beta", Init{}, 4)
		y, _, _, _ = b.BatchNorm(b.Linear(y, w, nil), b.RunningVar(name+"mean", Init{}, 4), gamma, beta, 1e-5)
		params = append(params, w, gamma, beta)
	}
	return y, params
}

// TestBatchNormPasses: each layer sums once forward and once backward, and each
// sum that examples wait for is one more pass.
func TestBatchNormPasses(t *testing.T) {
	var b Builder
	y, params := normNet(&b)
	if y.Phase != 2 {
		t.Errorf("the value of two layers is known in pass %d, want 2", y.Phase)
	}
	grads := b.Gradient(y, params)
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	for i, want := range []int{5, 4, 4, 4, 3, 3} { // of 0.w, 0.gamma, …: a sum over examples is known after its pass
		if grads[i].Phase != want {
			t.Errorf("the gradient of %s is known after %d passes, want %d", params[i].Attr.Name, grads[i].Phase, want)
		}
	}
	if f, g := count(&b, opMomentSums), count(&b, opGradSums); f != 2 || g != 2 {
		t.Errorf("%d sums forward and %d backward, want 2 and 2", f, g)
	}
}

// TestBatchNormOfInput: no pass is spent on the gradient of what has none.
func TestBatchNormOfInput(t *testing.T) {
	var b Builder
	gamma := b.Param("gamma", Init{}, 4)
	y, _, _, _ := b.BatchNorm(b.Input("x", tensor.F32, 4), b.RunningVar("mean", Init{}, 4), gamma, nil, 1e-5)
	b.Gradient(y, []*Node{gamma})
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	if i := slices.IndexFunc(b.g.Nodes, func(n *Node) bool { return n.PerExample() && n.Phase > 1 }); i >= 0 {
		t.Errorf("%s is computed in pass %d, want none after pass 1", b.g.Nodes[i].Op.Name, b.g.Nodes[i].Phase)
	}
}

// TestNoSecondGradient: what the gradient of batch normalization sums cannot be
// differentiated again, and says so.
func TestNoSecondGradient(t *testing.T) {
	for name, f := range map[string]func(b *Builder, x *Node) *Node{
		"gradient": func(b *Builder, x *Node) *Node {
			y, _, _, _ := b.BatchNorm(x, b.RunningVar("mean", Init{}, 4), nil, nil, 1e-5)
			return b.Gradient(b.Mul(y, y), []*Node{x})[0]
		},
		"groupnormalizegrad": func(b *Builder, x *Node) *Node {
			y, _, _, _ := b.GroupNormalize(x, 3, 1e-5)
			return b.Gradient(b.Mul(y, y), []*Node{x})[0]
		},
		"moment": func(b *Builder, x *Node) *Node {
			_, mean, _, _ := b.BatchNorm(x, b.RunningVar("mean", Init{}, 4), nil, nil, 1e-5)
			return mean
		},
	} {
		var b Builder
		x := b.Input("x", tensor.F32, 4)
		b.Gradient(f(&b, x), []*Node{x})
		if err := b.Err(); err == nil || !strings.Contains(err.Error(), "has no gradient") {
			t.Errorf("%s: error %v, want one of a missing gradient", name, err)
		}
	}
}

// TestBatchNormErrors: an example without channels, channels that differ, and
// groups of none.
func TestBatchNormErrors(t *testing.T) {
	for want, f := range map[string]func(b *Builder){
		"an axis of channels": func(b *Builder) {
			b.BatchNorm(b.Input("x", tensor.F32), b.RunningVar("mean", Init{}, 1), nil, nil, 1e-5)
		},
		"the last operand is f32[3]": func(b *Builder) {
			b.BatchNorm(b.Input("x", tensor.F32, 4), b.RunningVar("mean", Init{}, 3), nil, nil, 1e-5)
		},
		"gamma": func(b *Builder) {
			b.BatchNorm(b.Input("x", tensor.F32, 4), b.RunningVar("mean", Init{}, 4), b.Param("gamma", Init{}, 3), nil, 1e-5)
		},
		"groups of 0 examples": func(b *Builder) { b.GroupNormalize(b.Input("x", tensor.F32, 4), 0, 1e-5) },
	} {
		var b Builder
		f(&b)
		if err := b.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestSingle finds statistics of one value in the batch, or in a group of it.
func TestSingle(t *testing.T) {
	build := func(group int, inner ...int) *Graph {
		var b Builder
		x := b.Input("x", tensor.F32, inner...)
		if group > 0 {
			b.GroupNormalize(x, group, 1e-5)
		} else {
			b.BatchNorm(x, b.RunningVar("mean", Init{}, x.Shape.Last()), nil, nil, 1e-5)
		}
		g, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	for _, c := range []struct {
		g                *Graph
		examples, shards int
		single           bool
	}{
		{build(0, 3), 1, 1, true}, {build(0, 3), 2, 2, false}, {build(0, 2, 3), 1, 1, false},
		{build(4, 3), 8, 1, false}, {build(4, 3), 9, 1, true}, {build(4, 3), 3, 1, false},
		{build(4, 3), 9, 2, true}, {build(4, 3), 7, 2, false}, {build(4, 2, 3), 9, 1, false}, {build(4, 3), 5, 2, false}, {build(4, 3), 2, 2, true},
	} {
		if got := c.g.Single(c.examples, c.shards); (got != nil) != c.single {
			t.Errorf("%d examples in %d shards: %v, want %v, in\n%v", c.examples, c.shards, got, c.single, c.g)
		}
	}
}
