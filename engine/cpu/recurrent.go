package cpu

import (
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
)

// prepareRecurrent is for recurrent layers and their gradients: a, b and c are
// the operands, of which there are so many before a state, which may be absent
// and is in parts; k are the columns of h.
func prepareRecurrent(run runFunc, operands int) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		s.run = run
		s.k = n.In[1].Shape.Dims[0]
		s.per, s.cols = n.Shape.Inner()[0], n.Shape.Last()
		s.parts = make([]ref, 1)
		if len(n.In) > operands {
			s.parts[0] = p.ref(p.plan.Root(n.In[operands]))
		}
		return nil
	}
}

// state returns the states of examples from r on, nil if there are none.
func (s *step) state(p *program, r, width int) []float32 {
	if state := p.f32(&s.parts[0]); state != nil {
		return state[r*width:]
	}
	return nil
}

func runLSTM(p *program, w *worker, s *step, r0, r1 int) {
	from, n := r0*s.per, r1-r0
	state := s.state(p, r0, 2*s.k)
	kernel.LSTM(p.f32(&s.out)[from*s.cols:], p.f32(&s.a)[from*4*s.k:], s.b.f32, state, n, s.per, s.k, &w.scratch)
}

func runLSTMGrad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := r0*s.per, r1-r0
	y := p.f32(&s.a)[from*kernel.LSTMColumns*s.k:]
	kernel.LSTMGrad(p.f32(&s.out)[from*s.cols:], y, s.b.f32, p.f32(&s.c)[from*s.k:], n, s.per, s.k, &w.scratch)
}

func runGRU(p *program, w *worker, s *step, r0, r1 int) {
	from, n := r0*s.per, r1-r0
	state := s.state(p, r0, s.k)
	kernel.GRU(p.f32(&s.out)[from*s.cols:], p.f32(&s.a)[from*3*s.k:], s.b.f32, s.c.f32, state, n, s.per, s.k, &w.scratch)
}

func runGRUGrad(p *program, w *worker, s *step, r0, r1 int) {
	from, n := r0*s.per, r1-r0
	y := p.f32(&s.a)[from*kernel.GRUColumns*s.k:]
	kernel.GRUGrad(p.f32(&s.out)[from*s.cols:], y, s.b.f32, p.f32(&s.c)[from*s.k:], n, s.per, s.k, &w.scratch)
}
