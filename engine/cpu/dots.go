package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
)

// Products of the vectors of one example: s.per vectors of s.k elements.

// prepareDots is for operations whose second operand is (n, d).
func prepareDots(run runFunc) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		s.run, s.per, s.k = run, n.In[1].Shape.Inner()[0], n.In[1].Shape.Last()
		return nil
	}
}

func prepareOuter(p *program, n *graph.Node, s *step) error {
	s.run, s.per, s.k = runOuter, n.Shape.Inner()[0], n.Shape.Last()
	return nil
}

// preparePairs keeps in cols how many sets of vectors an example has, and in
// offset the pairs of a set.
func preparePairs(run runFunc) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		x := n.In[0].Shape
		s.run, s.per, s.k = run, x.Inner()[len(x.Inner())-2], x.Last()
		s.cols, s.offset = x.Size()/(s.per*s.k), s.per*(s.per-1)/2
		return nil
	}
}

func runDots(p *program, w *worker, s *step, r0, r1 int) {
	z, x, y, n, k := p.f32(&s.out), p.f32(&s.a), p.f32(&s.b), s.per, s.k
	for r := r0; r < r1; r++ {
		kernel.Dots(z[r*n:], x[r*k:], y[r*n*k:], n, k)
	}
}

func runMix(p *program, w *worker, s *step, r0, r1 int) {
	x, z, y, n, k := p.f32(&s.out), p.f32(&s.a), p.f32(&s.b), s.per, s.k
	for r := r0; r < r1; r++ {
		kernel.Mix(x[r*k:], z[r*n:], y[r*n*k:], n, k, &w.scratch)
	}
}

func runOuter(p *program, w *worker, s *step, r0, r1 int) {
	y, z, x, n, k := p.f32(&s.out), p.f32(&s.a), p.f32(&s.b), s.per, s.k
	for r := r0; r < r1; r++ {
		kernel.Outer(y[r*n*k:], z[r*n:], x[r*k:], n, k, &w.scratch)
	}
}

func runPairDots(p *program, w *worker, s *step, r0, r1 int) {
	z, x := p.f32(&s.out), p.f32(&s.a)
	for r := r0 * s.cols; r < r1*s.cols; r++ {
		kernel.PairDots(z[r*s.offset:], x[r*s.per*s.k:], s.per, s.k)
	}
}

func runPairDotsGrad(p *program, w *worker, s *step, r0, r1 int) {
	dx, x, dz, size := p.f32(&s.out), p.f32(&s.a), p.f32(&s.b), s.per*s.k
	for r := r0 * s.cols; r < r1*s.cols; r++ {
		kernel.PairDotsGrad(dx[r*size:], x[r*size:], dz[r*s.offset:], s.per, s.k, &w.scratch)
	}
}
