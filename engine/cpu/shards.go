package cpu

import (
	"fmt"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/internal/compile"
)

// shards are the sums of the shards that have ended in the current pass, added
// as far as the tree over the shards allows.
type shards struct {
	tree   collective.Tree
	own    collective.Part   // memory for the shard that ends; its Sum is the slab of the pass
	slots  []collective.Part // memory for the parts of the tree
	marks  collective.Tree   // what the tree had at the end of the first piece
	held   []collective.Part // memory for its parts
	tables []*touched        // whose sums are in Part.Sparse, in order
	sums   [][][]*rowSum     // by pass and table
	next   int               // the shard that ends next
	whole  bool              // own has the totals of all shards
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
	touched, _ := p.plan.RowSums(0)
	slots := collective.Slots(p.opts.First, p.opts.Own)
	for i := range p.plan.Slots + 1 {
		var part collective.Part
		for _, n := range touched {
			part.Sparse = append(part.Sparse, p.sparsePart(p.plan.Touched[n], i))
		}
		if i == 0 {
			t.own = part
			continue
		}
		part.Sum = p.arena.f64(p.fixed(p.plan.Spare)+int64(i-1)*most, int(most/8))
		if i <= slots {
			t.slots = append(t.slots, part)
		} else {
			t.held = append(t.held, part)
		}
	}
	for _, n := range touched {
		t.tables = append(t.tables, p.touched[n])
	}
}

// sparsePart returns place i for what a shard has summed of a table.
func (p *program) sparsePart(t *compile.Touched, i int) collective.Sparse {
	at := p.fixed(t.Parts) + int64(i)*t.PartBytes
	rows := (4*int64(t.Most) + 63) &^ 63
	return collective.Sparse{Rows: p.arena.i32(at, t.Most)[:0], Sum: p.arena.f64(at+rows, t.Most*t.Cols)[:0]}
}

// bindSums finds the sums of touched rows of each pass and table.
func (t *shards) bindSums(p *program) {
	t.sums = make([][][]*rowSum, len(p.passes))
	for i := range p.passes {
		t.sums[i] = make([][]*rowSum, len(t.tables))
		steps := p.passes[i].reduce
		for j := range steps {
			if s := steps[j].sum.touched; s != nil {
				for k, table := range t.tables {
					if table == s.touched {
						t.sums[i][k] = append(t.sums[i][k], s)
					}
				}
			}
		}
	}
}

func (t *shards) reset(first int) {
	t.tree.Reset()
	t.marks.Reset()
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
	p.shards.collect(p)
	p.shards.push(index)
	p.before, p.done = p.before+p.done, 0
	p.resetTouched()
}

// collect makes own the sums of the shard that ends.
func (t *shards) collect(p *program) {
	t.own.Sum = p.pass.slab
	for i, table := range t.tables {
		t.own.Sparse[i].Rows = append(t.own.Sparse[i].Rows[:0], p.listed(table)...)
		widen(&t.own.Sparse[i], t.sums[p.now][i])
	}
}

// listed returns the rows that a table lists in the current pass; none if it
// lists none.
func (p *program) listed(table *touched) []int32 {
	for i := range p.pass.touch {
		if p.pass.touch[i].touched == table {
			return table.table.Rows()
		}
	}
	return nil
}

// widen puts the sums of the rows of s side by side into it.
func widen(s *collective.Sparse, sums []*rowSum) {
	s.Cols = 0
	for _, sum := range sums {
		s.Cols += sum.chains.Cols
	}
	s.Sum = s.Sum[:len(s.Rows)*s.Cols]
	from := 0
	for _, sum := range sums {
		for r := range s.Rows {
			sum.chains.Wide(s.Sum[r*s.Cols+from:][:sum.chains.Cols], r)
		}
		from += sum.chains.Cols
	}
}

// narrow makes the sums of a table what s has.
func narrow(table *touched, sums []*rowSum, s *collective.Sparse) {
	table.table.List(s.Rows)
	from := 0
	for _, sum := range sums {
		for r := range s.Rows {
			sum.chains.Set(r, s.Sum[r*s.Cols+from:][:sum.chains.Cols])
		}
		from += sum.chains.Cols
	}
}

// push adds own, the sum of a shard, to the tree. If it waits there, it waits in
// a slot.
func (t *shards) push(index int) {
	t.next = index + 1
	t.own.First, t.own.Shards = index, 1
	parts := t.tree.Parts()
	if n := len(parts); n == 0 || !collective.Merges(parts[n-1], t.own) {
		t.slots[n].Copy(t.own)
		t.tree.Push(t.slots[n])
		return
	}
	t.tree.Push(t.own)
}

// Parts implements engine.Program.
func (p *program) Parts() []collective.Part { return p.shards.tree.Parts() }

// Adopt implements engine.Program.
func (p *program) Adopt(total *collective.Part) {
	p.shards.own.Sum = p.passes[p.now].slab
	p.shards.own.Copy(*total)
	p.shards.whole = true
}

// finish brings the sum of all shards into the totals of the pass.
func (t *shards) finish(p *program) {
	total := &t.own
	if !t.whole {
		if total = t.tree.Total(); total == nil {
			clear(p.pass.slab)
			return
		}
		copy(p.pass.slab, total.Sum)
	}
	for i, table := range t.tables {
		if len(t.sums[p.now][i]) > 0 || len(total.Sparse[i].Rows) > 0 {
			narrow(table, t.sums[p.now][i], &total.Sparse[i])
		}
	}
}
