package numtest

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// windows are positions and axes of one of them, and examples: one position,
// ragged widths, more positions than a leaf.
var windows = []struct {
	inner []int
	rows  int
}{{[]int{1, 3}, 3}, {[]int{5, 4}, 4}, {[]int{7, 17}, 5}, {[]int{4, 2, 3}, 3}, {[]int{33, 1}, 2}, {[]int{600, 2}, 3}}

// sequenceCases are about the positions of an example, with lengths from 0 to
// more than there are, and without.
func sequenceCases() []Case {
	var cases []Case
	for _, w := range windows {
		add := func(op string, d Dist, f func(m *Maker, x, lengths *graph.Node) *graph.Node) {
			for _, all := range []bool{false, true} {
				cases = append(cases, Case{Op: op, Name: fmt.Sprint(w.inner, w.rows, all), Rows: w.rows, Build: func(m *Maker) *graph.Node {
					x := m.Example(d, w.inner...)
					if all {
						return f(m, x, nil)
					}
					return f(m, x, m.Index(w.inner[0]+2))
				}})
			}
		}
		for _, n := range []int{1, -2, 0, 700} {
			add("shift", Normal, func(m *Maker, x, _ *graph.Node) *graph.Node { return m.Shift(x, n) })
		}
		add("reverse", Normal, func(m *Maker, x, lengths *graph.Node) *graph.Node { return m.Reverse(x, lengths) })
		add("meanover", Normal, func(m *Maker, x, lengths *graph.Node) *graph.Node { return m.MeanOver(x, lengths) })
		add("sumover", Normal, func(m *Maker, x, _ *graph.Node) *graph.Node { return m.SumOver(x) })
		add("spreadover", Normal, func(m *Maker, x, lengths *graph.Node) *graph.Node {
			return linearGradient(m, m.MeanOver(x, lengths), x)
		})
		add("maxover", Normal, func(m *Maker, x, lengths *graph.Node) *graph.Node { return m.MaxOver(x, lengths) })
		add("maxovergrad", Normal, func(m *Maker, x, lengths *graph.Node) *graph.Node { return m.MaxOver(x, lengths) })
		cases = append(cases, pickCases(w.inner, w.rows)...)
	}
	return cases
}

// linearGradient is the gradient of y, which is linear in x, by x: it does not
// depend on x, so it is linear in its cotangent alone.
func linearGradient(m *Maker, y, x *graph.Node) *graph.Node {
	return m.Gradient(m.Mul(y, m.Example(Normal, y.Shape.Inner()...)), []*graph.Node{x})[0]
}

// pickCases choose a position of x, or one that is none.
func pickCases(inner []int, rows int) []Case {
	name := fmt.Sprint(inner, rows)
	return []Case{
		{Op: "pickat", Name: name, Rows: rows, Build: func(m *Maker) *graph.Node {
			return m.PickAt(m.Example(Normal, inner...), m.Index(inner[0]+1))
		}},
		{Op: "pickat", Name: name + " last", Rows: rows, Build: func(m *Maker) *graph.Node {
			return m.LastOf(m.Example(Normal, inner...), m.Index(inner[0]+1))
		}},
		{Op: "placeat", Name: name, Rows: rows, Build: func(m *Maker) *graph.Node {
			x := m.Example(Normal, inner...)
			return linearGradient(m, m.PickAt(x, m.Index(inner[0]+1)), x)
		}},
	}
}

// rotations are heads, their size, channels and positions of rotary cases.
var rotations = []struct{ heads, dim, channels, t int }{
	{1, 2, 2, 1}, {2, 4, 8, 5}, {3, 8, 40, 6}, {1, 34, 40, 3}, {2, 6, 13, 70},
}

