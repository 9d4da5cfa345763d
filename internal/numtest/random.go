package numtest

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

// Random returns a case whose graph is drawn from a seed: chains and diamonds
// of element-wise operations, broadcasts, reductions, moves, products,
// look-ups and a few ways to mix examples over a few shapes, in both halves,
// with a loss of each example at the end, its gradients, and an update with
// momentum. It is the fuzz of a
// compiler's fusion, scheduling and memory. At most limit operations are
// chosen, which is to shrink what fails: Full does not limit.
func Random(seed uint64, limit int) Case {
	s := rng.NewStream(seed, "graph")
	rows := []int{1, 2, 3, 5, 7, 16, 33}[pick(s, 7)]
	if seed%16 == 0 {
		rows = 530 // more than a leaf
	}
	return Case{Op: "random", Name: fmt.Sprint(seed), Rows: rows, Build: func(m *Maker) *graph.Node {
		return (&walk{Maker: m, s: rng.NewStream(seed, "walk"), tables: rng.NewStream(seed, "tables")}).build(limit)
	}}
}

// Full is the limit of a whole random graph.
const Full = 36

func pick(s *rng.Stream, n int) int { return int(s.Float64() * float64(n)) }

// walk adds random nodes to a graph.
type walk struct {
	*Maker
	s      *rng.Stream   // of choices; values have their own
	pool   []*graph.Node // f32 values to choose operands from
	mixed  int           // how often examples are mixed
	tables *rng.Stream   // of choices between ordinary and sparse parameters
	looked []*graph.Node // rows of sparse parameters: the loss depends on all of them
}

func (w *walk) build(limit int) *graph.Node {
	cols := []int{1, 2, 3, 4, 8, 15, 16, 17, 33, 64, 130}[pick(w.s, 11)]
	w.keep(w.Example(Normal, cols), w.Example(Normal), w.Example(Normal, 2, cols), w.Update(Normal, cols), w.Update(Normal, 2, 1))
	steps := []func() *graph.Node{w.unary, w.unary, w.unary, w.binary, w.binary, w.binary, w.ternary, w.reduce, w.spread, w.row,
		w.linear, w.linear, w.move, w.join, w.lookup, w.drop, w.norm, w.mix, w.sequence, w.sequence, w.position, w.recurrent, w.attend, w.vectors, w.partners, w.convolve, w.window}
	for range min(limit, 6+pick(w.s, Full-6)) {
		if n := steps[pick(w.s, len(steps))](); n != nil && n.Shape.Size() <= 1<<10 {
			w.keep(n)
		}
	}
	return w.loss()
}

func (w *walk) keep(n ...*graph.Node) { w.pool = append(w.pool, n...) }

// any prefers the latest values, so that chains grow.
func (w *walk) any() *graph.Node {
	k := len(w.pool)
	if pick(w.s, 2) == 0 {
		return w.pool[k-1-pick(w.s, min(k, 4))]
	}
	return w.pool[pick(w.s, k)]
}

// find returns a value that ok accepts, or nil.
func (w *walk) find(ok func(n *graph.Node) bool) *graph.Node {
	for range 8 {
		if n := w.any(); ok(n) {
			return n
		}
	}
	return nil
}

func wide(n *graph.Node) bool { return len(n.Shape.Inner()) > 0 }

// tame brings a value to where every function is finite.
func (w *walk) tame(x *graph.Node) *graph.Node { return w.Max(w.Min(x, w.Const(4)), w.Const(-4)) }

// positive brings a value to [0.25, 4.25].
func (w *walk) positive(x *graph.Node) *graph.Node { return w.Add(w.Abs(w.tame(x)), w.Const(0.25)) }

func (w *walk) unary() *graph.Node {
	x, p := w.any(), Pointwises()
	i := pick(w.s, len(p))
	for len(p[i].Dists) != 1 {
		i = (i + 1) % len(p)
	}
	switch p[i].Op {
	case "sqrt", "log", "log1p":
		return p[i].Build(&w.Builder, w.positive(x))
	case "exp":
		return w.Exp(w.tame(x))
	}
	return p[i].Build(&w.Builder, x)
}

// fits reports whether two values broadcast together.
func fits(x, y *graph.Node) bool {
	a, b := x.Shape.Inner(), y.Shape.Inner()
	for i := 1; i <= min(len(a), len(b)); i++ {
		if p, q := a[len(a)-i], b[len(b)-i]; p != q && p != 1 && q != 1 {
			return false
		}
	}
	return true
}

func (w *walk) partner(x *graph.Node) *graph.Node {
	return w.find(func(y *graph.Node) bool { return fits(x, y) })
}

func (w *walk) binary() *graph.Node {
	x := w.any()
	y := w.partner(x)
	if y == nil {
		return nil
	}
	switch pick(w.s, 9) {
	case 0, 1:
		return w.Add(x, y)
	case 2:
		return w.Sub(y, x)
	case 3, 4:
		return w.Mul(w.tame(x), y)
	case 5:
		return w.Div(x, w.positive(y))
	case 6:
		return w.Max(x, y)
	case 7:
		return w.Min(x, y)
	}
	return w.Mul(x, w.Const([]float64{1, 0.5, -3, 0}[pick(w.s, 4)]))
}

