package thesis

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// walk descends with batches of one size at one learning rate: w - η·g, and
// nothing else.
type walk struct {
	p       *problem
	size    int
	order   dataset.Order
	graph   *graph.Graph
	update  *optim.Update
	program engine.Program
	plan    batch.Plan
	buffers []*tensor.Tensor
	indices []int
	scalars []float64

	updates, examples int
}

// newWalk plans a walk through epochs whose order the seed decides.
func (p *problem) newWalk(size int, rate float64, seed uint64) (*walk, error) {
	c := newNet(true, p.training.Fields())
	up, err := optim.SGD(rate).Build(c.Builder, c.Params(), c.Gradient(c.losses, c.Params()), c.sum, c.weight)
	if err != nil {
		return nil, err
	}
	g, err := c.Build()
	if err != nil {
		return nil, err
	}
	plan, err := batch.NewPlan(size, g.Tallest(), 0)
	if err != nil {
		return nil, err
	}
	prog, err := p.engine.Compile(g, p.vars, engine.Options{Rows: plan.Micro, Batch: size})
	if err != nil {
		return nil, err
	}
	w := &walk{p: p, size: size, order: dataset.OrderOf(p.training, seed), graph: g, update: up, program: prog, plan: plan,
		buffers: dataset.NewBuffers(p.training.Fields(), size), indices: make([]int, size), scalars: make([]float64, len(g.Scalars))}
	w.restart()
	return w, nil
}

// restart goes back to the first weights.
func (w *walk) restart() {
	w.p.moveTo(w.p.start)
	w.updates, w.examples = 0, 0
}

// step makes an update with the next batch; the last of an epoch may be shorter.
// It reports whether the weights are still finite.
func (w *walk) step() (bool, error) {
	n := w.p.training.Len()
	epoch, at := w.examples/n, w.examples%n
	rows := min(w.size, n-at)
	w.order(w.indices[:rows], epoch, at)
	if err := w.p.training.Gather(w.buffers, 0, w.indices[:rows]); err != nil {
		return false, err
	}
	w.update.Scalars(w.graph, w.scalars, optim.Progress{Update: int64(w.updates)})
	w.program.Begin(uint64(w.examples), w.scalars)
	for row := 0; row < rows; row += w.plan.Micro {
		w.program.Micro(w.buffers, row, min(w.plan.Micro, rows-row))
	}
	if !w.program.Finish() {
		return false, nil
	}
	w.program.Commit()
	w.updates++
	w.examples += rows
	return true, nil
}

// nextCheck is how many examples a walk consumes before the loss is looked at
// again: often at first, and then 16 times an epoch, but never within a batch.
func (w *walk) nextCheck() int {
	return w.examples + max(1, min(w.examples/25, w.p.training.Len()/16))
}

// advance makes updates up to a number of examples.
func (w *walk) advance(ctx context.Context, examples int) (bool, error) {
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	for w.examples < examples {
		if ok, err := w.step(); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// reach walks until the loss of all training data is at most target, and reports
// whether it got there within so many examples and never above where it began.
func (w *walk) reach(ctx context.Context, target float64, most int) (bool, error) {
	w.restart()
	limit := w.p.quick.loss()
	for w.examples < most {
		if ok, err := w.advance(ctx, w.nextCheck()); !ok || err != nil {
			return false, err
		}
		switch loss := w.p.quick.loss(); {
		case loss <= target:
			return true, nil
		case !(loss <= limit):
			return false, nil
		}
	}
	return false, nil
}

// trail is what was seen on a walk to the target and beyond.
type trail struct {
	points []Point
	there  int     // the point at which the target was reached
	detour float64 // the length of the way to it over the distance
	test   reading // at it
}

// beyond is how much longer a walk goes on behind the target, for the eye.
const beyond = 1.5

// follow walks to the target and beyond, which it has been found to reach.
func (w *walk) follow(ctx context.Context, target float64) (t trail, err error) {
	w.restart()
	n, length := w.p.training.Len(), 0.0
	before := w.p.point()
	for end := math.MaxInt; w.examples < end; {
		for check := w.nextCheck(); w.examples < check; {
			if err := w.advanceOne(ctx); err != nil {
				return t, err
			}
			now := w.p.point()
			length += distance(before, now)
			before = now
		}
		r := w.p.whole.read()
		t.points = append(t.points, Point{Updates: w.updates, Examples: w.examples, Loss: r.loss, Variance: variance(r.noise, w.size, n), Signal: r.signal})
		if end == math.MaxInt && r.loss <= target {
			t.there, end = len(t.points)-1, int(beyond*float64(w.examples))
			t.detour, t.test = length/distance(w.p.start, before), w.p.held.read()
		}
	}
	return t, nil
}

// advanceOne makes an update that was finite before.
func (w *walk) advanceOne(ctx context.Context) error {
	ok, err := w.advance(ctx, w.examples+1)
	if err == nil && !ok {
		err = fmt.Errorf("thesis: update %d with batches of %d is not finite", w.updates+1, w.size)
	}
	return err
}

// pathPoints is about how many weights a path has.
const pathPoints = 1000

// path walks the same way again and returns the weights at equal distances.
func (w *walk) path(ctx context.Context, updates int) ([][]float64, error) {
	w.restart()
	path, stride := [][]float64{w.p.point()}, (updates+pathPoints-1)/pathPoints
	for w.updates < updates {
		if err := w.advanceOne(ctx); err != nil {
			return nil, err
		}
		if w.updates%stride == 0 {
			path = append(path, w.p.point())
		}
	}
	return path, nil
}

// timings is how often a walk is timed. Of each stretch the fastest time counts:
// whatever disturbs makes it slower.
const timings = 5

// time walks the same way again, with nothing else between updates, and notes the
// seconds at points.
func (w *walk) time(ctx context.Context, points []Point, now func() time.Time) error {
	least := make([]float64, len(points))
	for round := range timings {
		w.restart()
		before := now()
		for i, p := range points {
			if _, err := w.advance(ctx, p.Examples); err != nil {
				return err
			}
			after := now()
			if s := after.Sub(before).Seconds(); round == 0 || s < least[i] {
				least[i] = s
			}
			before = after
		}
	}
	total := 0.0
	for i, s := range least {
		total += s
		points[i].Seconds = total
	}
	return nil
}

func distance(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(sum)
}
