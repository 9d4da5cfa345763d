package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/tensor"
)

// inMicros returns the gradients of parameters and the new running statistics of
// a case in training: over the given batches of its examples, added up, each in
// micro-batches of micro.
func (k *normCase) inMicros(t *testing.T, batches []int, micro int) map[string][]float64 {
	b, vars, in := k.graph(t, "train")
	g, store, p := compile(t, oracle.New(), b, micro)
	for _, v := range g.Vars {
		if err := store.(*oracle.Vars).WriteF64(v.Attr.Name, vars[v.Attr.Name]); err != nil {
			t.Fatal(err)
		}
	}
	var tensors []*tensor.Tensor
	for _, n := range g.Inputs {
		tensors = append(tensors, tensor.Of(in[n.Attr.Name]))
	}
	sums, at := map[string][]float64{}, 0
	for _, n := range batches {
		p.Begin(0, nil)
		for range p.Passes() {
			for row := at; row < at+n; row += micro {
				p.Micro(tensors, row, min(micro, at+n-row))
			}
			p.EndPass()
		}
		p.Finish()
		at += n
		for _, o := range g.Outputs {
			if o.Node.PerExample() {
				continue
			}
			v := p.(*oracle.Program).OutputF64(o.Name)
			if sums[o.Name] == nil {
				sums[o.Name] = make([]float64, len(v))
			}
			for i := range v {
				sums[o.Name][i] += v[i]
			}
		}
	}
	return sums
}

// TestAccumulation: in micro-batches a net of two or three batch norms has
// PyTorch's gradient of the full batch, to the last digits. Adding the
// gradients of micro-batches that are batches of their own is not that.
func TestAccumulation(t *testing.T) {
	for _, k := range normCases(t) {
		if !strings.HasSuffix(k.Name, "_layers") {
			continue
		}
		rows := k.Inputs.X.Shape[0]
		for _, micro := range []int{1, 2, 3, rows - 1} {
			got := k.inMicros(t, []int{rows}, micro)
			for name, want := range k.Train.Grads {
				if name != "x" {
					closeValues(t, "gradient of "+name, got["d"+name], inOurLayout(name, want), 1e-12)
				}
			}
			for name, want := range k.Train.After {
				closeValues(t, name, got[name], want.Data, 1e-12)
			}
		}
		naive, worst := k.inMicros(t, []int{rows / 2, rows - rows/2}, rows), 0.0
		for name, want := range k.Train.Grads {
			for i, d := range naive["d"+name] {
				worst = max(worst, math.Abs(d-inOurLayout(name, want)[i]))
			}
		}
		if worst < 0.1 {
			t.Errorf("%s: statistics of two halves change gradients by %v, want a case where they matter", k.Name, worst)
		}
	}
}