// positionCases are those that number positions: from 0, behind past ones and
// within segments.
func positionCases() []Case {
	var cases []Case
	for _, r := range rotations {
		for _, segment := range []float64{0, 1, 3, 1e9} {
			for _, past := range []bool{false, true} {
				cases = append(cases, Case{Op: "rotary", Name: fmt.Sprint(r, segment, past), Rows: 3, Build: func(m *Maker) *graph.Node {
					var from *graph.Node
					if past {
						from = m.Index(1000)
					}
					return m.Rotary(m.Example(Normal, r.t, r.channels), from, segmentOf(m, segment), r.heads, r.dim, 10000)
				}})
			}
		}
	}
	for _, t := range []struct{ length, n, channels int }{{5, 4, 3}, {1, 1, 1}, {70, 64, 17}, {6, 6, 2}} {
		for _, segment := range []float64{0, 1, 3, 5} {
			for _, op := range []string{"positionrows", "positionrowsgrad"} {
				cases = append(cases, Case{Op: op, Name: fmt.Sprint(t, segment), Rows: 2, Build: func(m *Maker) *graph.Node {
					rows := m.PositionRows(m.Update(Normal, t.length, t.channels), segmentOf(m, max(segment, 0.5)), t.n)
					return m.Mul(m.Example(Normal, t.n, t.channels), rows)
				}})
			}
		}
		cases = append(cases, Case{Op: "positionrows", Name: fmt.Sprint(t, "beginning"), Rows: 2, Build: func(m *Maker) *graph.Node {
			return m.PositionRows(m.Update(Normal, t.length+1, t.channels), nil, t.n)
		}}, Case{Op: "sinusoids", Name: fmt.Sprint(t), Rows: 2, Build: func(m *Maker) *graph.Node {
			return m.Mul(m.Example(Normal, t.n, t.channels), m.Sinusoids(t.n, t.channels))
		}})
	}
	return cases
}

// segmentOf makes a segment of so many positions; nil for 0.
func segmentOf(m *Maker, s float64) *graph.Node {
	if s == 0 {
		return nil
	}
	return m.Number("segment", s)
}

// recurrentCases are layers of few and of many positions, of ragged widths, and
// with more positions than a leaf; and one on the other, which is how a gradient
// reaches the first.
func recurrentCases() []Case {
	var cases []Case
	for _, c := range []struct{ t, hidden, rows int }{{3, 2, 3}, {1, 1, 1}, {4, 17, 5}, {9, 5, 2}, {520, 1, 2}} {
		add := func(op string, build func(m *Maker) *graph.Node) {
			for _, name := range []string{op, op + "grad"} {
				cases = append(cases, Case{Op: name, Name: fmt.Sprint(c), Rows: c.rows, Build: build})
			}
		}
		add("lstm", func(m *Maker) *graph.Node { return lstmOf(m, m.Example(Normal, c.t, 4*c.hidden), c.hidden) })
		add("gru", func(m *Maker) *graph.Node { return gruOf(m, m.Example(Normal, c.t, 3*c.hidden), c.hidden) })
		cases = append(cases, startedCases(fmt.Sprint(c, "from a state"), c.t, c.hidden, c.rows)...)
	}
	stack := func(m *Maker) *graph.Node {
		y := lstmOf(m, m.Example(Normal, 5, 12), 3)
		y = gruOf(m, m.Linear(y, m.Update(Normal, 3, 6), nil), 2)
		return m.MeanOver(y, m.Index(6))
	}
	return append(cases, Case{Op: "lstmgrad", Name: "stack", Rows: 3, Build: stack}, Case{Op: "grugrad", Name: "stack", Rows: 3, Build: stack})
}

// lstmOf and gruOf add a recurrent layer with a weight near that of a layer of
// many columns, so that errors do not grow without bound.
func lstmOf(m *Maker, g *graph.Node, hidden int) *graph.Node {
	return m.LSTM(g, m.Mul(m.Update(Normal, hidden, 4*hidden), m.Const(0.4)))
}

func gruOf(m *Maker, g *graph.Node, hidden int) *graph.Node {
	return m.GRU(g, m.Mul(m.Update(Normal, hidden, 3*hidden), m.Const(0.4)), m.Update(Normal, 3*hidden))
}

// startedCases begin with a state. They have no gradient.
func startedCases(name string, t, hidden, rows int) []Case {
	w := func(m *Maker, dims ...int) *graph.Node {
		return m.Mul(m.Fixed(m.next("w"), Normal, dims...), m.Const(0.4))
	}
	return []Case{
		{Op: "lstm", Name: name, Rows: rows, Build: func(m *Maker) *graph.Node {
			return m.LSTMFrom(m.Data("g", Normal, t, 4*hidden), w(m, hidden, 4*hidden), m.Data("state", Normal, 2*hidden))
		}},
		{Op: "gru", Name: name, Rows: rows, Build: func(m *Maker) *graph.Node {
			return m.GRUFrom(m.Data("g", Normal, t, 3*hidden), w(m, hidden, 3*hidden), w(m, 3*hidden), m.Data("state", Normal, hidden))
		}},
	}
}
