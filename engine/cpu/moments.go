package cpu

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
)

// Batch normalization: sums over the batch with two totals for each channel,
// what they make of the channels, and groups of examples.

// newMoments prepares a sum of moments: its columns can be cut.
func (p *program) newMoments(n *graph.Node, s *sum) {
	s.halves, s.leaf, s.group = true, 0, n.GroupSize()
	s.rows, s.cols = n.In[0].Shape.Last(), 1
	switch n.Op.Name {
	case "momentsums":
		s.kind, s.z = momentRows, p.ref(p.plan.Root(n.In[1]))
	case "gradsums":
		s.kind, s.y, s.z = gradRows, p.ref(p.plan.Root(n.In[1])), p.ref(p.plan.Root(n.In[2]))
	case "groupsums":
		s.kind, s.whole = groupRows, true
	}
}

// momentRows adds examples [e0, e1) of the micro-batch to channels [c0, c1).
func momentRows(p *program, w *worker, s *sum, c0, c1, e0, e1 int, init kernel.Init) {
	acc := s.start(c0, c1, init)
	kernel.SumMoments(acc[0], acc[1], p.f32(&s.x)[e0*s.per*s.k+c0:], s.z.f32[c0:c1], (e1-e0)*s.per, c1-c0, s.k)
}

func gradRows(p *program, w *worker, s *sum, c0, c1, e0, e1 int, init kernel.Init) {
	acc, at := s.start(c0, c1, init), e0*s.per*s.k+c0
	kernel.SumProducts(acc[0], acc[1], p.f32(&s.x)[at:], p.f32(&s.y)[at:], s.z.f32[c0:c1], (e1-e0)*s.per, c1-c0, s.k)
}

func groupRows(p *program, w *worker, s *sum, c0, c1, e0, e1 int, init kernel.Init) {
	acc := s.start(c0, c1, init)
	for e := e0; e < e1; e += s.group {
		n := min(s.group, e1-e)
		kernel.SumGroupMoments(acc[0], acc[1], p.f32(&s.x)[e*s.per*s.k:], n*s.per, s.k, &w.scratch)
	}
}

// start returns the totals of channels [c0, c1), cleared where a sum begins.
func (s *sum) start(c0, c1 int, init kernel.Init) [2][]float64 {
	acc := s.totals(c0, c1)
	if init == kernel.Zero {
		clear(acc[0])
		clear(acc[1])
	}
	return acc
}

// moments is a function of the sums of each channel.
type moments struct {
	sums, count, third, gamma ref
	eps                       float64
	of                        func(m *moments, j, channels int) float64
}

var momentParts = map[string]func(m *moments, j, channels int) float64{
	"mean": func(m *moments, j, _ int) float64 { return float64(m.third.f32[j]) + m.sums.f64[j]/m.count.f64[0] },
	"scale": func(m *moments, j, channels int) float64 {
		return float64(m.gamma.f32[j]) * m.rstd(j, channels)
	},
	"variance": func(m *moments, j, channels int) float64 {
		n := m.count.f64[0]
		if n <= 1 {
			return 0
		}
		return m.variance(j, channels) * n / (n - 1)
	},
	"second": func(m *moments, j, channels int) float64 { return m.sums.f64[channels+j] / m.count.f64[0] },
}

var momentGradParts = map[string]func(m *moments, j, channels int) float64{
	"center": func(m *moments, j, channels int) float64 {
		return -float64(m.gamma.f32[j]) * m.rstd(j, channels) * m.third.f64[j] / m.count.f64[0]
	},
	"slope": func(m *moments, j, channels int) float64 {
		r := m.rstd(j, channels)
		return -float64(m.gamma.f32[j]) * r * r * r * m.third.f64[channels+j] / m.count.f64[0]
	},
	"gamma": func(m *moments, j, channels int) float64 { return m.rstd(j, channels) * m.third.f64[channels+j] },
	"beta":  func(m *moments, j, _ int) float64 { return m.third.f64[j] },
}

// variance is the biased variance of channel j.
func (m *moments) variance(j, channels int) float64 {
	n := m.count.f64[0]
	mean := m.sums.f64[j] / n
	return max(0, m.sums.f64[channels+j]/n-float64(mean*mean))
}

func (m *moments) rstd(j, channels int) float64 {
	return 1 / math.Sqrt(m.variance(j, channels)+m.eps)
}

func prepareMoments(parts map[string]func(*moments, int, int) float64) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		m := &moments{of: parts[n.Attr.Name], eps: n.Attr.Float}
		if m.of == nil {
			return fmt.Errorf("engine/cpu: no kernel for %s %q", n.Op.Name, n.Attr.Name)
		}
		for i, r := range []*ref{&m.sums, &m.count, &m.third, &m.gamma} {
			*r = p.ref(p.plan.Root(n.In[i]))
		}
		s.moments, s.run = m, runMoments
		return nil
	}
}

func runMoments(p *program, w *worker, s *step, r0, r1 int) {
	out := s.out.f32
	for j := range out {
		out[j] = float32(s.moments.of(s.moments, j, len(out)))
	}
}

// runGroupNormalize works on whole groups: blocks of rows begin with one.
func runGroupNormalize(p *program, w *worker, s *step, r0, r1 int) {
	x, y := p.f32(&s.a), p.f32(&s.out)
	s.eachGroup(r0, r1, func(from, n int) {
		kernel.NormalizeGroup(y[from*s.cols:], x[from*s.cols:], n, s.cols, s.eps64, &w.scratch)
	})
}

func runGroupNormalizeGrad(p *program, w *worker, s *step, r0, r1 int) {
	x, dy, dx := p.f32(&s.a), p.f32(&s.b), p.f32(&s.out)
	s.eachGroup(r0, r1, func(from, n int) {
		at := from * s.cols
		kernel.NormalizeGroupGrad(dx[at:], x[at:], dy[at:], n, s.cols, s.eps64, &w.scratch)
	})
}

// eachGroup calls f with the rows of each group of examples [r0, r1).
func (s *step) eachGroup(r0, r1 int, f func(from, n int)) {
	for e := r0; e < r1; e += s.group {
		f(e*s.per, min(s.group, r1-e)*s.per)
	}
}

func prepareGroup(run runFunc) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		s.run, s.group, s.eps64 = run, n.GroupSize(), n.Attr.Float
		return nil
	}
}
