package graph

import (
	"fmt"

	"github.com/descent-ml/descent/tensor"
)

// Recurrent layers: an example's positions one after the other, in one node.
// Each keeps what its gradient needs beside its output. The gradient of a
// recurrent weight is one sum over examples, with the positions inside.
var opLSTM, opLSTMGrad, opGRU, opGRUGrad *Op

func init() {
	opLSTM = register(Op{Name: "lstm", Class: Contract, Arity: -1, shape: lstmShape, flops: recurrentFLOPs,
		Doc: "(g, w, [c, h][-1] or nothing for 0): [i, f, σ, o, c, h][t], (i, f, σ, o) = (sigmoid, sigmoid, tanh, sigmoid)(g[t] + h[t-1]·w), c = f·c[t-1] + i·σ, h = o·tanh(c); " +
			"each element of the sum is a chain of fused multiply-adds from g"})
	opLSTMGrad = register(Op{Name: "lstmgrad", Class: Contract, Arity: 3, flops: recurrentFLOPs,
		Doc:   "(y = lstm, w, dh): the cotangents of the sums before i, f, σ and o; that of h[t] is a chain from dh[t] over those of t+1",
		shape: func(n *Node) (Shape, error) { return lastAxis(n.In[0].Shape, 4*n.In[2].Shape.Last()) }})
	opGRU = register(Op{Name: "gru", Class: Contract, Arity: -1, shape: gruShape, flops: recurrentFLOPs,
		Doc: "(g, w, bias, h[-1] or nothing for 0): [r, z, n, q, h][t], (a, b, q) = bias + h[t-1]·w, r = sigmoid(g₀ + a), z = sigmoid(g₁ + b), n = tanh(g₂ + r·q), h = n + z·(h[t-1] - n); " +
			"each element of a, b, q is a chain of fused multiply-adds from the bias"})
	opGRUGrad = register(Op{Name: "grugrad", Class: Contract, Arity: 3, flops: recurrentFLOPs,
		Doc:   "(y = gru, w, dh): the cotangents of the sums before r, z and n, and of q; that of h[t] is a chain from dh[t] + z·dh[t+1] over those of t+1",
		shape: func(n *Node) (Shape, error) { return lastAxis(n.In[0].Shape, 4*n.In[2].Shape.Last()) }})
}

// recurrentFLOPs counts the products with the weight, which is operand 1.
func recurrentFLOPs(n *Node) int64 {
	return 2 * int64(n.Shape.Inner()[0]) * int64(n.In[1].Shape.Size())
}

// recurrent reports whether the node goes through the positions one by one.
func (n *Node) recurrent() bool {
	return n.Op == opLSTM || n.Op == opLSTMGrad || n.Op == opGRU || n.Op == opGRUGrad
}

func lstmShape(n *Node) (Shape, error) {
	s, err := recurrentShape(n, 4, 6)
	if err == nil {
		err = stateOperand(n.In[2:], 2*n.In[1].Shape.Dims[0])
	}
	return s, err
}

func gruShape(n *Node) (Shape, error) {
	s, err := recurrentShape(n, 3, 5)
	if err == nil {
		err = stateOperand(n.In[3:], n.In[1].Shape.Dims[0])
	}
	if bias := n.In[2].Shape; err == nil && !bias.Equal(F32(n.In[0].Shape.Last())) {
		err = fmt.Errorf("bias %v, want %v", bias, F32(n.In[0].Shape.Last()))
	}
	return s, err
}

// stateOperand checks an operand that may be absent: the state of an example.
func stateOperand(in []*Node, width int) error {
	for _, n := range in {
		if want := F32(Batch, width); !n.Shape.Equal(want) {
			return fmt.Errorf("a state %v, want %v", n.Shape, want)
		}
	}
	return nil
}

// recurrentShape checks g (T, gates·H) and w (H, gates·H).
func recurrentShape(n *Node, gates, kept int) (Shape, error) {
	g, w := n.In[0].Shape, n.In[1].Shape
	if !g.PerExample() || g.DType != tensor.F32 || len(g.Inner()) != 2 || g.Last()%gates != 0 {
		return g, fmt.Errorf("want per-example f32 gates (T, %d·H)", gates)
	}
	if hidden := g.Last() / gates; !w.Equal(F32(hidden, g.Last())) {
		return g, fmt.Errorf("the recurrent weight is %v, want %v", w, F32(hidden, g.Last()))
	}
	return lastAxis(g, kept*g.Last()/gates)
}

// LSTM returns the outputs h (T, H) of a long short-term memory over the
// positions of an example, from h = c = 0 (Hochreiter, Schmidhuber, Neural
// Computation 1997, with the forget gate of Gers et al., 2000; PyTorch's LSTM):
// g (T, 4H) is what the input gives the gates i, f, g and o, with all biases;
// w (H, 4H) is the recurrent weight.
func (b *Builder) LSTM(g, w *Node) *Node {
	y := b.add(opLSTM, Attr{}, g, w)
	if b.err != nil {
		return y
	}
	hidden := w.Shape.Dims[0]
	h := b.Slice(y, 5*hidden, hidden)
	return b.CustomGradient(h, []*Node{g, w}, func(b *Builder, dh *Node) []*Node {
		dz := b.add(opLSTMGrad, Attr{}, y, w, dh)
		return []*Node{dz, b.DotExamples(b.Shift(h, 1), dz)}
	})
}

// GRU returns the outputs h (T, H) of a gated recurrent unit over the positions
// of an example, from h = 0 (Cho et al., EMNLP 2014, as in PyTorch's GRU, where
// r multiplies the product with h and not h itself): g (T, 3H) is what the input
// gives the gates r, z and n; w (H, 3H) and bias (3H) belong to the recurrent
// product.
func (b *Builder) GRU(g, w, bias *Node) *Node {
	y := b.add(opGRU, Attr{}, g, w, bias)
	if b.err != nil {
		return y
	}
	hidden := w.Shape.Dims[0]
	h := b.Slice(y, 4*hidden, hidden)
	return b.CustomGradient(h, []*Node{g, w, bias}, func(b *Builder, dh *Node) []*Node {
		d := b.add(opGRUGrad, Attr{}, y, w, dh)
		dq := b.Slice(d, 3*hidden, hidden)
		product := b.Concat(b.Slice(d, 0, 2*hidden), dq)
		return []*Node{b.Slice(d, 0, 3*hidden), b.DotExamples(b.Shift(h, 1), product), b.unbroadcast(product, bias.Shape)}
	})
}

// LSTMFrom is LSTM behind earlier positions: state (2H) is what they have left,
// c and h, 0 of none. It returns both at each position, (T, 2H), the last of
// which is the next state, and has no gradient.
func (b *Builder) LSTMFrom(g, w, state *Node) *Node {
	y := b.add(opLSTM, Attr{}, g, w, state)
	if b.err != nil {
		return y
	}
	hidden := w.Shape.Dims[0]
	return b.Slice(y, 4*hidden, 2*hidden)
}

// GRUFrom is GRU behind earlier positions: state (H) is the output of the last
// of them, 0 of none. It has no gradient.
func (b *Builder) GRUFrom(g, w, bias, state *Node) *Node {
	y := b.add(opGRU, Attr{}, g, w, bias, state)
	if b.err != nil {
		return y
	}
	hidden := w.Shape.Dims[0]
	return b.Slice(y, 4*hidden, hidden)
}
