package numtest

import (
	"fmt"

	"github.com/descent-ml/descent/graph"
)

// touchedCases look rows up in sparse parameters: once and several times for an
// example, in one table by two fields, in batches around and over a leaf, where
// nearly all rows are touched and where few are. Their gradients and updates,
// which every check of an engine adds, are of touched rows.
func touchedCases() []Case {
	var cases []Case
	for _, c := range []struct{ table, dim, positions, rows int }{
		{4, 3, 1, 5}, {1, 1, 2, 3}, {40, 17, 3, 7}, {1000, 16, 1, 33}, {9, 5, 1, 513}, {700, 2, 2, 600}, {30, 64, 20, 60},
	} {
		cases = append(cases, Case{Op: "sumrows", Name: fmt.Sprint(c), Rows: c.rows, Build: func(m *Maker) *graph.Node {
			return m.Tanh(m.Gather(m.Table(Normal, c.table, c.dim), m.Index(c.table, c.positions)))
		}}, Case{Op: "sumrows", Name: fmt.Sprint(c, "twice"), Rows: c.rows, Build: func(m *Maker) *graph.Node {
			t, other := m.Table(Normal, c.table, c.dim), m.Table(Normal, c.table+3, c.dim)
			one, more := m.Gather(t, m.Index(c.table)), m.Gather(t, m.Index(c.table, c.positions))
			return m.Mul(m.ReduceSum(m.Mul(one, m.Gather(other, m.Index(c.table+3))), 1), m.ReduceMean(more, 2))
		}})
	}
	return cases
}
