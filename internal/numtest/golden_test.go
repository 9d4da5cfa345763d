package numtest

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
)

// array is a golden array, row-major.
type array struct {
	Shape []int
	Data  []float64
}

func readGolden(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("golden", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

// compareGolden wants 1e-12 of the value, or of 1.
func compareGolden(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d elements, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= 1e-12*max(1, math.Abs(want[i]))) {
			t.Errorf("%s[%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
}

// given makes a per-example operand of golden values.
func (m *Maker) given(a array) *graph.Node {
	m.Rows = a.Shape[0]
	n := m.Example(Normal, a.Shape[1:]...)
	m.values[n.Attr.Name] = a.Data
	return n
}

// givenIndex makes a per-example index of golden values.
func (m *Maker) givenIndex(a array) *graph.Node {
	m.Rows = a.Shape[0]
	n := m.Index(1, a.Shape[1:]...)
	for i, x := range a.Data {
		m.values[n.Attr.Name].([]int32)[i] = int32(x)
	}
	return n
}

// givenParam makes a per-update operand of golden values.
func (m *Maker) givenParam(a array) *graph.Node {
	n := m.Update(Normal, a.Shape...)
	m.values[n.Attr.Name] = a.Data
	return n
}

// layerCase is a case of layers.json.
type layerCase struct {
	Name, Op string
	Config   struct {
		Eps         float64
		Approximate string
	}
	Params map[string]array
	Inputs struct{ X array }
	Output array
	Dy     array
	Grads  map[string]array
}

func (c *layerCase) param(m *Maker, name string, nodes map[string]*graph.Node) *graph.Node {
	a, ok := c.Params[name]
	if !ok {
		return nil
	}
	nodes[name] = m.givenParam(a)
	return nodes[name]
}

// layer builds the case of primitives, and the nodes to differentiate by name.
// What is a composition belongs to the tests of package nn: then nil.
func (c *layerCase) layer(m *Maker) (y *graph.Node, nodes map[string]*graph.Node) {
	nodes = map[string]*graph.Node{}
	if c.Op == "embedding" {
		return m.Gather(c.param(m, "weight", nodes), m.givenIndex(c.Inputs.X)), nodes
	}
	x := m.given(c.Inputs.X)
	nodes["x"] = x
	affine := func(y *graph.Node) *graph.Node {
		if w := c.param(m, "weight", nodes); w != nil {
			y = m.Mul(y, w)
		}
		if b := c.param(m, "bias", nodes); b != nil {
			y = m.Add(y, b)
		}
		return y
	}
	switch c.Op {
	case "linear": // files hold (out, in)
		return m.Linear(x, m.Transpose(c.param(m, "weight", nodes), 1, 0), c.param(m, "bias", nodes)), nodes
	case "relu":
		return m.Relu(x), nodes
	case "gelu":
		if c.Config.Approximate == "tanh" {
			return m.GeluTanh(x), nodes
		}
		return m.Gelu(x), nodes
	case "silu":
		return m.Silu(x), nodes
	case "tanh":
		return m.Tanh(x), nodes
	case "sigmoid":
		return m.Sigmoid(x), nodes
	case "softplus":
		return m.Softplus(x), nodes
	case "softmax":
		return m.Softmax(x), nodes
	case "log_softmax":
		return m.LogSoftmax(x), nodes
	case "layer_norm":
		return affine(m.Normalize(x, c.Config.Eps)), nodes
	case "rms_norm":
		return affine(m.RMSNormalize(x, c.Config.Eps)), nodes
	}
	return nil, nil
}

// TestGoldenLayers compares values and gradients with PyTorch's in float64.
func TestGoldenLayers(t *testing.T) {
	var file struct{ Cases []layerCase }
	readGolden(t, "layers.json", &file)
	compared := map[string]bool{}
	for _, c := range file.Cases {
		m := NewMaker(c.Name, 1)
		y, nodes := c.layer(m)
		if y == nil {
			continue
		}
		compared[c.Op] = true
		t.Run(c.Name, func(t *testing.T) {
			dy := m.given(c.Dy)
			m.Output("y", y)
			var names []string
			var wrt []*graph.Node
			for name, n := range nodes {
				names, wrt = append(names, name), append(wrt, n)
			}
			for i, g := range m.Gradient(m.Mul(y, dy), wrt) {
				m.Output(names[i], g)
			}
			g, err := m.Build()
			if err != nil {
				t.Fatal(err)
			}
			p, err := m.Oracle(g)
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, "output", p.OutputF64("y"), c.Output.Data)
			if len(names) != len(c.Grads) {
				t.Errorf("%d gradients, want %d", len(names), len(c.Grads))
			}
			for _, name := range names {
				compareGolden(t, "gradient of "+name, p.OutputF64(name), c.Grads[name].Data)
			}
		})
	}
	for _, op := range strings.Fields("linear relu gelu silu tanh sigmoid softplus softmax log_softmax layer_norm rms_norm embedding") {
		if !compared[op] {
			t.Errorf("no golden case of %s was compared", op)
		}
	}
}

// TestGoldenCrossEntropy compares the loss of each example, and the gradient
// of their weighted mean, with PyTorch's in float64.
func TestGoldenCrossEntropy(t *testing.T) {
	var file struct {
		Cases []struct {
			Name, Loss string
			Config     struct {
				Smoothing float64 `json:"label_smoothing"`
			}
			Inputs     struct{ Pred, Target array }
			Weights    []float64
			PerExample []float64 `json:"per_example"`
			Grad       array     `json:"descent_grad"`
			Value      float64   `json:"descent_loss"`
		}
	}
	readGolden(t, "losses.json", &file)
	n := 0
	for _, c := range file.Cases {
		if c.Loss != "cross_entropy" {
			continue
		}
		n++
		m := NewMaker(c.Name, 1)
		x := m.given(c.Inputs.Pred)
		loss := m.CrossEntropy(x, m.givenIndex(c.Inputs.Target), c.Config.Smoothing)
		w := m.given(array{[]int{len(c.Weights)}, c.Weights})
		m.Output("loss", loss)
		m.Output("mean", m.Div(m.SumExamples64(m.Mul(w, loss)), m.SumExamples64(w)))
		m.Output("dx", m.Gradient(m.Mul(w, loss), []*graph.Node{x})[0])
		g, err := m.Build()
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Oracle(g)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, w := range c.Weights {
			sum += w
		}
		dx := make([]float64, len(c.Grad.Data))
		for i, d := range p.OutputF64("dx") {
			dx[i] = d / sum
		}
		compareGolden(t, c.Name+" per example", p.OutputF64("loss"), c.PerExample)
		compareGolden(t, c.Name+" mean", p.OutputF64("mean"), []float64{c.Value})
		compareGolden(t, c.Name+" gradient", dx, c.Grad.Data)
	}
	if n == 0 {
		t.Error("no case of cross-entropy")
	}
}