func (w *walk) ternary() *graph.Node {
	x := w.any()
	y := w.partner(x)
	if y == nil {
		return nil
	}
	xy := w.Add(x, y)
	z := w.partner(xy)
	if z == nil {
		return xy
	}
	switch pick(w.s, 4) {
	case 0:
		return w.FMA(w.tame(x), y, z)
	case 1:
		return w.Select(w.Gt(x, y), z, xy)
	case 2:
		return w.Select(w.Ge(xy, z), x, y)
	}
	return w.Select(w.Eq(x, z), x, w.Neg(y))
}

func (w *walk) reduce() *graph.Node {
	x := w.find(wide)
	if x == nil {
		return nil
	}
	k := 1 + pick(w.s, len(x.Shape.Inner()))
	switch pick(w.s, 3) {
	case 0:
		return w.ReduceMax(x, k)
	case 1:
		return w.ReduceMean(x, k)
	}
	return w.ReduceSum(x, k)
}

// spread subtracts a reduction from what it reduces.
func (w *walk) spread() *graph.Node {
	x := w.find(wide)
	if x == nil {
		return nil
	}
	inner := slices.Clone(x.Shape.Inner())
	inner[len(inner)-1] = 1
	return w.Sub(x, w.Reshape(w.ReduceMean(x, 1), inner...))
}

func (w *walk) row() *graph.Node {
	x := w.find(wide)
	if x == nil {
		return nil
	}
	switch pick(w.s, 4) {
	case 0:
		return w.Softmax(x)
	case 1:
		return w.LogSoftmax(x)
	case 2:
		return w.Normalize(x, 1e-2)
	}
	return w.RMSNormalize(x, 1e-2)
}

// linear is a layer with a parameter of its own, or one of another's: tied.
func (w *walk) linear() *graph.Node {
	x := w.find(wide)
	if x == nil {
		return nil
	}
	in, out := x.Shape.Last(), []int{1, 2, 5, 16, 33, 100}[pick(w.s, 6)]
	x = w.RMSNormalize(x, 1)
	if tied := w.find(func(n *graph.Node) bool { return n.Op.Name == "var" && len(n.Shape.Dims) == 2 && n.Shape.Dims[0] == in }); tied != nil {
		return w.Linear(x, tied, nil)
	}
	switch pick(w.s, 3) {
	case 0:
		return w.Linear(x, w.Update(Normal, in, out), nil)
	case 1:
		return w.LinearT(x, w.Update(Normal, out, in))
	}
	return w.Linear(x, w.Update(Normal, in, out), w.Update(Normal, out))
}

func (w *walk) move() *graph.Node {
	x := w.find(wide)
	if x == nil {
		return nil
	}
	inner, last := x.Shape.Inner(), x.Shape.Last()
	switch pick(w.s, 6) {
	case 0:
		return w.Reshape(x, x.Shape.Size())
	case 1:
		return w.Reshape(x, slices.Insert(slices.Clone(inner), pick(w.s, len(inner)+1), 1)...)
	case 2:
		from := pick(w.s, last)
		return w.Slice(x, from, 1+pick(w.s, last-from))
	case 3:
		before := pick(w.s, 4)
		return w.Pad(x, before, before+last+pick(w.s, 4))
	case 4:
		dims := append([]int{1 + pick(w.s, 3)}, inner...)
		return w.BroadcastTo(x, graph.F32(append(slices.Clone(x.Shape.Dims[:len(x.Shape.Dims)-len(inner)]), dims...)...))
	}
	perm := make([]int, len(inner))
	for i := range perm {
		perm[i] = (i + 1) % len(perm)
	}
	return w.Transpose(x, perm...)
}

// join concatenates values that differ in the last axis only.
func (w *walk) join() *graph.Node {
	x := w.find(wide)
	if x == nil {
		return nil
	}
	y := w.find(func(y *graph.Node) bool {
		a, b := x.Shape.Dims, y.Shape.Dims
		return wide(y) && len(a) == len(b) && slices.Equal(a[:len(a)-1], b[:len(b)-1])
	})
	if y == nil {
		return w.Concat(x, x)
	}
	return w.Concat(x, y, x)
}

func (w *walk) lookup() *graph.Node {
	d := []int{1, 3, 8, 17}[pick(w.s, 4)]
	switch pick(w.s, 4) {
	case 0:
		return w.Cast(w.Index(5, d), tensor.F32)
	case 1:
		return w.Gather(w.Update(Normal, 6, 3), w.Grams(w.Index(5, d), 1+pick(w.s, 3), 6))
	}
	inner := []int{2}[:pick(w.s, 2)]
	if pick(w.tables, 2) == 0 {
		return w.sparse(d, inner)
	}
	return w.Gather(w.Update(Normal, 6, d), w.Index(6, inner...))
}

