package numtest

import "github.com/descent-ml/descent/graph"

// vectors multiplies the rows of a value with a vector of their length, or with
// each other.
func (w *walk) vectors() *graph.Node {
	y := w.find(func(n *graph.Node) bool { return n.PerExample() && len(n.Shape.Inner()) == 2 })
	if y == nil {
		return nil
	}
	y = w.RMSNormalize(y, 1)
	if y.Shape.Inner()[0] > 1 && pick(w.s, 2) == 0 {
		return w.PairDots(y)
	}
	d := y.Shape.Last()
	x := w.find(func(n *graph.Node) bool { return n.Shape.Equal(graph.F32(graph.Batch, d)) })
	if x == nil {
		x = w.Example(Normal, d)
	}
	return w.Dots(w.tame(x), y)
}

// partners compares examples with those of their group, as a loss with negatives
// from the batch does.
func (w *walk) partners() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return n.PerExample() && len(n.Shape.Inner()) == 1 })
	if x == nil {
		return nil
	}
	y := w.find(func(n *graph.Node) bool { return n.Shape.Equal(x.Shape) })
	if y == nil {
		y = x
	}
	group, id := 2+pick(w.s, 4), w.Index(3)
	z := w.GroupDots(w.RMSNormalize(x, 1), w.RMSNormalize(y, 1), group)
	if pick(w.s, 2) == 0 {
		return z
	}
	z = w.Select(w.GroupKeep(id, group), z, w.Const(-1e30))
	return w.CrossEntropy(z, w.GroupPlace(id, group), 0)
}
