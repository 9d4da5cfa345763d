package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	"github.com/descent-ml/descent/internal/kernel"
)

// chainState is how far the sums of rows are: the terms of a row are a float32
// chain in each leaf of graph.LeafTerms of them, and rows with more have a
// float64 total.
type chainState struct {
	terms  []int32 // by place: of the open leaf
	total  []int32 // by place: its total, from 1; 0 is none
	totals int     // how many there are, if not one for each place
	whole  bool    // the total of a place is that of the same number
}

// chainState binds the state of chains to memory.
func (p *program) chainState(at *compile.Touched) chainState {
	return chainState{terms: p.arena.i32(p.fixed(at.Terms), at.Most), total: p.arena.i32(p.fixed(at.Total), at.Most)}
}

// clear makes all rows ones without terms.
func (s *chainState) clear() {
	s.totals = 0
	clear(s.terms)
	clear(s.total)
}

// encode counts a term of the row at each place, in order, and writes the codes
// of the terms: how the row's chain goes on. Codes may replace the places. It has
// no branch on whether a term is its row's first, which is as good as random.
func (s *chainState) encode(codes, places []int32) {
	codes = codes[:len(places)]
	for i, place := range places {
		n := s.terms[place]
		if n == graph.LeafTerms {
			codes[i] = kernel.Code(place, s.close(place))
			continue
		}
		s.terms[place] = n + 1
		first := int32(uint32(n-1) >> 31)
		codes[i] = kernel.Code(place, first*kernel.CodeFirst) // else CodeAdd, which is 0
	}
}

// close ends a leaf of the row at a place and begins the next with a term.
func (s *chainState) close(place int32) int32 {
	s.terms[place] = 1
	if s.total[place] > 0 {
		return kernel.CodeClose
	}
	if s.totals++; s.whole {
		s.totals = int(place) + 1
	}
	s.total[place] = int32(s.totals)
	return kernel.CodeStart
}

// tableSum is a sum of all rows of a table: scatterexamples. The place of a row
// is its number.
type tableSum struct {
	index, y ref
	per      int // indices of an example
	state    chainState
	chains   kernel.Chains
	codes    [256]int32
}

func (p *program) newTableSum(n *graph.Node) *tableSum {
	s := &tableSum{index: p.ref(p.plan.Root(n.In[0])), y: p.ref(p.plan.Root(n.In[1])), per: n.In[0].Shape.Size()}
	s.state = p.chainState(p.plan.Touched[n])
	s.state.whole = true
	s.chains = kernel.Chains{Chain: p.ref(n).f32, Total: s.state.total, Cols: n.Shape.Last()}
	if at := p.plan.Buffers[n].Acc; at >= 0 {
		s.chains.Totals = p.arena.f64(p.fixed(at), n.Shape.Size())
	}
	return s
}

// accumulate adds the micro-batch.
func (s *tableSum) accumulate(p *program) {
	if p.done == 0 {
		clear(s.chains.Chain)
		s.state.clear()
	}
	rows, y := p.i32(&s.index)[:p.rows*s.per], p.f32(&s.y)
	for len(rows) > 0 {
		n := min(len(rows), len(s.codes))
		s.state.encode(s.codes[:n], rows[:n])
		s.chains.Add(y, s.codes[:n], 0, s.chains.Cols)
		rows, y = rows[n:], y[n*s.chains.Cols:]
	}
}

// endShard leaves the sums of a shard in the totals.
func (s *tableSum) endShard() {
	cols := s.chains.Cols
	for r, total := range s.state.total {
		acc, chain := s.chains.Totals[r*cols:(r+1)*cols], s.chains.Chain[r*cols:(r+1)*cols]
		if total == 0 {
			kernel.StartF64(acc, chain)
		} else {
			kernel.AddF64(acc, chain)
		}
	}
}

// finish makes the chains the sums of a batch without shards.
func (s *tableSum) finish() { s.chains.End(len(s.state.total), 0, s.chains.Cols) }
