package numtest

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// dotsCases are products of the vectors of an example: shorter and longer than
// sixteen lanes, one vector and many; and with those of a group of examples, of
// which the last may be short.
func dotsCases() []Case {
	var cases []Case
	for _, s := range [][2]int{{1, 3}, {2, 16}, {5, 17}, {3, 70}, {40, 1}} {
		n, d := s[0], s[1]
		add := func(op string, build func(m *Maker) *graph.Node) {
			cases = append(cases, Case{Op: op, Name: fmt.Sprint(s), Rows: 5, Build: build})
		}
		dots := func(m *Maker) *graph.Node { return m.Dots(m.Example(Normal, d), m.Example(Normal, n, d)) }
		add("dots", dots)
		// The gradient of dots in one operand, differentiated again in the other.
		add("mix", func(m *Maker) *graph.Node {
			z := dots(m)
			return m.Gradient(m.Mul(z, m.Tanh(z)), m.Leaves[:1])[0]
		})
		add("outer", func(m *Maker) *graph.Node {
			z := dots(m)
			return m.Gradient(m.Mul(z, m.Tanh(z)), m.Leaves[1:2])[0]
		})
	}
	for _, inner := range [][]int{{2, 3}, {5, 16}, {3, 7, 20}, {2, 27, 1}} {
		cases = append(cases, Case{Op: "pairdots", Name: fmt.Sprint(inner), Rows: 4, Build: func(m *Maker) *graph.Node {
			return m.PairDots(m.Example(Normal, inner...))
		}})
	}
	for _, c := range []struct{ rows, group, d int }{{5, 4, 3}, {8, 4, 1}, {3, 7, 17}, {13, 1, 5}, {130, 64, 20}} {
		add := func(op string, build func(m *Maker) *graph.Node) {
			cases = append(cases, Case{Op: op, Name: fmt.Sprint(c), Rows: c.rows, Build: build})
		}
		dots := func(m *Maker) *graph.Node {
			return m.GroupDots(m.Example(Normal, c.d), m.Example(Normal, c.d), c.group)
		}
		add("groupdots", func(m *Maker) *graph.Node {
			id := m.Index(3)
			scores := m.Select(m.GroupKeep(id, c.group), dots(m), m.Const(-1e30))
			return m.CrossEntropy(scores, m.GroupPlace(id, c.group), 0)
		})
		add("groupmix", func(m *Maker) *graph.Node {
			z := dots(m)
			return m.Gradient(m.Mul(z, m.Tanh(z)), m.Leaves[:1])[0]
		})
		add("groupmixt", func(m *Maker) *graph.Node {
			z := dots(m)
			return m.Gradient(m.Mul(z, m.Tanh(z)), m.Leaves[1:2])[0]
		})
	}
	return cases
}
