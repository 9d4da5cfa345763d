package collective

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Tree adds parts as the shards' tree says, in place: Push merges a part into
// what it is the other half of, Total adds what is left from right to left.
type Tree struct {
	parts  []Part
	merger merger
}

// Push takes the next part, in ascending order. The sums of merged parts are
// added into the left one; touched rows that it lacks are appended to its slices.
func (t *Tree) Push(p Part) {
	for n := len(t.parts); n > 0 && Merges(t.parts[n-1], p); n = len(t.parts) {
		left := t.parts[n-1]
		t.merger.merge(&left, &p)
		left.Shards += p.Shards
		p = left
		t.parts = t.parts[:n-1]
	}
	t.parts = append(t.parts, p)
}

// Parts returns the parts that wait for their other halves.
func (t *Tree) Parts() []Part { return t.parts }

// Reset forgets all parts.
func (t *Tree) Reset() { t.parts = t.parts[:0] }

// Total adds all parts into the first and returns it; nil if there is none.
func (t *Tree) Total() *Part {
	n := len(t.parts)
	if n == 0 {
		return nil
	}
	for i := n - 1; i > 0; i-- {
		t.merger.merge(&t.parts[i-1], &t.parts[i])
		t.parts[i-1].Shards += t.parts[i].Shards
	}
	t.parts = t.parts[:1]
	return &t.parts[0]
}

// Slots returns how many parts a worker that carries the shards
// [first, first+own) holds at most at once.
func Slots(first, own int) int {
	var t Tree
	most := 0
	for r := first; r < first+own; r++ {
		t.Push(Part{First: r, Shards: 1})
		most = max(most, len(t.parts))
	}
	return most
}

// ErrLeft is what waiting workers get when another has failed.
var ErrLeft = errors.New("collective: another worker failed")

// Local returns the ends of a group of n workers in one process. A worker that
// fails calls Leave, so that the others do not wait for it.
func Local(n int) []*Member {
	h := &hall{parts: make([][]Part, n), totals: make([]*Part, n)}
	h.cond.L = &h.mu
	members := make([]*Member, n)
	for i := range members {
		members[i] = &Member{hall: h, rank: i}
	}
	return members
}

// Member is one end of a Local group.
type Member struct {
	hall  *hall
	rank  int
	parts []Part // copies of its share of the sums, kept for the next round
	tree  Tree
}

var _ Group = (*Member)(nil)

// hall is where the workers of a process meet.
type hall struct {
	mu      sync.Mutex
	cond    sync.Cond
	parts   [][]Part
	totals  []*Part
	arrived int
	round   int
	failed  bool
}

// Rank implements Group.
func (m *Member) Rank() int { return m.rank }

// Size implements Group.
func (m *Member) Size() int { return len(m.hall.parts) }

// Sum implements Group. Every worker adds its own share of the elements and of the
// tables of all parts and writes it to every total.
func (m *Member) Sum(ctx context.Context, parts []Part, total *Part) error {
	h := m.hall
	if len(parts) > 0 {
		total.resize(parts[0])
	}
	h.parts[m.rank], h.totals[m.rank] = parts, total
	if err := h.meet(ctx); err != nil {
		return err
	}
	from, to := Range(len(total.Sum), len(h.parts), m.rank)
	sum := m.share(from, to)
	for _, t := range h.totals {
		copy(t.Sum[from:to], sum.Sum)
		for i := range sum.Sparse {
			t.Sparse[m.rank+i*len(h.parts)].Copy(sum.Sparse[i])
		}
	}
	return h.meet(ctx)
}

// resize makes room for sums like those of a part.
func (p *Part) resize(like Part) {
	p.Sum = slices.Grow(p.Sum[:0], len(like.Sum))[:len(like.Sum)]
	p.Sparse = sized(p.Sparse, len(like.Sparse))
}

// share adds, of the parts of all workers, elements [from, to) and the tables
// whose turn in the order of workers it is.
func (m *Member) share(from, to int) *Part {
	m.tree.Reset()
	n := 0
	for _, parts := range m.hall.parts {
		for _, p := range parts {
			if n == len(m.parts) {
				m.parts = append(m.parts, Part{})
			}
			own := &m.parts[n]
			own.First, own.Shards = p.First, p.Shards
			own.Sum = append(own.Sum[:0], p.Sum[from:to]...)
			own.copyEvery(p.Sparse, m.rank, len(m.hall.parts))
			m.tree.Push(*own)
			n++
		}
	}
	return m.tree.Total()
}

// copyEvery copies the tables number rank, rank + step, and so on.
func (p *Part) copyEvery(src []Sparse, rank, step int) {
	p.Sparse = sized(p.Sparse, max(0, (len(src)-rank+step-1)/step))
	for i := range p.Sparse {
		p.Sparse[i].Copy(src[rank+i*step])
	}
}

// Leave makes every worker that waits, now or later, fail. Join undoes it once
// all have returned.
func (m *Member) Leave() {
	m.hall.mu.Lock()
	defer m.hall.mu.Unlock()
	m.hall.failed = true
	m.hall.cond.Broadcast()
}

// Join makes the group ready again after a failure. No worker may be in Sum.
func (m *Member) Join() {
	m.hall.mu.Lock()
	defer m.hall.mu.Unlock()
	m.hall.failed, m.hall.arrived = false, 0
}

// meet waits for all workers.
func (h *hall) meet(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.cond.Broadcast()
	})
	defer stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	round := h.round
	if h.arrived++; h.arrived == len(h.parts) {
		h.arrived = 0
		h.round++
		h.cond.Broadcast()
	}
	for h.round == round && !h.failed && ctx.Err() == nil {
		h.cond.Wait()
	}
	switch {
	case h.round != round:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return ErrLeft
}
