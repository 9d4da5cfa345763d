package graph

import (
	"strings"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

func TestWatchMistakes(t *testing.T) {
	for want, build := range map[string]func(b *Builder, x, sum *Node){
		"want a sum over examples":         func(b *Builder, x, sum *Node) { b.Watch("y", b.Part(x)) },
		"the name \"y\" is already taken":  func(b *Builder, x, sum *Node) { b.Output("y", sum); b.Watch("y", sum) },
		"not linear in sums":               func(b *Builder, x, sum *Node) { FirstPiece(b, []*Node{b.Mul(sum, b.Neg(sum))}) },
		"want only watched outputs to dep": func(b *Builder, x, sum *Node) { b.Output("y", b.Neg(b.Part(sum))) },
	} {
		var b Builder
		x := b.Input("x", tensor.F32, 3)
		build(&b, x, b.SumExamples(x, 0))
		if _, err := b.Build(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// TestFirstPieceIsLinear: what is linear in sums is built again of parts, each sum
// having one; what does not come from sums, or through a barrier, is itself.
func TestFirstPieceIsLinear(t *testing.T) {
	var b Builder
	x, w := b.Input("x", tensor.F32, 3), b.Param("w", Init{}, 3)
	sum, other := b.SumExamples(x, 0), b.SumExamples(b.Mul(x, x), 0)
	shared := b.Barrier(other)
	first := FirstPiece(&b, []*Node{b.Mul(w, b.Add(sum, other)), b.Neg(sum), w, b.Mul(sum, shared)})
	for i, want := range []string{"mul(var, broadcast(add(part, part)))", "neg(part)", "var", "mul(part, barrier)"} {
		if got := formula(first[i]); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	if first[1].In[0] != b.Part(sum) {
		t.Error("a sum has two parts")
	}
}

// formula writes a node down to parts, barriers and leaves.
func formula(n *Node) string {
	if n.Op.Class == Leaf || n.Op == opPart || n.Op == opBarrier {
		return n.Op.Name
	}
	in := make([]string, len(n.In))
	for i, x := range n.In {
		in[i] = formula(x)
	}
	return n.Op.Name + "(" + strings.Join(in, ", ") + ")"
}
