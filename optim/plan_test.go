package optim_test

import (
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// vectors returns the kernels over whole parameters in the commit stage of a
// net of two layers.
func vectors(t *testing.T, e *cpu.Engine, o optim.Optimizer) []engine.Kernel {
	t.Helper()
	var b graph.Builder
	c := nn.NewContext(&b, true, nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{20}}, nn.Input{Name: "y", DType: tensor.I32})
	pred := c.Model(nn.Sequential(nn.Dense(33), nn.ReLU(), nn.Dense(10)))
	num, den, weighted := nn.Objective(c, nn.CrossEntropy(), pred, c.Inputs["y"], nil)
	if _, err := o.Build(&b, c.Params(), b.Gradient(weighted, c.Params()), num, den); err != nil {
		t.Fatal(err)
	}
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	vars, err := e.NewVars(specs(g))
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, vars, engine.Options{Rows: 16})
	if err != nil {
		t.Fatal(err)
	}
	var ks []engine.Kernel
	for _, k := range p.Plan().Kernels {
		if k.Stage == "commit" && strings.HasPrefix(k.Name, "vector") {
			ks = append(ks, k)
		}
	}
	return ks
}

// TestPlan: on the CPU engine an update is one pass over all parameters, or
// one for each kind of parameter if groups differ, and each pass has a
// generated kernel: the expressions of this package are those of
// internal/kernel/vec_fused.txt.
func TestPlan(t *testing.T) {
	e, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	want := "vector, fused"
	if e.ISA() == "go" {
		want = "vector"
	}
	momentum := optim.SGD(1).Momentum(0.9)
	for _, c := range []struct {
		name   string
		o      optim.Optimizer
		passes int
	}{
		{"SGD", optim.SGD(1), 1},
		{"SGD with L2", optim.SGD(1).WeightDecay(0.05), 1},
		{"SGD with clipped values", optim.SGD(1).WithClipValue(1), 1},
		{"momentum", momentum, 1},
		{"momentum with L2", momentum.WeightDecay(0.05), 1},
		{"Nesterov", momentum.Nesterov(), 1},
		{"Nesterov with L2", momentum.Nesterov().WeightDecay(0.05), 1},
		{"AdaGrad", optim.AdaGrad(1), 1},
		{"AdaGrad with L2", optim.AdaGrad(1).WeightDecay(0.05), 1},
		{"RMSProp", optim.RMSProp(1), 1},
		{"RMSProp with L2", optim.RMSProp(1).WeightDecay(0.05), 1},
		{"RMSProp with momentum", optim.RMSProp(1).Momentum(0.9), 1},
		{"Adam", optim.Adam(1), 1},
		{"Adam with L2", optim.Adam(1).WeightDecay(0.05), 1},
		{"AdamW", optim.AdamW(1), 1},
		{"SparseAdam", optim.SparseAdam(1), 1},
		{"SparseAdam with L2", optim.SparseAdam(1).WeightDecay(0.05), 1},
		{"AdamW with clipping", optim.AdamW(1).WithClipNorm(1).WithClipValue(1), 1},
		{"AdamW without decay of biases", optim.AdamW(1).WithGroups(optim.NoDecay()), 2},
		{"SGD without decay of biases", optim.SGD(1).WeightDecay(0.05).WithGroups(optim.NoDecay()), 2},
	} {
		ks := vectors(t, e, c.o)
		if len(ks) != c.passes {
			t.Errorf("%s: %d passes %v, want %d", c.name, len(ks), ks, c.passes)
		}
		for _, k := range ks {
			if k.Name != want {
				t.Errorf("%s: %s is a %q, want %q", c.name, k.Detail, k.Name, want)
			}
		}
	}
}
