package cpu

import (
	"fmt"
	"slices"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// convNet builds a training graph of a small residual net on images of 6 x 6 x 3: a
// convolution, a block of a strided one and a depthwise one with a product of each
// pixel beside them, batch norm behind each, dropout, the mean of the pixels.
func convNet(t testing.TB, out int) *graph.Graph {
	var b graph.Builder
	x, y, weight := b.Input("x", tensor.F32, 6*6*3), b.Input("y", tensor.I32), b.Input("weight", tensor.F32)
	var params []*graph.Node
	param := func(dims ...int) *graph.Node {
		params = append(params, b.Param(fmt.Sprint(len(params)), graph.Init{}, dims...))
		return params[len(params)-1]
	}
	conv := func(x *graph.Node, out, kernel, stride, groups int) *graph.Node {
		pad := kernel / 2
		c := graph.Conv{Kernel: [2]int{kernel, kernel}, Stride: [2]int{stride, stride}, Pad: [4]int{pad, pad, pad, pad}, Groups: groups}
		z := b.Conv(x, param(kernel, kernel, x.Shape.Last()/groups, out), nil, c)
		shift := b.BroadcastTo(b.Const(0.1), graph.F32(out))
		z, _, _, _ = b.BatchNorm(z, shift, param(out), param(out), 1e-3)
		return z
	}
	h := b.Relu(conv(b.Reshape(x, 6, 6, 3), 4, 3, 1, 1))
	z := b.Mul(b.Relu(conv(h, 8, 3, 2, 1)), b.DropoutMask("drop", 0.25, 3, 3, 8))
	h = b.Relu(b.Add(conv(z, 8, 3, 1, 8), conv(h, 8, 1, 2, 1)))
	h = b.Reshape(b.ReduceMean(b.Transpose(conv(h, 5, 1, 1, 1), 2, 0, 1), 2), 5)
	wl := b.Mul(b.CrossEntropy(b.Linear(h, param(5, out), param(out)), y, 0.1), weight)
	grads, lr := b.Gradient(wl, params), b.Scalar("lr")
	for i, p := range params {
		b.Assign(p, b.Sub(p, b.Mul(grads[i], lr)))
	}
	b.Output("loss_sum", b.SumExamples64(wl))
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestConv: micro-batches, threads, workers, and what is kept or computed again
// change no bit of a convolutional net with batch norm. A leaf of its first layer's
// weights is 14 examples.
func TestConv(t *testing.T) {
	const rows, out = 37, 5
	batch, g := data(rows, 6*6*3, out), convNet(t, out)
	for _, shards := range []int{1, 3} {
		base := execution{micro: rows, threads: 1, shards: shards, workers: 1}
		want := base.updates(t, g, batch, rows, 5, rows)
		for _, x := range []execution{
			{1, 1, shards, 1, engine.RecomputeNever, 0},
			{3, 2, shards, 1, engine.RecomputeAlways, 0},
			{7, 3, shards, min(2, shards), engine.RecomputeAuto, 300_000},
			{rows, 2, shards, shards, engine.RecomputeNever, 0},
		} {
			equal(t, fmt.Sprintf("%+v", x), x.updates(t, g, batch, rows, 5, rows), want)
		}
	}
}

// TestLinesAreDivided: where there is one image, threads share the rows of each
// convolution's result, and no bit changes.
func TestLinesAreDivided(t *testing.T) {
	var b graph.Builder
	h := b.Input("x", tensor.F32, 7, 5, 3)
	for i, c := range []graph.Conv{
		{Kernel: [2]int{3, 3}, Pad: [4]int{1, 1, 1, 1}}, {Kernel: [2]int{5, 3}, Pad: [4]int{4, 4, 1, 0}, Dilation: [2]int{2, 1}},
		{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Pad: [4]int{1, 0, 0, 0}, Groups: 4}, {Kernel: [2]int{1, 1}, Stride: [2]int{3, 1}, Pad: [4]int{4, 4, 0, 0}},
	} {
		groups := max(1, c.Groups)
		w := b.Param(fmt.Sprint(i), graph.Init{}, c.Kernel[0], c.Kernel[1], h.Shape.Last()/groups, 8)
		h = b.Relu(b.Conv(h, w, b.Param(fmt.Sprint(i, " bias"), graph.Init{}, 8), c))
	}
	b.Output("pred", h)
	g, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	for _, threads := range []int{1, 2, 3} {
		e, err := New(Config{Threads: threads, Eager: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		vars, err := e.NewVars(specs(g))
		if err != nil {
			t.Fatal(err)
		}
		fillVars(t, vars)
		p, err := e.Compile(g, vars, engine.Options{Rows: 1})
		if err != nil {
			t.Fatal(err)
		}
		p.Begin(0, nil)
		p.Micro([]*tensor.Tensor{noise("x", 1, 7, 5, 3)}, 0, 1)
		got := p.Output("pred").F32()
		if want == nil {
			want = slices.Clone(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d threads: other bits", threads)
		}
		if regions := e.pool.tickets[0].Load() >> (2 * chunkBits); threads > 1 && regions < 3 {
			t.Errorf("%d threads: %d convolutions were divided, want 3 or 4", threads, regions)
		}
	}
}
