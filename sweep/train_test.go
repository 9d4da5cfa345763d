package sweep

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// noisy returns n examples of two classes that overlap.
func noisy(t *testing.T, n int, seed uint64) dataset.Dataset {
	t.Helper()
	s := rng.NewStream(seed, "noisy")
	x, y := make([]float32, 2*n), make([]int32, n)
	for i := range n {
		y[i] = int32(i % 2)
		x[2*i], x[2*i+1] = float32(4*s.Float64()-2)+float32(y[i]), float32(4*s.Float64()-2)-float32(y[i])
	}
	ds, err := dataset.New(dataset.Column{Name: "x", Data: tensor.Of(x, n, 2)}, dataset.Column{Name: "y", Data: tensor.Of(y)})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func tiny(t *testing.T) Options {
	t.Helper()
	data, val := noisy(t, 400, 1), noisy(t, 100, 2)
	return Options{
		Make: func(c Cell) (train.Config, error) {
			return train.Config{
				Seed: c.Seed, Model: nn.Sequential(nn.Dense(8), nn.ReLU(), nn.Dense(2)), Data: data, Val: val, Loss: nn.CrossEntropy(),
				Optimizer: optim.SGD(c.LR), Batch: batch.Fixed(c.Batch), Exec: train.Exec{Threads: 1}, EarlyStop: train.EarlyStop{Patience: 1},
			}, nil
		},
		Examples: 400, Batches: []int{8, All}, Start: 0.2, Reach: 2, Seeds: 2, Seed: 1,
		Until: train.Target{Metric: "loss", Value: 0.56}, Budgets: []batch.Span{batch.Epochs(2)},
	}
}

// TestTrains: real runs reach the target at the validation that tells it, and
// repeat to the same updates.
func TestTrains(t *testing.T) {
	o := tiny(t)
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Comparisons[0].Rows {
		if row.Reached != 2 || row.Updates.Mean < 1 || row.Seconds.Mean <= 0 || row.Gap.N != 2 || row.PerUpdate <= 0 {
			t.Errorf("%+v", row)
		}
	}
	if a, b := r.Comparisons[0].Rows[0], r.Comparisons[0].Rows[1]; a.Updates.Mean < b.Updates.Mean || a.Examples.Mean > b.Examples.Mean {
		t.Errorf("batch 8 took %v updates, %v examples; all %v and %v", a.Updates.Mean, a.Examples.Mean, b.Updates.Mean, b.Examples.Mean)
	}
	for _, row := range r.Comparisons[1].Rows {
		if want := math.Ceil(400 / float64(row.Batch) * 2); math.Round(row.Made.Mean) != want || row.Final.N != 2 {
			t.Errorf("at equal epochs: %+v, want %v updates", row, want)
		}
	}
	for _, x := range r.Trials {
		if p, after, ok := x.Target(); ok && (p.Value > 0.56 || float64(p.Update) > 1+1.05*float64(after)) {
			t.Errorf("the target is seen at update %d with %v, the validation before it was at %d", p.Update, p.Value, after)
		}
	}
	o.Rates, o.Budgets = []float64{r.Comparisons[0].Rows[0].LR}, nil
	o.Batches, o.Parallel = []int{8}, 2
	again, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := r.Comparisons[0].Rows[0].Updates, again.Comparisons[0].Rows[0].Updates; a != b || !again.Shared {
		t.Errorf("%+v, and in parallel %+v", a, b)
	}
}

// TestDivergesAndCaps: a rate at which the loss overflows, and a cell budget that is
// too short.
func TestDivergesAndCaps(t *testing.T) {
	o := tiny(t).withDefaults()
	for want, x := range map[string]*spec{
		Diverged: {key: key{phase: Tuning, batch: 8, lr: 1e30}, order: o.Until, seconds: 60},
		Capped:   {key: key{phase: Measure, batch: 8, lr: 1e-9}, order: o.Until, seconds: 1e-9, least: 7},
	} {
		got, err := o.execute(context.Background(), x)
		if err != nil || got.End != want {
			t.Fatalf("%+v, %v; want %s", got, err, want)
		}
		if last, _ := got.Last(); want == Capped && (got.Updates != 7 || last.Update != 7 || math.IsNaN(float64(got.Train))) {
			t.Errorf("%+v", got)
		}
	}
}

// TestInterrupted: a cancelled sweep says so, and resumes.
func TestInterrupted(t *testing.T) {
	o := tiny(t)
	o.Out, o.Budgets, o.Batches, o.Rates, o.Seeds = filepath.Join(t.TempDir(), "sweep"), nil, []int{All}, []float64{0.5}, 3
	o.CellBudget = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	o.OnEvent = func(e Event) {
		if e.Kind == Seen && e.Trial.Seed == 2 {
			cancel()
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	began := 0
	o.Resume, o.OnEvent = true, func(e Event) {
		if e.Kind == Began {
			began++
		}
	}
	r, err := Run(t.Context(), o)
	if err != nil || began != 2 || r.Comparisons[0].Rows[0].Reached != 3 {
		t.Errorf("%d trials ran again, %v", began, err)
	}
}
