package cpu

import (
	"fmt"

	"github.com/descent-ml/descent/collective"
)

// shards are the sums of the shards that have ended in the current pass, added
// as far as the tree over the shards allows.
type shards struct {
	tree  collective.Tree
	slots [][]float64 // memory for the parts of the tree
	next  int         // the shard that ends next
	whole bool        // the totals of the pass are those of all shards
}

// open takes memory for the parts out of the arena.
func (t *shards) open(p *program) {
	if p.opts.Shards < 2 {
		return
	}
	var most int64
	for _, slab := range p.plan.Slabs {
		most = max(most, slab.Bytes)
	}
	for i := range collective.Slots(p.opts.First, p.opts.Own) {
		t.slots = append(t.slots, p.arena.f64(p.fixed(p.plan.Spare)+int64(i)*most, int(most/8)))
	}
}

func (t *shards) reset(first int) {
	t.tree.Reset()
	t.next, t.whole = first, false
}

// EndShard implements engine.Program.
func (p *program) EndShard(index int) {
	if p.opts.Shards < 2 {
		return
	}
	if index != p.shards.next || index >= p.opts.First+p.opts.Own {
		panic(fmt.Sprintf("engine/cpu: end of shard %d, want %d of [%d, %d)", index, p.shards.next, p.opts.First, p.opts.First+p.opts.Own))
	}
	p.pass = &p.passes[p.now]
	cost := 0.0
	if p.done > p.pass.leaf {
		cost = p.pass.sumsCost
	}
	p.launch(shardEnds, len(p.pass.cuts), p.pass.cutHomes, cost)
	p.shards.push(index, p.pass.slab)
	p.before, p.done = p.before+p.done, 0
}

// push adds the sum of a shard, which is in slab, to the tree. If it waits
// there, it waits in a slot.
func (t *shards) push(index int, slab []float64) {
	t.next = index + 1
	parts := t.tree.Parts()
	part := collective.Part{First: index, Shards: 1, Sum: slab}
	if n := len(parts); n == 0 || !collective.Merges(parts[n-1], part) {
		part.Sum = t.slots[n][:len(slab)]
		copy(part.Sum, slab)
	}
	t.tree.Push(part)
}

// Parts implements engine.Program.
func (p *program) Parts() []collective.Part { return p.shards.tree.Parts() }

// Adopt implements engine.Program.
func (p *program) Adopt(total []float64) {
	copy(p.passes[p.now].slab, total)
	p.shards.whole = true
}

// finish brings the sum of all shards into the totals of the pass.
func (t *shards) finish(slab []float64) {
	if t.whole {
		return
	}
	if total := t.tree.Total(); total != nil {
		copy(slab, total)
		return
	}
	clear(slab)
}
