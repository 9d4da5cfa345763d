package nn

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/descent-ml/descent/graph"
)

// BlockConfig describes a block of a transformer.
type BlockConfig struct {
	Heads, KVHeads int     // of attention; KVHeads 0 is Heads
	Hidden         int     // channels inside the MLP; 0 is 4·C, for "swiglu" 8/3·C rounded up to a multiple of 64
	Layers         int     // blocks of the model, by which the first values of residual projections are scaled; 0 is 1
	Causal         bool    // a decoder's block, else an encoder's
	PostNorm       bool    // normalize behind each sum, as Vaswani et al. 2017 and BERT, instead of before each part
	Bias           bool    // of linear layers and layer norms
	Dropout        float64 // of probabilities and of what is added
	Norm           string  // "layer" or "rms"
	Eps            float64 // of norms; 0 is 1e-5, for "rms" 1e-6
	MLP            string  // "gelu", "gelu_tanh" or "swiglu"
	Rotary         float64 // base of rotary positions; 0 is none
}

// Names of what configurations choose among.
var (
	normKinds     = []string{"layer", "rms"}
	mlpKinds      = []string{"gelu", "gelu_tanh", "swiglu"}
	positionKinds = []string{"learned", "sinusoidal", "rotary"}
	poolKinds     = []string{"mean", "first", "max"}
)

type block struct{ BlockConfig }

// Block is attention and an MLP, each added to what it is given, (T, C) to
// (T, C): x + attn(ln_1(x)), then x + mlp(ln_2(x)). With PostNorm it is
// ln_1(x + attn(x)), then ln_2(x + mlp(x)). Parameters are named as in GPT-2:
// "ln_1.weight", "attn.c_attn.weight" (see Attention), "ln_2.weight",
// "mlp.c_fc.weight" (C, hidden), "mlp.c_proj.weight" (hidden, C); and, of
// "swiglu", silu(x·gate)·(x·fc) (Shazeer, arXiv:2002.05202, equation 6),
// "mlp.c_gate.weight". Matrices start from N(0, 0.02²), residual projections
// (c_proj) from N(0, 0.02²/(2·Layers)), biases at 0 (Radford et al. 2019,
// section 2.3, as in nanoGPT).
func Block(c BlockConfig) Layer { return block{c} }

func (b block) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Block", x) {
		return c.failed()
	}
	if reason := b.fault(); reason != "" {
		return c.Failf("nn.Block", []*graph.Node{x}, "%s", reason)
	}
	x = b.add(c, "ln_1", "attn", b.attention(), x)
	return b.add(c, "ln_2", "mlp", mlp{b.MLP, b.hidden(x.Shape.Last()), b.Bias, b.projection()}, x)
}

// add returns x + part(x), normalized before the part or behind the sum.
func (b block) add(c *Context, norm, name string, part Layer, x *graph.Node) *graph.Node {
	h := x
	if !b.PostNorm {
		h = c.Apply(norm, b.norm(), h)
	}
	h = Dropout(b.Dropout).Build(c, c.Apply(name, part, h))
	if h = c.Add(x, h); b.PostNorm {
		h = c.Apply(norm, b.norm(), h)
	}
	return h
}

func (b BlockConfig) attention() Layer {
	a := Attention(b.Heads).KVHeads(b.KVHeads).Dropout(b.Dropout).Rotary(b.Rotary).Init(smallNormal, b.projection())
	if b.Causal {
		a = a.Causal()
	}
	if !b.Bias {
		a = a.NoBias()
	}
	return a
}

// norm returns one of the block's norms.
func (b BlockConfig) norm() Layer {
	n := LayerNorm()
	if b.Norm == "rms" {
		n = RMSNorm()
	}
	if b.Eps != 0 {
		n = n.Eps(b.Eps)
	}
	if !b.Bias {
		n = n.NoBias()
	}
	return n
}

// hidden returns the channels inside the MLP of a model of so many.
func (b BlockConfig) hidden(dim int) int {
	switch {
	case b.Hidden > 0:
		return b.Hidden
	case b.MLP == "swiglu":
		return (8*dim/3 + 63) / 64 * 64
	}
	return 4 * dim
}

// initialDeviation is that of the first values of matrices in GPT-2.
const initialDeviation = 0.02

func smallNormal(int, int) graph.Init { return normal(initialDeviation) }

// projection is how matrices start whose result is added to a residual stream.
func (b BlockConfig) projection() Initializer {
	return Normal(0, initialDeviation/math.Sqrt(2*float64(max(b.Layers, 1))))
}

// fault says what is wrong with a configuration, "" if nothing is.
func (b BlockConfig) fault() string {
	switch {
	case b.Heads < 1:
		return fmt.Sprintf("%d heads, want at least 1", b.Heads)
	case b.KVHeads < 0 || b.KVHeads > 0 && b.Heads%b.KVHeads != 0:
		return fmt.Sprintf("%d heads of keys and values, want a divisor of the %d heads, or 0 for as many", b.KVHeads, b.Heads)
	case b.Hidden < 0 || b.Layers < 0:
		return fmt.Sprintf("%d hidden channels and %d layers, want 0 or more", b.Hidden, b.Layers)
	case !(b.Dropout >= 0 && b.Dropout < 1):
		return fmt.Sprintf("dropout %v, want 0 or more and less than 1", b.Dropout)
	case !(b.Eps >= 0) || math.IsInf(b.Eps, 0):
		return fmt.Sprintf("eps %v, want a finite number above 0, or 0 for the default", b.Eps)
	}
	return cmp.Or(unknown("norm", b.Norm, normKinds), unknown("mlp", b.MLP, mlpKinds))
}

// unknown says that a word is none of those wanted, "" if it is.
func unknown(what, got string, want []string) string {
	if slices.Contains(want, got) {
		return ""
	}
	return fmt.Sprintf("%s %q, want %s", what, got, strings.Join(want, " or "))
}

// String returns, for example, "Block(8 heads, causal)".
func (b block) String() string {
	return strings.Replace(describe(b.attention()), "Attention", "Block", 1)
}

// mlp is the part of a block that works on each position by itself.
type mlp struct {
	kind   string
	hidden int
	bias   bool
	out    Initializer
}

func (m mlp) Build(c *Context, x *graph.Node) *graph.Node {
	wide := conv1D(m.hidden, m.bias, smallNormal)
	h := c.Apply("c_fc", wide, x)
	switch m.kind {
	case "gelu":
		h = c.Gelu(h)
	case "gelu_tanh":
		h = c.GeluTanh(h)
	case "swiglu":
		h = c.Mul(c.Silu(c.Apply("c_gate", wide, x)), h)
	}
	return c.Apply("c_proj", conv1D(x.Shape.Last(), m.bias, m.out), h)
}

// String returns, for example, "MLP(512, gelu)".
func (m mlp) String() string { return fmt.Sprintf("MLP(%d, %s)", m.hidden, m.kind) }
