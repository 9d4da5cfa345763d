package train

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// TestReestimate: the running statistics of a first layer are those of all the
// examples, whatever training left there; the weights stay, and so does
// everything under other execution.
func TestReestimate(t *testing.T) {
	base := normalized(t)
	base.Model = nn.Sequential(nn.BatchNorm(), nn.Dense(8), nn.BatchNorm().Group(4), nn.ReLU(), nn.Dense(3))
	plain := fit(t, base)
	var want map[string][]float32
	for _, micro := range []int{16, 4} {
		c := normalized(t)
		c.Model, c.Reestimate, c.Exec.Micro = base.Model, batch.Epochs(1), micro
		run := fit(t, c)
		if run.Summary.Fingerprint != plain.Summary.Fingerprint {
			t.Errorf("the checkpoint is another: %.8s, want %.8s", run.Summary.Fingerprint, plain.Summary.Fingerprint)
		}
		got := map[string][]float32{}
		for name, x := range run.Params {
			got[name] = append([]float32(nil), x.F32()...)
			for i, v := range x.F32() {
				if before := plain.Params[name].F32()[i]; !strings.Contains(name, "running") && v != before {
					t.Fatalf("%s changed from %v to %v", name, before, v)
				}
			}
		}
		if want == nil {
			want = got
			mean, variance := population(t, c)
			for j := range mean {
				if m, v := float64(got["0.running_mean"][j]), float64(got["0.running_var"][j]); math.Abs(m-mean[j]) > 1e-6 || math.Abs(v-variance[j]) > 1e-5*variance[j] {
					t.Errorf("channel %d: mean %v and variance %v, want %v and %v", j, m, v, mean[j], variance[j])
				}
			}
		}
		for name := range want {
			for i := range want[name] {
				if got[name][i] != want[name][i] {
					t.Fatalf("micro-batches of %d: %s[%d] is %v, want %v", micro, name, i, got[name][i], want[name][i])
				}
			}
		}
	}
}

// population returns the mean and the unbiased variance of the inputs.
func population(t *testing.T, c Config) (mean, variance []float64) {
	n := c.Data.Len()
	buf := dataset.NewBuffers(c.Data.Fields(), n)
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	if err := c.Data.Gather(buf, 0, indices); err != nil {
		t.Fatal(err)
	}
	x := buf[0].F32()
	width := len(x) / n
	mean, variance = make([]float64, width), make([]float64, width)
	for i, v := range x {
		mean[i%width] += float64(v) / float64(n)
	}
	for i, v := range x {
		d := float64(v) - mean[i%width]
		variance[i%width] += d * d / float64(n-1)
	}
	return mean, variance
}

func TestSingleValueIsRefused(t *testing.T) {
	c := normalized(t)
	c.Batch = batch.Fixed(7) // 50 examples: the last batch has one
	_, err := Fit(context.Background(), c)
	if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "the last batch of each epoch has 1 of 50 examples") || !strings.Contains(err.Error(), "data.last: drop") {
		t.Errorf("got %v", err)
	}
	c.DropLast = true
	fit(t, c)
}

// TestInitFromPyTorch: a state_dict of a net with batch norm counts batches,
// which nothing here depends on.
func TestInitFromPyTorch(t *testing.T) {
	c := normalized(t)
	run := fit(t, c)
	c = normalized(t)
	c.Init = maps.Clone(run.Params)
	c.Init["1.num_batches_tracked"] = tensor.Scalar(int64(17))
	c.Budget, c.Optimizer.LR = Updates(1), 1e-30
	again := fit(t, c)
	if a, b := again.Params["0.weight"], run.Params["0.weight"]; !slices.Equal(a.F32(), b.F32()) {
		t.Error("the parameters were not taken")
	}
}
