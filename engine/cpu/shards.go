package cpu

import (
	"fmt"

	"github.com/descent-ml/descent/collective"
)

// shards are the sums of the shards that have ended in the current pass, added
// as far as the tree over the shards allows.
type shards struct {
	parts []collective.Part
	slots [][]float64 // memory for parts: the first len(parts) are in use
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
	n := collective.Slots(p.opts.Shards, p.opts.First, p.opts.Own)
	t.parts = make([]collective.Part, 0, n)
	for i := range n {
		t.slots = append(t.slots, p.arena.f64(p.fixed(p.plan.Spare)+int64(i)*most, int(most/8)))
	}
}

func (t *shards) reset() { t.parts, t.whole = t.parts[:0], false }

// EndShard implements engine.Program.
func (p *program) EndShard(index int) {
	if p.opts.Shards < 2 {
		return
	}
	if want := p.shards.next(p.opts.First); index != want || index >= p.opts.First+p.opts.Own {
		panic(fmt.Sprintf("engine/cpu: end of shard %d, want %d of [%d, %d)", index, want, p.opts.First, p.opts.First+p.opts.Own))
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

// next returns the shard that ends next.
func (t *shards) next(first int) int {
	if n := len(t.parts); n > 0 {
		return t.parts[n-1].First + t.parts[n-1].Shards
	}
	return first
}

// push adds the sum of a shard, which is in slab. What it is the second half
// of takes it in; else it waits in a slot.
func (t *shards) push(index int, slab []float64) {
	cur := collective.Part{First: index, Shards: 1, Sum: slab}
	for n := len(t.parts); n > 0 && collective.Merges(t.parts[n-1], cur); n = len(t.parts) {
		left := t.parts[n-1]
		collective.Add(left.Sum, cur.Sum)
		cur = collective.Part{First: left.First, Shards: left.Shards + cur.Shards, Sum: left.Sum}
		t.parts = t.parts[:n-1]
	}
	if cur.Shards == 1 {
		cur.Sum = t.slots[len(t.parts)][:len(slab)]
		copy(cur.Sum, slab)
	}
	t.parts = append(t.parts, cur)
}

// Parts implements engine.Program.
func (p *program) Parts() []collective.Part { return p.shards.parts }

// Adopt implements engine.Program.
func (p *program) Adopt(total []float64) {
	copy(p.passes[p.now].slab, total)
	p.shards.whole = true
}

// finish brings the sum of all shards into the totals of the pass: what Adopt
// was given, or the parts added from the last to the first.
func (t *shards) finish(p *program) {
	if t.whole {
		return
	}
	n := len(t.parts)
	for i := n - 1; i > 0; i-- {
		collective.Add(t.parts[i-1].Sum, t.parts[i].Sum)
	}
	if n > 0 {
		copy(p.passes[p.now].slab, t.parts[0].Sum)
	} else {
		clear(p.passes[p.now].slab)
	}
}
