package train

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/oracle"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// blobs returns n points around three centres in four dimensions, with labels
// and with weights of 1 to 3.
func blobs(t testing.TB, n int, seed uint64) dataset.Dataset {
	t.Helper()
	s := rng.NewStream(seed, "blobs")
	x, y, w := make([]float32, 4*n), make([]int32, n), make([]float32, n)
	for i := range n {
		y[i] = int32(s.Uint32() % 3)
		w[i] = float32(1 + s.Uint32()%3)
		for j := range 4 {
			noise := s.Float64() + s.Float64() + s.Float64() - 1.5
			x[4*i+j] = float32(0.5*noise + math.Cos(2.1*float64(y[i])+float64(2*j)))
		}
	}
	return memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, n, 4)}, dataset.Column{Name: "y", Data: tensor.Of(y)},
		dataset.Column{Name: "weight", Data: tensor.Of(w)})
}

func memory(t testing.TB, columns ...dataset.Column) dataset.Dataset {
	t.Helper()
	ds, err := dataset.New(columns...)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// small is a run of a few updates with everything that can spoil exactness:
// dropout, a ragged last batch, class weights, example weights, clipping.
func small(t testing.TB) Config {
	return Config{
		Name: "small", Seed: 7,
		Model:     nn.Sequential(nn.Dense(8), nn.ReLU(), nn.Dropout(0.2), nn.Dense(3)),
		Data:      blobs(t, 50, 1),
		Val:       blobs(t, 40, 2),
		Test:      blobs(t, 300, 3), // more than evalRows
		Loss:      nn.CrossEntropy().ClassWeights(1, 2, 0.5),
		Optimizer: optim.SGD(0.2).WithClipNorm(1),
		Batch:     batch.Fixed(16),
		Budget:    Epochs(6),
		Out:       NoOut,
		Engine:    oracle.New(),
	}
}

func fit(t testing.TB, c Config) *Run {
	t.Helper()
	run, err := Fit(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestFitLearns(t *testing.T) {
	c := small(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	c.LogEvery, c.Budget = batch.Epochs(1), Epochs(30)
	run := fit(t, c)
	s := run.Summary
	if s.Stopped != report.Budget || s.Updates != 120 || s.Examples != 1500 || len(s.Fingerprint) != 64 {
		t.Errorf("summary %+v", s)
	}
	var first, last float64
	for _, r := range run.History {
		if r.Split == "train" {
			if first == 0 {
				first = r.Loss
			}
			last = r.Loss
		}
	}
	if !(last < 0.5*first) {
		t.Errorf("the training loss went from %v to %v", first, last)
	}
	got, _ := s.Test.Get("accuracy")
	guess, _ := s.Baseline.Get("accuracy")
	if got < 0.9 || guess > 0.5 {
		t.Errorf("test accuracy %v against a guess's %v", got, guess)
	}
	saved, err := report.ReadSummary(c.Out)
	if err != nil || saved.Fingerprint != s.Fingerprint {
		t.Errorf("summary.json: %+v, %v", saved, err)
	}
	records, err := report.ReadMetrics(c.Out)
	if err != nil || len(records) != len(run.History) {
		t.Errorf("metrics.jsonl has %d records, %v; want %d", len(records), err, len(run.History))
	}
	dir, err := OpenRun(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEvaluator(c.Engine, c.Model, c.Loss, c.Test.Fields(), dir.Params)
	if err != nil {
		t.Fatal(err)
	}
	values, err := e.Evaluate(context.Background(), c.Test)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if math.Abs(v.V-s.Test[i].V) > 1e-6 {
			t.Errorf("the model file gives %v, the run gave %v", values, s.Test)
		}
	}
}

// difference returns the largest difference between parameters.
func difference(t *testing.T, a, b *Run) float64 {
	t.Helper()
	if len(a.Params) != len(b.Params) || len(a.Params) == 0 {
		t.Fatalf("%d and %d parameters", len(a.Params), len(b.Params))
	}
	d := 0.0
	for name, x := range a.Params {
		for i, v := range x.F32() {
			d = max(d, math.Abs(float64(v-b.Params[name].F32()[i])))
		}
	}
	return d
}

func TestMicroIsExact(t *testing.T) {
	for _, size := range []batch.Policy{batch.Fixed(16), batch.All(), batch.Fixed(1)} {
		c := small(t)
		c.Batch, c.Val, c.Test, c.Budget = size, nil, nil, Epochs(2)
		whole := fit(t, c)
		for _, micro := range []int{1, 3, 7, 1000} {
			c.Exec.Micro = micro
			if d := difference(t, whole, fit(t, c)); d > 1e-6 {
				t.Errorf("batch %v in micro-batches of %d: parameters differ by %v", size, micro, d)
			}
		}
		c.Exec.Micro, c.Seed = 0, 8
		if d := difference(t, whole, fit(t, c)); d < 1e-3 {
			t.Errorf("another seed gives the same parameters: they differ by %v", d)
		}
	}
}

func TestValidateLists(t *testing.T) {
	c := Config{Data: blobs(t, 10, 1), Batch: batch.Fixed(64), Metric: "f1", EarlyStop: EarlyStop{Patience: 2},
		Val: memory(t, dataset.Column{Name: "y", Data: tensor.Of([]int32{1})})}
	_, err := Fit(context.Background(), c)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"no model", "no loss", "no budget", "learning rate 0", "larger than the training data", `metric "f1"`, "the validation data has fields"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestPreviewOf(t *testing.T) {
	c := small(t)
	c.Engine, c.Exec.Micro = nil, 5
	preview, err := PreviewOf(c)
	if err != nil {
		t.Fatal(err)
	}
	plan := preview.Program
	if plan.Rows != 5 || plan.Bytes == 0 || len(plan.Kernels) == 0 {
		t.Errorf("plan %+v, %v", plan, err)
	}
	if run := fit(t, c); run.Plan.Bytes != plan.Bytes {
		t.Errorf("the run's plan takes %d bytes, want %d", run.Plan.Bytes, plan.Bytes)
	}
	if _, err := PreviewOf(Config{}); err == nil {
		t.Error("a plan of nothing")
	}
}
