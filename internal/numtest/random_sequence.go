package numtest

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// sequence does something along the first axis of a value, as positions.
func (w *walk) sequence() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return n.PerExample() && len(n.Shape.Inner()) >= 2 })
	if x == nil {
		return nil
	}
	t := x.Shape.Inner()[0]
	var lengths *graph.Node
	if pick(w.s, 3) > 0 {
		lengths = w.Index(t + 2)
	}
	switch pick(w.s, 8) {
	case 7:
		return w.SumOver(x)
	case 0:
		return w.Shift(x, pick(w.s, 2*t+1)-t)
	case 1:
		return w.Reverse(x, lengths)
	case 2, 3:
		return w.MeanOver(x, lengths)
	case 4:
		return w.MaxOver(x, lengths)
	case 5:
		return w.PickAt(x, w.Index(t+1))
	}
	return w.LastOf(x, w.Index(t+2))
}

// position adds a learned or fixed table of positions, or turns by them.
func (w *walk) position() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return n.PerExample() && len(n.Shape.Inner()) == 2 })
	if x == nil {
		return nil
	}
	t, channels := x.Shape.Inner()[0], x.Shape.Last()
	var past, segment *graph.Node
	if pick(w.s, 2) == 0 {
		segment = w.Number(fmt.Sprint("segment", len(w.values)), float64(pick(w.s, t+1)))
	}
	if pick(w.s, 2) == 0 {
		past = w.Index(100)
	}
	switch turn := pick(w.s, 3); {
	case turn == 0 && channels >= 2:
		dim := 2 * (1 + pick(w.s, channels/2))
		return w.Rotary(x, past, segment, 1+pick(w.s, channels/dim), dim, 10000)
	case turn == 1:
		return w.Add(x, w.Sinusoids(t, channels))
	}
	return w.Add(x, w.PositionRows(w.Update(Normal, t+pick(w.s, 2), channels), segment, t))
}

// recurrent adds a recurrent layer to a value that has positions.
func (w *walk) recurrent() *graph.Node {
	x := w.find(func(n *graph.Node) bool { return n.PerExample() && len(n.Shape.Inner()) == 2 })
	if x == nil {
		return nil
	}
	hidden := 1 + pick(w.s, 20)
	x = w.RMSNormalize(x, 1)
	if pick(w.s, 2) == 0 {
		return lstmOf(w.Maker, w.Linear(x, w.Update(Normal, x.Shape.Last(), 4*hidden), w.Update(Normal, 4*hidden)), hidden)
	}
	return gruOf(w.Maker, w.Linear(x, w.Update(Normal, x.Shape.Last(), 3*hidden), nil), hidden)
}
