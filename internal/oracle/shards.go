package oracle

import (
	"fmt"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/graph"
)

// sums returns the sums over examples of the current pass, in order of nodes,
// but for those of touched rows.
func (p *Program) sums() []Array {
	var sums []Array
	for _, n := range p.g.Nodes {
		if crossing(n) && !n.Shape.Touched() && passOf(n) == p.pass && p.runs(n) {
			sums = append(sums, p.values[n.ID])
		}
	}
	return sums
}

// tables returns the nodes that list touched rows.
func (p *Program) tables() (tables []*graph.Node) {
	for _, n := range p.g.Nodes {
		if n.Rows == n {
			tables = append(tables, n)
		}
	}
	return tables
}

// rowSums returns the sums of touched rows of a table in the current pass.
func (p *Program) rowSums(table *graph.Node) (sums []*graph.Node) {
	for _, n := range p.g.Nodes {
		if crossing(n) && n.Rows == table && n != table && passOf(n) == p.pass {
			sums = append(sums, n)
		}
	}
	return sums
}

// sparse returns what the current pass has of a table, its sums side by side.
func (p *Program) sparse(table *graph.Node) (s collective.Sparse) {
	sums := p.rowSums(table)
	if len(sums) == 0 && passOf(table) != p.pass {
		return s
	}
	for _, n := range sums {
		s.Cols += n.Shape.Size()
	}
	for r, row := range p.values[table.ID].Data {
		s.Rows = append(s.Rows, int32(row))
		for _, n := range sums {
			s.Sum = append(s.Sum, p.rowOf(n, r)...)
		}
	}
	return s
}

// rowOf returns row r of a sum, zeros if it has not come to it.
func (p *Program) rowOf(n *graph.Node, r int) []float64 {
	if a := p.values[n.ID]; r < a.Dims[0] {
		return a.row(r)
	}
	return make([]float64, n.Shape.Size())
}

// setSparse is the inverse of sparse; it writes to values, which are by node.
func (p *Program) setSparse(table *graph.Node, s collective.Sparse, values []Array) {
	if passOf(table) == p.pass {
		a := zeros(table, len(s.Rows))
		for r, row := range s.Rows {
			a.Data[r] = float64(row)
		}
		values[table.ID] = a
	}
	from := 0
	for _, n := range p.rowSums(table) {
		a := zeros(n, len(s.Rows))
		for r := range s.Rows {
			copy(a.row(r), s.Sum[r*s.Cols+from:])
		}
		from += n.Shape.Size()
		values[n.ID] = a
	}
}

// EndShard implements engine.Program: it puts the shard's sums into the tree
// and goes on with sums of 0.
func (p *Program) EndShard(index int) {
	if p.o.Shards < 2 {
		return
	}
	if index != p.shard {
		panic(fmt.Sprintf("oracle: end of shard %d, want %d", index, p.shard))
	}
	part := collective.Part{First: index, Shards: 1}
	for _, s := range p.sums() {
		part.Sum = append(part.Sum, s.Data...)
		clear(s.Data)
	}
	for _, n := range p.tables() {
		part.Sparse = append(part.Sparse, p.sparse(n))
		p.setSparse(n, collective.Sparse{}, p.values)
	}
	p.tree.Push(part)
	p.shard++
}

// Parts implements engine.Program.
func (p *Program) Parts() []collective.Part { return p.tree.Parts() }

// Adopt implements engine.Program: the total takes the place of the tree.
func (p *Program) Adopt(total *collective.Part) {
	p.tree.Reset()
	p.unpack(total, p.values)
}

// unpack writes the sums of the current pass in total to values, which are by node.
func (p *Program) unpack(total *collective.Part, values []Array) {
	sum := total.Sum
	for _, n := range p.g.Nodes {
		if crossing(n) && !n.Shape.Touched() && passOf(n) == p.pass && p.runs(n) {
			a := zeros(n, 0)
			sum = sum[copy(a.Data, sum):]
			values[n.ID] = a
		}
	}
	for i, n := range p.tables() {
		p.setSparse(n, total.Sparse[i], values)
	}
}

// endShards brings the sum of the tree, if there is one, into the sums of the
// pass.
func (p *Program) endShards() {
	if total := p.tree.Total(); total != nil {
		p.Adopt(total)
	}
	p.shard = p.o.First
}
