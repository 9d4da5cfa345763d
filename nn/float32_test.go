package nn_test

import (
	"testing"

	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// evaluateCPU is evaluate on the CPU engine, in float32.
func evaluateCPU(t *testing.T, e *cpu.Engine, b *graph.Builder, vars map[string][]float64, rows int, in map[string][]float64) map[string][]float64 {
	t.Helper()
	g, store, p := compile(t, e, b, rows)
	for _, v := range g.Vars {
		x := tensor.Of(convert[float32](vars[v.Attr.Name]), v.Shape.Dims...)
		if err := store.Write(v.Attr.Name, x); err != nil {
			t.Fatal(err)
		}
	}
	tensors := make([]*tensor.Tensor, len(g.Inputs))
	for i, n := range g.Inputs {
		dims := append([]int{rows}, n.Shape.Inner()...)
		if data := in[n.Attr.Name]; n.Shape.DType == tensor.I32 {
			tensors[i] = tensor.Of(convert[int32](data), dims...)
		} else {
			tensors[i] = tensor.Of(convert[float32](data), dims...)
		}
	}
	whole(p, tensors, len(g.Scalars), rows)
	out := map[string][]float64{}
	for _, o := range g.Outputs {
		y, size := p.Output(o.Name), o.Node.Shape.Size()
		if o.Node.PerExample() {
			size *= rows // of the tensor, which may have more: whole groups
		}
		if y.DType() == tensor.F64 {
			out[o.Name] = y.F64()[:size]
		} else {
			out[o.Name] = convert[float64](y.F32()[:size])
		}
	}
	return out
}

func convert[To, From float32 | float64 | int32](x []From) []To {
	y := make([]To, len(x))
	for i, v := range x {
		y[i] = To(v)
	}
	return y
}

// float32Tolerance is what a float32 run may be off: three times the error of
// PyTorch's own, but at least four roundings, since PyTorch happens to be exact
// on some cases.
func float32Tolerance(torch float64) float64 { return max(3*torch, 0x1p-22) }

// TestGoldenFloat32: layers and losses on the CPU engine are about as close to
// PyTorch's float64 as PyTorch's own float32.
func TestGoldenFloat32(t *testing.T) {
	e, err := cpu.New(cpu.Config{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, k := range layerCases(t) {
		t.Run(k.Name, func(t *testing.T) {
			b, vars, in := k.graph(t)
			k.compare(t, evaluateCPU(t, e, b, vars, k.Inputs.X.Shape[0], in), float32Tolerance(k.Float32))
		})
	}
	for _, k := range normCases(t) {
		for mode, want := range k.modes() {
			t.Run(k.Name+"/"+mode, func(t *testing.T) {
				b, vars, in := k.graph(t, mode)
				k.compare(t, evaluateCPU(t, e, b, vars, k.Inputs.X.Shape[0], in), want, float32Tolerance(want.Float32))
			})
		}
	}
	for _, k := range lossCases(t) {
		t.Run(k.Name, func(t *testing.T) {
			b, in := k.graph(t)
			k.compare(t, evaluateCPU(t, e, b, nil, k.Inputs.Pred.Shape[0], in), float32Tolerance(k.Float32))
		})
	}
}
