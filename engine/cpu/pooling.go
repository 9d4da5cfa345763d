package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
)

// Pooling of images: s.pool has the windows; s.k and s.cols are the elements of
// an example of the first operand and of the result.

func preparePool(run runFunc) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		image := n.In[0].Shape.Inner()
		if len(n.Attr.Dims) > 0 {
			image = n.Attr.Dims
		}
		s.run, s.per, s.cols, s.k = run, 1, n.Shape.Size(), n.In[0].Shape.Size()
		s.pool = kernel.NewPool(spans(n.Attr.Pool, 0, image[0]), spans(n.Attr.Pool, 1, image[1]), image[0], image[1], n.Shape.Last())
		return nil
	}
}

// spans are the windows along an axis of length n.
func spans(p graph.Pool, axis, n int) []kernel.Span {
	windows := p.Windows(axis, n)
	s := make([]kernel.Span, len(windows))
	for i, w := range windows {
		s[i] = kernel.Span(w)
	}
	return s
}

func runMaxPool(p *program, w *worker, s *step, r0, r1 int) {
	s.pool.Max(p.f32(&s.out)[r0*s.cols:], p.f32(&s.a)[r0*s.k:], r1-r0)
}

func runMaxPoolGrad(p *program, w *worker, s *step, r0, r1 int) {
	size := s.pool.Size()
	s.pool.MaxGrad(p.f32(&s.out)[r0*s.cols:], p.f32(&s.a)[r0*s.k:], p.f32(&s.b)[r0*size:], p.f32(&s.c)[r0*size:], r1-r0, &w.scratch)
}

func runAvgPool(p *program, w *worker, s *step, r0, r1 int) {
	s.pool.Avg(p.f32(&s.out)[r0*s.cols:], p.f32(&s.a)[r0*s.k:], r1-r0)
}

func runAvgPoolGrad(p *program, w *worker, s *step, r0, r1 int) {
	s.pool.AvgGrad(p.f32(&s.out)[r0*s.cols:], p.f32(&s.a)[r0*s.k:], r1-r0)
}
