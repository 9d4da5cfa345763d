package numtest

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/graph"
)

// attentionGolden is a case of attention.json.
type attentionGolden struct {
	Name   string
	Config struct {
		Heads   int
		KVHeads int `json:"kv_heads"`
		Dim     int
		Causal  bool
		Segment float64
	}
	Inputs struct {
		QKV     array
		Lengths *array
	}
	Output, Dy array
	Grads      struct{ QKV array }
}

func (c *attentionGolden) build(m *Maker) (y, qkv *graph.Node) {
	var lengths *graph.Node
	qkv = m.given(c.Inputs.QKV)
	if c.Inputs.Lengths != nil {
		lengths = m.givenIndex(*c.Inputs.Lengths)
	}
	return m.Attention(qkv, lengths, segmentOf(m, c.Config.Segment), graph.Attention{
		Heads: c.Config.Heads, KVHeads: c.Config.KVHeads, Dim: c.Config.Dim, Causal: c.Config.Causal}), qkv
}

// TestGoldenAttention compares attention and its gradient with PyTorch's
// scaled_dot_product_attention in float64: full, causal, padded, grouped, in
// segments, and with nothing to see.
func TestGoldenAttention(t *testing.T) {
	var file struct{ Cases []attentionGolden }
	readGolden(t, "attention.json", &file)
	if len(file.Cases) < 10 {
		t.Fatalf("%d cases, want more", len(file.Cases))
	}
	for _, c := range file.Cases {
		m := NewMaker(c.Name, 1)
		y, qkv := c.build(m)
		m.Output("y", y)
		m.Output("dqkv", m.Gradient(m.Mul(y, m.given(c.Dy)), []*graph.Node{qkv})[0])
		g, err := m.Build()
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Oracle(g)
		if err != nil {
			t.Fatal(err)
		}
		compareNear(t, c.Name+": output", p.OutputF64("y"), c.Output.Data, c.Inputs.QKV.Data)
		compareNear(t, c.Name+": gradient", p.OutputF64("dqkv"), c.Grads.QKV.Data, c.Inputs.QKV.Data)
	}
}

// compareNear wants 1e-12 of the largest operand: where a probability is near 1
// its gradient is a difference of products that cancel, in PyTorch too.
func compareNear(t *testing.T, what string, got, want, operand []float64) {
	t.Helper()
	size := 1.0
	for _, v := range operand {
		size = max(size, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-12*size) {
			t.Errorf("%s[%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestCPUGoldenAttention runs the engine on the same operands: peaked scores, an
// example without keys, and more keys than a tile.
func TestCPUGoldenAttention(t *testing.T) {
	var file struct{ Cases []attentionGolden }
	readGolden(t, "attention.json", &file)
	for _, c := range file.Cases {
		CheckEngine(t, openCPU, cpuVariants(), Case{Op: "attention", Name: c.Name, Rows: c.Inputs.QKV.Shape[0], Build: func(m *Maker) *graph.Node {
			y, _ := c.build(m)
			return y
		}})
	}
}