// sparse looks rows up in a sparse parameter: a new one, or one of before.
func (w *walk) sparse(dim int, inner []int) *graph.Node {
	var tables []*graph.Node
	for _, n := range w.Leaves {
		if n.Attr.Sparse {
			tables = append(tables, n)
		}
	}
	if len(tables) == 0 || pick(w.tables, 2) == 0 {
		tables = []*graph.Node{w.Table(Normal, []int{2, 7, 100}[pick(w.tables, 3)], dim)}
	}
	t := tables[pick(w.tables, len(tables))]
	x := w.Gather(t, w.Index(t.Shape.Dims[0], inner...))
	w.looked = append(w.looked, x)
	return x
}

func (w *walk) drop() *graph.Node {
	x := w.any()
	name := fmt.Sprint("drop", len(w.pool))
	return w.Mul(x, w.DropoutMask(name, 0.1+0.8*w.s.Float64(), x.Shape.Inner()...))
}

// norm scales a per-update value by float64 arithmetic, as clipping does.
func (w *walk) norm() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return !n.PerExample() })
	if x == nil {
		return nil
	}
	return w.Mul(x, w.Cast(w.Min(w.Const64(1), w.Div(w.Const64(0.5), w.Sqrt(w.SumSquares(x)))), tensor.F32))
}

// mix makes examples depend on each other, twice in a graph at most: each time
// costs passes.
func (w *walk) mix() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return n.PerExample() && wide(n) })
	if x == nil || w.mixed == 2 {
		return nil
	}
	w.mixed++
	channels, name := x.Shape.Last(), fmt.Sprint("mixed ", w.mixed)
	switch pick(w.s, 4) {
	case 0:
		y, mean, variance, _ := w.GroupNormalize(x, 2+pick(w.s, 4), 0.1)
		w.Output(name, w.Add(mean, variance))
		return y
	case 1:
		return w.Sub(x, w.Barrier(w.Mul(w.SumExamples(x, 1), w.Const(1/float64(w.Rows)))))
	}
	var gamma, beta *graph.Node
	if pick(w.s, 2) == 0 {
		gamma, beta = w.Update(Normal, channels), w.Update(Normal, channels)
	}
	y, _, variance, _ := w.BatchNorm(x, w.Fixed(w.next("shift"), Normal, channels), gamma, beta, 0.1)
	w.Output(name, variance)
	return y
}

// attend is attention over a value's positions, with whatever masks, or of new
// positions to cached ones, which no gradient reaches.
func (w *walk) attend() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return n.PerExample() && len(n.Shape.Inner()) == 2 })
	if x == nil {
		return nil
	}
	a := graph.Attention{KVHeads: 1 + pick(w.s, 2), Dim: 1 + pick(w.s, 5), Causal: pick(w.s, 2) == 0}
	a.Heads = a.KVHeads * (1 + pick(w.s, 2))
	t := x.Shape.Inner()[0]
	if pick(w.s, 3) == 0 {
		cache := w.Data(w.next("cache"), Normal, 7, 2*a.KVHeads*a.Dim)
		w.keep(w.CachedAttention(w.Data(w.next("new"), Normal, 2, a.Width()), cache, w.Index(8), a))
	}
	var lengths, segment *graph.Node
	if pick(w.s, 2) == 0 {
		lengths = w.Index(t + 1)
	}
	if pick(w.s, 2) == 0 {
		segment = w.Number(w.next("segment"), float64(pick(w.s, 4)))
	}
	if pick(w.s, 2) == 0 {
		a.Dropout, a.Stream = 0.3, w.next("attention")
	}
	qkv := w.Linear(w.RMSNormalize(x, 1), w.Update(Normal, x.Shape.Last(), a.Width()), nil)
	return w.Attention(qkv, lengths, segment, a)
}

// loss is the sum, over a few values, of their means, some squared, with a
// cross-entropy where there are scores. The values are outputs too.
func (w *walk) loss() *graph.Node {
	total := w.Mul(w.Example(Normal), w.Const(0.5))
	for _, x := range w.looked {
		total = w.Add(total, w.ReduceMean(w.Tanh(x), len(x.Shape.Inner())))
	}
	for i := range 2 + pick(w.s, 3) {
		x := w.any()
		if pick(w.s, 2) == 0 {
			w.Output(fmt.Sprint("value ", i), x)
		}
		if x.PerExample() && len(x.Shape.Inner()) == 1 && pick(w.s, 2) == 0 {
			total = w.Add(total, w.CrossEntropy(x, w.Index(x.Shape.Last()), []float64{0, 0.1}[pick(w.s, 2)]))
			continue
		}
		if pick(w.s, 2) == 0 {
			x = w.Mul(x, w.tame(x))
		}
		if k := len(x.Shape.Inner()); k > 0 {
			x = w.ReduceMean(x, k)
		}
		total = w.Add(total, x)
	}
	return total
}
