package numtest

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// batchCases are about what examples learn of their batch: barriers, batch
// normalization in one layer and in two, and normalization in groups.
func batchCases() []Case {
	cases := []Case{
		{Op: "barrier", Name: "mean", Rows: 5, Build: func(m *Maker) *graph.Node {
			x := m.Example(Normal, 3)
			return m.Sub(x, m.Barrier(m.Mul(m.SumExamples(x, 1), m.Const(0.2))))
		}},
		{Op: "barrier", Name: "twice", Rows: 7, Build: func(m *Maker) *graph.Node {
			x := m.Example(Normal, 2, 3)
			y := m.Mul(x, m.Barrier(m.SumExamples(m.Tanh(x), 1)))
			return m.Tanh(m.Add(y, m.Barrier(m.Mul(m.SumExamples(y, 0), m.Const(0.1)))))
		}},
		{Op: "barrier", Name: "product", Rows: 4, Build: func(m *Maker) *graph.Node {
			x := m.Example(Normal, 3)
			return m.Linear(x, m.Barrier(m.DotExamples(x, m.Tanh(x))), nil)
		}},
		{Op: "custom", Name: "straight through", Rows: 3, Build: func(m *Maker) *graph.Node {
			x := m.Example(Normal, 4)
			return m.CustomGradient(m.Mul(x, m.Const(2)), []*graph.Node{x}, func(b *graph.Builder, dy *graph.Node) []*graph.Node {
				return []*graph.Node{b.Mul(dy, b.Const(2))}
			})
		}},
	}
	for _, op := range []string{"momentsums", "gradsums", "moment", "momentgrad"} {
		for _, c := range normalized {
			cases = append(cases, Case{Op: op, Name: fmt.Sprint("batch norm ", c.inner, c.rows), Rows: c.rows, Build: func(m *Maker) *graph.Node {
				return batchNorm(m, m.Example(Normal, c.inner...), true)
			}})
		}
	}
	cases = append(cases,
		Case{Op: "momentgrad", Name: "plain", Rows: 6, Build: func(m *Maker) *graph.Node {
			return batchNorm(m, m.Example(Normal, 5), false)
		}},
		Case{Op: "momentgrad", Name: "two layers", Rows: 9, Build: func(m *Maker) *graph.Node {
			x := m.Relu(batchNorm(m, m.Linear(m.Example(Normal, 4), m.Update(Normal, 4, 6), nil), true))
			return batchNorm(m, m.Linear(x, m.Update(Normal, 6, 3), nil), true)
		}})
	for _, op := range []string{"groupnormalize", "groupnormalizegrad", "groupsums"} {
		for _, c := range normalized {
			cases = append(cases, Case{Op: op, Name: fmt.Sprint("groups ", c.inner, c.rows), Rows: c.rows, Build: func(m *Maker) *graph.Node {
				x := m.Example(Normal, c.inner...)
				y, mean, variance, _ := m.GroupNormalize(x, 4, 0.1)
				m.Output("mean", mean)
				m.Output("variance", variance)
				return y
			}})
		}
	}
	return cases
}

// normalized are the axes within an example, and examples, of batch
// normalization: fewer and more than a group, with a short last group.
var normalized = []struct {
	inner []int
	rows  int
}{{[]int{3}, 5}, {[]int{1}, 8}, {[]int{2, 3}, 6}, {[]int{2, 2, 5}, 3}, {[]int{70}, 13}, {[]int{5}, 600}}

// batchNorm normalizes x with parameters or without, and outputs its statistics.
func batchNorm(m *Maker, x *graph.Node, affine bool) *graph.Node {
	channels := x.Shape.Last()
	var gamma, beta *graph.Node
	if affine {
		gamma, beta = m.Update(Normal, channels), m.Update(Normal, channels)
	}
	y, mean, variance, _ := m.BatchNorm(x, m.Fixed(m.next("shift"), Normal, channels), gamma, beta, 0.1)
	name := m.next("stats")
	m.Output(name+"mean", mean)
	m.Output(name+"variance", variance)
	return y
}
