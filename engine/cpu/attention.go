package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/compile"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/internal/rng"
)

// attention is a call of one of the attention kernels, for an example at a time.
type attention struct {
	kernel.Attention
	size          int  // elements of qkv in an example
	qkv, segment  ref  // read by all but the cached one, which has no segment
	lengths       *ref // nil: all positions
	o, stats      *ref // made, each unless nil; read by the gradient
	do, dqkv      ref  // of the gradient
	cache, past   ref  // of the cached one
	cacheElements int  // of an example
}

// newAttention fills what all of them need. The operands begin with qkv and, but
// for the cached one, segment; lengths are last.
func (p *program) newAttention(n *graph.Node) *attention {
	d, qkv := n.Attr.Attention, n.In[0]
	a := &attention{size: qkv.Shape.Size(), qkv: p.operand(n, 0), segment: p.operand(n, 1)}
	a.Attention = kernel.Attention{Heads: d.Heads, KVHeads: d.KVHeads, Dim: d.Dim, Positions: qkv.Shape.Inner()[0], Causal: d.Causal}
	if d.Dropout > 0 {
		a.Drop = kernel.ProbabilityMask{Key: rng.Key(p.opts.Seed, "dropout:"+d.Stream), Threshold: dropThreshold(d.Dropout), Scale: float32(1 / (1 - d.Dropout))}
	}
	if l := n.Lengths(); l != nil {
		a.lengths = p.place(l)
	}
	return a
}

// place returns where a value is, for a field that may be nil.
func (p *program) place(n *graph.Node) *ref {
	r := p.ref(p.plan.Root(n))
	return &r
}

func (p *program) operand(n *graph.Node, i int) ref { return p.ref(p.plan.Root(n.In[i])) }

// prepareAttention makes the result, or the statistics, alone.
func prepareAttention(p *program, n *graph.Node, s *step) error {
	s.run, s.attention = runAttention, p.newAttention(n)
	if n.Op.Name == "attention" {
		s.attention.o = p.place(n)
	} else {
		s.attention.stats = p.place(n)
	}
	return nil
}

// newAttentionPair makes both.
func (p *program) newAttentionPair(u *compile.Unit) step {
	a := p.newAttention(u.Nodes[0])
	a.o, a.stats = p.place(u.Nodes[0]), p.place(u.Nodes[1])
	return step{run: runAttention, attention: a}
}

func prepareAttentionGrad(p *program, n *graph.Node, s *step) error {
	a := p.newAttention(n)
	a.stats, a.o, a.do, a.dqkv = p.place(n.In[2]), p.place(n.In[3]), p.operand(n, 4), p.ref(n)
	s.run, s.attention = runAttentionGrad, a
	return nil
}

func prepareAttentionCached(p *program, n *graph.Node, s *step) error {
	a := p.newAttention(n)
	a.cache, a.past, a.o = p.operand(n, 1), p.operand(n, 2), p.place(n)
	a.cacheElements = n.In[1].Shape.Size()
	s.run, s.attention = runAttentionCached, a
	return nil
}

// of returns the kernel's description of example r of the micro-batch. It is the
// worker's own until the next call: one on the stack would be moved to the heap.
func (a *attention) of(p *program, w *worker, r int) *kernel.Attention {
	k := &w.attention
	*k = a.Attention
	k.Length, k.Segment = k.Positions, int(p.f32(&a.segment)[0])
	if a.lengths != nil {
		k.Length = min(k.Length, max(0, int(p.i32(a.lengths)[r])))
	}
	k.Drop.Position = p.position(r)
	return k
}

// example returns the part of example r in a value of so many elements each.
func (p *program) example(x *ref, r, size int) []float32 { return p.f32(x)[r*size:][:size] }

func runAttention(p *program, w *worker, s *step, r0, r1 int) {
	a := s.attention
	for r := r0; r < r1; r++ {
		k := a.of(p, w, r)
		var o, stats []float32
		if a.o != nil {
			o = p.example(a.o, r, k.Positions*k.Heads*k.Dim)
		}
		if a.stats != nil {
			stats = p.example(a.stats, r, k.Positions*k.Heads)
		}
		k.Forward(o, stats, p.example(&a.qkv, r, a.size), &w.scratch)
	}
}

func runAttentionGrad(p *program, w *worker, s *step, r0, r1 int) {
	a := s.attention
	for r := r0; r < r1; r++ {
		k := a.of(p, w, r)
		out := k.Positions * k.Heads * k.Dim
		k.Backward(p.example(&a.dqkv, r, a.size), p.example(&a.qkv, r, a.size), p.example(a.stats, r, k.Positions*k.Heads),
			p.example(a.o, r, out), p.example(&a.do, r, out), &w.scratch)
	}
}

func runAttentionCached(p *program, w *worker, s *step, r0, r1 int) {
	a := s.attention
	rows := a.cacheElements / (2 * a.KVHeads * a.Dim)
	for r := r0; r < r1; r++ {
		past := min(rows, max(0, int(p.i32(&a.past)[r])))
		a.Cached(p.example(a.o, r, a.Positions*a.Heads*a.Dim), p.example(&a.qkv, r, a.size), p.example(&a.cache, r, a.cacheElements), past, &w.scratch)
	}
}
