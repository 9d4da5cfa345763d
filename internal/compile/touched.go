package compile

import (
	"slices"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/places"
	"github.com/descent-ml/descent/tensor"
)

// Touched is the memory in which a batch lists the rows that it touches: offsets
// into the fixed part of the arena, of int32 values. All of it is bounded by the
// indices of a batch. Of a scatterexamples, which sums all rows of a table, it is
// the state of their chains alone.
type Touched struct {
	Most   int // rows
	Hashes int // pairs of the hash: see places.Hashes
	Codes  int // indices of a micro-batch, each with the place of its row
	Totals int // rows whose sum may need a float64 total
	Cols   int // most columns of the sums of one pass

	Hash, Code, Terms, Total int64

	// Parts is the first of Plan.Slots + 1 places, PartBytes apart, for what a
	// shard has summed: Most rows, aligned, then Cols float64 sums of each.
	Parts, PartBytes int64
}

// touchedRows reports whether n lists the rows that a batch touches.
func touchedRows(n *graph.Node) bool { return n.Op.Name == "touched" }

// gathersInPlace reports whether n is the touched rows of a variable, which
// element-wise readers gather themselves: a tile of rows at a time, in L1.
func (s *state) gathersInPlace(n *graph.Node) bool {
	return n.Op.Name == "gathertouched" && s.liveNode[n.ID] && !slices.Contains(s.results(), n) &&
		!slices.ContainsFunc(s.users[n.ID], func(u *graph.Node) bool {
			return u.Op.Class != graph.Elementwise || u.Shape.DType != tensor.F32
		})
}

// placeTouched places the lists of touched rows and what finds a row's place.
func (s *state) placeTouched() {
	s.plan.Touched = map[*graph.Node]*Touched{}
	for _, n := range s.g.Nodes {
		if n.Op.Name == "scatterexamples" && s.computed(n) {
			rows := n.Attr.Int
			s.plan.Touched[n] = &Touched{Most: rows, Terms: s.fixed(4 * int64(rows)), Total: s.fixed(4 * int64(rows))}
		}
		if !touchedRows(n) || !s.computed(n) {
			continue
		}
		t := &Touched{Most: n.MostTouched(s.o.Whole), Codes: s.o.Rows * n.Indices()}
		t.Hashes = places.Hashes(t.Most)
		t.Totals = min(t.Most, s.o.Batch*n.Indices()/(graph.LeafTerms+1))
		t.Hash, t.Code = s.fixed(8*int64(t.Hashes)), s.fixed(4*int64(t.Codes))
		t.Terms, t.Total = s.fixed(4*int64(t.Most)), s.fixed(4*int64(t.Most))
		if s.o.Shards {
			s.placeParts(n, t)
		}
		s.plan.Touched[n] = t
	}
}

// placeParts places what shards have summed of a table.
func (s *state) placeParts(n *graph.Node, t *Touched) {
	for pass := range s.plan.Passes {
		cols := 0
		for _, sum := range s.rowSums(n, pass) {
			cols += sum.Shape.Size()
		}
		t.Cols = max(t.Cols, cols)
	}
	t.PartBytes = alignUp(4*int64(t.Most)) + alignUp(8*int64(t.Most*t.Cols))
	t.Parts = s.fixed(t.PartBytes * int64(s.plan.Slots+1))
}

// rowSums returns the sums of touched rows in a pass.
func (s *state) rowSums(touched *graph.Node, pass int) (sums []*graph.Node) {
	for _, n := range s.g.Nodes {
		if n.Op.Name == "sumrows" && n.Rows == touched && s.computed(n) && s.passOf[n.ID] == pass {
			sums = append(sums, n)
		}
	}
	return sums
}

// RowSums returns, in order, the nodes that list touched rows and, for each, the
// sums over them in a pass.
func (p *Plan) RowSums(pass int) (touched []*graph.Node, sums [][]*graph.Node) {
	for _, n := range p.state.g.Nodes {
		if touchedRows(n) && p.state.computed(n) {
			touched, sums = append(touched, n), append(sums, p.state.rowSums(n, pass))
		}
	}
	return touched, sums
}

// placeRowTotals places the totals of sums of touched rows, which few rows need:
// none of a row with at most graph.LeafTerms terms.
func (s *state) placeRowTotals() {
	for _, n := range s.g.Nodes {
		b, t := s.plan.Buffers[n], s.plan.Touched[n.Rows]
		if b != nil && t != nil && t.Totals > 0 && n.Op.Name == "sumrows" {
			b.Acc = s.fixed(8 * int64(t.Totals*n.Shape.Size()))
		}
	}
}

// most returns how often a value's shape is repeated at most: for each touched
// row.
func (s *state) most(n *graph.Node) int64 {
	if n.Shape.Touched() {
		return int64(n.MostTouched(s.o.Whole))
	}
	return 1
}
