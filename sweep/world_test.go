package sweep

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/descent-ml/descent/train"
)

// world is a trainer of which all is known: the updates to the target are
// smin·(1 + critical/B) at the best learning rate, best·√B, and grow with the
// square of the distance from it in octaves; from eight times the best on it
// diverges. A seed changes the updates by a few percent.
type world struct {
	smin, critical, best float64
	seconds              float64 // of an update, and of an example
	scatter              float64 // of seeds, as a share
	ran                  []key
	lock                 *sync.Mutex // of ran, if trials run together
	dies                 int         // the number of the trial during which the process is killed; 0: none
}

var errKilled = errors.New("killed")

func (w *world) updates(batch int, lr float64, seed uint64) float64 {
	octaves := math.Log2(lr / (w.best * math.Sqrt(float64(batch))))
	if octaves >= 3 {
		return math.Inf(1)
	}
	noise := 1 + w.scatter*math.Sin(float64(7*seed)+float64(batch))
	return w.smin * (1 + w.critical/float64(batch)) * (1 + octaves*octaves) * noise
}

// run is a runner.
func (w *world) run(_ context.Context, x *spec) (*Trial, error) {
	if w.lock != nil {
		w.lock.Lock()
		defer w.lock.Unlock()
	}
	w.ran = append(w.ran, x.key)
	if w.dies == len(w.ran) {
		return nil, errKilled
	}
	t := &Trial{Comparison: x.comparison, Phase: x.phase, Batch: x.batch, LR: x.lr, Seed: x.seed, Train: 0.95}
	goal, each := w.updates(x.batch, x.lr, x.seed), w.seconds*(10+float64(x.batch))
	for last := uint64(0); ; {
		last += uint64(max(1, 0.05*float64(last)))
		seconds := float64(last) * each
		if math.IsInf(goal, 1) {
			t.End = Diverged
			return t, nil
		}
		t.Updates, t.Examples, t.Seconds, t.Wall = last, last*uint64(x.batch), seconds, 1.2*seconds
		t.Points = append(t.Points, Point{Update: last, Examples: t.Examples, Seconds: seconds, Loss: 1, Value: number(1 - 0.1*goal/float64(last))})
		switch {
		case x.phase != Timing && x.budget.IsZero() && float64(last) >= goal:
			t.End = Reached
		case !x.budget.IsZero() && float64(last) >= x.budget.N:
			t.End = Complete
		case x.seconds > 0 && seconds >= x.seconds && last >= x.least || x.most > 0 && last >= x.most:
			t.End = Capped
		case x.verdict != nil:
			t.End = x.verdict(t)
		}
		if t.End != "" {
			return t, nil
		}
	}
}

func newWorld() *world {
	return &world{smin: 200, critical: 64, best: 0.001, seconds: 1e-5, scatter: 0.02}
}

func options() Options {
	return Options{
		Make: func(Cell) (train.Config, error) { return train.Config{}, nil }, Examples: 5000,
		Batches: []int{All, 8, 32, 128, 512}, Base: 32, Start: 0.001, Seed: 1,
		Until: train.Target{Metric: "accuracy", Value: 0.9}, CellBudget: 200 * time.Second,
	}
}

func sweepWorld(t *testing.T, o Options, w *world) *Result {
	t.Helper()
	r, err := o.sweep(context.Background(), w.run)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
