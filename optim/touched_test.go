package optim_test

import (
	"slices"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// look is a table of 6 rows, three of which a batch of four examples touches,
// after an update in float64: its variables, by name.
func look(t *testing.T, o optim.Optimizer, table nn.EmbeddingLayer, updates int) map[string][]float64 {
	t.Helper()
	c := nn.NewContext(new(graph.Builder), true, nn.Input{Name: "i", DType: tensor.I32})
	loss := c.ReduceSum(c.Tanh(c.Apply("t", table, c.Inputs["i"])), 1)
	params := c.Params()
	up, err := o.Build(c.Builder, params, c.Gradient(loss, params), c.SumExamples64(loss), c.Const64(4))
	if err != nil {
		t.Fatal(err)
	}
	g, err := c.Build()
	if err != nil {
		t.Fatal(err)
	}
	var specs []engine.VarSpec
	for _, v := range g.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	e := oracle.New()
	vs, err := e.NewVars(specs)
	if err != nil {
		t.Fatal(err)
	}
	vars := vs.(*oracle.Vars)
	if err := vars.WriteF64("t.weight", []float64{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}); err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: 4})
	if err != nil {
		t.Fatal(err)
	}
	scalars := make([]float64, len(g.Scalars))
	for i := range updates {
		up.Scalars(g, scalars, optim.Progress{Update: int64(i)})
		p.Begin(0, scalars)
		p.Micro([]*tensor.Tensor{tensor.Of([]int32{4, 1, 4, 5}, 4)}, 0, 4)
		if p.Finish() {
			p.Commit()
		}
	}
	values := map[string][]float64{}
	for _, s := range specs {
		values[s.Name] = vars.ReadF64(s.Name)
	}
	return values
}

// TestSparseParameter: where the same rows are touched again and again, the
// update of touched rows is the update of all, rows of gradient 0 being at rest.
func TestSparseParameter(t *testing.T) {
	for name, o := range map[string]optim.Optimizer{
		"SGD": optim.SGD(0.1), "Nesterov": optim.SGD(0.1).Momentum(0.9).Nesterov(), "AdaGrad": optim.AdaGrad(0.1),
		"Adam": optim.Adam(0.1).WithClipNorm(0.5), "RMSProp": optim.RMSProp(0.1).Centered(),
	} {
		sparse, dense := look(t, o, nn.Embedding(6, 2).Sparse(), 3), look(t, o, nn.Embedding(6, 2), 3)
		if len(sparse) != len(dense) {
			t.Errorf("%s: %d variables, want %d", name, len(sparse), len(dense))
		}
		for v, want := range dense {
			if !slices.Equal(sparse[v], want) {
				t.Errorf("%s: %s is %v, want %v", name, v, sparse[v], want)
			}
		}
	}
}

// TestSparseDecay: decay is that of touched rows.
func TestSparseDecay(t *testing.T) {
	w := look(t, optim.AdamW(0.1).WeightDecay(0.5), nn.Embedding(6, 2).Sparse(), 1)["t.weight"]
	if w[0] != 1 || w[6] != -1 || w[2] >= 3*(1-0.05) {
		t.Errorf("after an update the table is %v", w)
	}
}
