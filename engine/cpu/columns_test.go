package cpu

import (
	"slices"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// wide is a net of large matrices, in each form of a product.
func wide(t testing.TB) *graph.Graph {
	var b graph.Builder
	h := b.Input("x", tensor.F32, 500)
	h = b.Relu(b.Linear(h, b.Param("a", graph.Init{}, 500, 700), b.Param("bias", graph.Init{}, 700)))
	h = b.Linear(h, b.Param("b", graph.Init{}, 700, 600), nil)
	b.Output("pred", b.LinearT(h, b.Param("c", graph.Init{}, 900, 600)))
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestColumnsAreDivided: of a micro-batch of one block, large products are
// divided among threads, and no bit changes.
func TestColumnsAreDivided(t *testing.T) {
	g := wide(t)
	for _, rows := range []int{1, 5} {
		var want []float32
		for _, threads := range []int{1, 2, 3} {
			e, err := New(Config{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			vars, err := e.NewVars(specs(g))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range g.Vars {
				if err := vars.Write(v.Attr.Name, noise(v.Attr.Name, v.Shape.Dims...)); err != nil {
					t.Fatal(err)
				}
			}
			p, err := e.Compile(g, vars, engine.Options{Rows: rows})
			if err != nil {
				t.Fatal(err)
			}
			p.Begin(0, nil)
			p.Micro([]*tensor.Tensor{noise("x", rows, 500)}, 0, rows)
			got := p.Output("pred").F32()
			if want == nil {
				want = slices.Clone(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d rows on %d threads: other bits", rows, threads)
			}
			if regions := e.pool.tickets[0].Load() >> (2 * chunkBits); threads > 1 && regions != 3 {
				t.Errorf("%d rows on %d threads: %d products were divided, want 3", rows, threads, regions)
			}
		}
	}
}

// noise is a tensor of numbers from -1 to 1.
func noise(name string, shape ...int) *tensor.Tensor {
	r, x := rng.NewStream(1, name), tensor.New(tensor.F32, shape...)
	for i := range x.F32() {
		x.F32()[i] = float32(2*r.Float64() - 1)
	}
	return x
}
