package cpu

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/internal/portmath"
	"github.com/descent-ml/descent/tensor"
)

// turns are the angles of a rotary embedding: for each position the cosines of
// half a block's pairs, then their sines. Calls on several threads share one;
// it grows where a position is beyond it.
type turns struct {
	half int
	rate []float64 // angle of each pair for a step of one position
	grow sync.Mutex
	rows atomic.Pointer[[]float32]
}

// maxPosition is beyond any position: angles stay accurate below it.
const maxPosition = 1 << 20

func newTurns(dim int, base float64, positions int) *turns {
	t := &turns{half: dim / 2}
	for j := range t.half {
		t.rate = append(t.rate, portmath.Exp(-portmath.Log(base)*float64(2*j)/float64(dim)))
	}
	t.rows.Store(&[]float32{})
	t.upTo(positions)
	return t
}

// upTo returns the table of at least n positions. A position that is no such
// thing panics, as an index outside a table does.
func (t *turns) upTo(n int) []float32 {
	if rows := *t.rows.Load(); len(rows) >= n*2*t.half {
		return rows
	}
	if n > maxPosition {
		panic("engine/cpu: rotary: a position beyond 2^20")
	}
	t.grow.Lock()
	defer t.grow.Unlock()
	old := *t.rows.Load()
	have := len(old) / (2 * t.half)
	if have >= n {
		return old
	}
	rows := make([]float32, max(n, 2*have)*2*t.half)
	copy(rows, old)
	for p := have; p < len(rows)/(2*t.half); p++ {
		row := rows[p*2*t.half:]
		for j, rate := range t.rate {
			sin, cos := portmath.Sincos(float64(float64(p) * rate))
			row[j], row[t.half+j] = float32(cos), float32(sin)
		}
	}
	t.rows.Store(&rows)
	return rows
}

// prepareRotary finds the operands x and, if there are any, past (in b) and the
// segment (in c). cols are the channels, k those that turn, perm heads and dim.
func prepareRotary(p *program, n *graph.Node, s *step) error {
	s.run, s.offset, s.perm = runRotary, n.Attr.Int, n.Attr.Dims
	s.k = s.perm[0] * s.perm[1]
	s.turns = newTurns(s.perm[1], n.Attr.Float, s.per)
	s.b, s.c = ref{}, ref{}
	for _, x := range n.In[1:] {
		if r := p.ref(p.plan.Root(x)); x.Shape.DType == tensor.I32 {
			s.b = r
		} else {
			s.c = r
		}
	}
	return nil
}

// segmentOf returns the length of a segment: n, the number of positions, if
// there is none. Whoever gives it gives a whole number.
func segmentOf(r *ref, n int) int {
	if len(r.f32) == 0 || !(r.f32[0] >= 1) || r.f32[0] >= float32(n) {
		return n
	}
	return int(r.f32[0])
}

func runRotary(p *program, w *worker, s *step, r0, r1 int) {
	x, out, past := p.f32(&s.a), p.f32(&s.out), p.i32(&s.b)
	segment, dim := segmentOf(&s.c, s.per), s.perm[1]
	for r := r0; r < r1; r++ {
		first := 0
		if past != nil {
			first = int(past[r])
		}
		table := s.turns.upTo(first + segment)[first*dim:]
		for t := 0; t < s.per; t += segment {
			at, n := (r*s.per+t)*s.cols, min(segment, s.per-t)
			for head := 0; head < s.k; head += dim {
				s.turn(w, out[at+head:], x[at+head:], table, n)
			}
		}
		s.keep(out[r*s.per*s.cols:], x[r*s.per*s.cols:])
	}
}

// turn rotates a block of n positions by the angles of the table, backwards if
// the halves are exchanged.
func (s *step) turn(w *worker, out, x, table []float32, n int) {
	half, lo, hi := s.turns.half, 0, s.turns.half
	if s.offset == 1 {
		lo, hi = hi, lo
	}
	kernel.Rotate(out[lo:], out[hi:], s.cols, x[lo:], x[hi:], s.cols, table, table[half:], 2*half, n, half, &w.scratch)
}

// keep copies the channels that do not turn.
func (s *step) keep(out, x []float32) {
	if s.k == s.cols {
		return
	}
	for t := range s.per {
		copy(out[t*s.cols+s.k:(t+1)*s.cols], x[t*s.cols+s.k:])
	}
}

// preparePositions is for the operations between a table of positions and the
// rows of a window.
func preparePositions(run runFunc) func(*program, *graph.Node, *step) error {
	return func(p *program, n *graph.Node, s *step) error {
		s.run = run
		s.k = n.In[0].Shape.Dims[0]
		return nil
	}
}

func runPositionRows(p *program, w *worker, s *step, r0, r1 int) {
	x, out := p.f32(&s.a), p.f32(&s.out)
	segment := segmentOf(&s.b, s.per)
	for t := 0; t < s.per; t += segment {
		copy(out[t*s.cols:], x[:min(segment, s.per-t)*s.cols])
	}
}

func runPositionRowsGrad(p *program, w *worker, s *step, r0, r1 int) {
	dy, out := p.f32(&s.a), p.f32(&s.out)
	segment := segmentOf(&s.b, s.k)
	for r := range s.per {
		n := 0 // rows of the window with this number
		if r < segment {
			n = (s.k - r + segment - 1) / segment
		}
		kernel.SumDown(out[r*s.cols:(r+1)*s.cols], dy[min(r, s.k-1)*s.cols:], n, s.cols, segment*s.cols)
	}
}

// prepareSinusoids computes the encoding at once: it depends on nothing.
func prepareSinusoids(p *program, n *graph.Node, s *step) error {
	s.run = func(p *program, w *worker, s *step, r0, r1 int) {
		out := p.f32(&s.out)
		for i := range out {
			t, c := i/s.cols, i%s.cols
			rate := portmath.Exp(-math.Ln10 * 4 * float64(c-c%2) / float64(s.cols))
			sin, cos := portmath.Sincos(float64(float64(t) * rate))
			if out[i] = float32(sin); c%2 == 1 {
				out[i] = float32(cos)
			}
		}
	}
	return nil
}
