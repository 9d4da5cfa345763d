package oracle

import (
	"fmt"

	"github.com/descent-ml/descent/collective"
)

// sums returns the sums over examples of the current pass, in order of nodes.
func (p *Program) sums() []Array {
	var sums []Array
	for _, n := range p.g.Nodes {
		if crossing(n) && passOf(n) == p.pass {
			sums = append(sums, p.values[n.ID])
		}
	}
	return sums
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
	p.tree.Push(part)
	p.shard++
}

// Parts implements engine.Program.
func (p *Program) Parts() []collective.Part { return p.tree.Parts() }

// Adopt implements engine.Program: the total takes the place of the tree.
func (p *Program) Adopt(total []float64) {
	p.tree.Reset()
	for _, s := range p.sums() {
		total = total[copy(s.Data, total):]
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
