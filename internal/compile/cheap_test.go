package compile

import (
	"fmt"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// normalized builds layers of a product, batch norm and ReLU, and what trains them.
func normalized(b *graph.Builder, layers, width int) {
	h := b.Input("x", tensor.F32, width)
	var params []*graph.Node
	param := func(dims ...int) *graph.Node {
		params = append(params, b.Param(fmt.Sprint(len(params)), graph.Init{}, dims...))
		return params[len(params)-1]
	}
	for range layers {
		shift := b.BroadcastTo(b.Const(0), graph.F32(width))
		y, _, _, _ := b.BatchNorm(b.Linear(h, param(width, width), nil), shift, param(width), param(width), 1e-5)
		h = b.Relu(y)
	}
	b.Output("loss", b.SumExamples64(h))
	for i, g := range b.Gradient(b.ReduceSum(h, 1), params) {
		b.Assign(params[i], b.Sub(params[i], g))
	}
}

// TestCheapValuesAreNotKept: of a layer with batch norm the product is kept; what is
// normalized, centered or behind the ReLU is computed again, and counts as nothing.
func TestCheapValuesAreNotKept(t *testing.T) {
	p := plan(t, func(b *graph.Builder) { normalized(b, 3, 6) })
	for n, b := range p.Buffers {
		if b.Space == InKept && n.Op.Name != "linear" && n.Op.Name != "relugrad" {
			t.Errorf("%s is kept", n.Op.Name)
		}
	}
	if p.Kept == 0 || p.Again.FLOPs != 0 {
		t.Errorf("%d values kept, %d operations again, want some and none", p.Kept, p.Again.FLOPs)
	}
}

// TestKeptMemoryIsUsedAgain: no two values that are kept at the same time share memory,
// and cotangents take the place of what their pass was the last to read.
func TestKeptMemoryIsUsedAgain(t *testing.T) {
	p := plan(t, func(b *graph.Builder) { normalized(b, 6, 6) })
	var sum int64
	for a, x := range p.Buffers {
		if x.Space != InKept {
			continue
		}
		sum += alignUp(x.Bytes * int64(p.state.o.Batch))
		for c, y := range p.Buffers {
			if first := p.Pass(c); a != c && y.Space == InKept && x.Offset == y.Offset && p.Pass(a) <= first && first <= p.state.lastReader(a) {
				t.Errorf("%s of pass %d, read until %d, is overwritten by %s of pass %d", a.Op.Name, p.Pass(a), p.state.lastReader(a), c.Op.Name, first)
			}
		}
	}
	if p.KeptBytes >= sum {
		t.Errorf("%d bytes for %d of values", p.KeptBytes, sum)
	}
}
