package train

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// knownNoise is a regression y = ⟨x, w*⟩ + σξ of n examples, and what is known of its
// gradients at weights of 0: example i has -2·yᵢ·xᵢ, so G is their mean and tr Σ the
// trace of their covariance, where examples are drawn with replacement.
func knownNoise(t testing.TB, n int) (ds dataset.Dataset, trace, square float64) {
	const width = 3
	s := rng.NewStream(5, "line")
	x, y := make([]float32, n*width), make([]float32, n)
	g, squares := [width]float64{}, 0.0
	for i := range y {
		y[i] = float32(s.Float64()+s.Float64()) - 1
		for j := range width {
			x[i*width+j] = float32(s.Float64() - 0.3)
			y[i] += x[i*width+j] * float32(j) / 2
		}
		for j := range width {
			d := -2 * float64(y[i]) * float64(x[i*width+j])
			g[j] += d / float64(n)
			squares += d * d / float64(n)
		}
	}
	for _, m := range g {
		square += m * m
	}
	return memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, n, width)}, dataset.Column{Name: "y", Data: tensor.Of(y, n, 1)}), squares - square, square
}

// replaced draws n examples with replacement.
func replaced(n int) dataset.Order {
	return func(dst []int, epoch, i int) {
		for k := range dst {
			dst[k] = int(rng.NewStream(uint64(epoch)<<32+uint64(i+k), "replaced").Float64() * float64(n))
		}
	}
}

// still is a run that stays where it begins.
func still(ds dataset.Dataset) Config {
	return Config{Model: nn.Dense(1).NoBias().Init(nn.Constant(0)), Data: ds, Loss: nn.MSE(), Optimizer: optim.SGD(1e-30), Order: replaced(ds.Len()),
		Out: NoOut, Noise: Noise{Mode: NoiseOn, Every: Updates(1)}}
}

// TestNoiseIsUnbiased: the mean of many measurements of S and Q is tr Σ and ‖G‖² of
// the data, with even and odd batches and in shards.
func TestNoiseIsUnbiased(t *testing.T) {
	ds, trace, square := knownNoise(t, 64)
	for _, c := range []struct{ batch, shards int }{{2, 1}, {7, 1}, {16, 1}, {9, 4}} {
		const trials = 3000
		var s, q [2]float64
		cfg := still(ds)
		cfg.Batch, cfg.Shards, cfg.DropLast, cfg.Budget = batch.Fixed(c.batch), c.shards, true, Updates(trials)
		cfg.OnEvent = func(e *Event) error {
			if e.Kind == Updated {
				a, b := e.run.meter.pieces.Estimate()
				s[0], s[1], q[0], q[1] = s[0]+a, s[1]+a*a, q[0]+b, q[1]+b*b
			}
			return nil
		}
		fit(t, cfg)
		check := func(what string, sums [2]float64, want float64) {
			mean := sums[0] / trials
			deviation := math.Sqrt((sums[1]/trials - mean*mean) / trials)
			if math.Abs(mean-want) > 4*deviation || deviation > 0.1*trace {
				t.Errorf("%+v: mean %s is %v ± %v, want %v", c, what, mean, deviation, want)
			}
		}
		check("S", s, trace)
		check("Q", q, square)
	}
}

// TestNoiseRecords: records have the noise scale and its interval, by parameter if
// asked for, also after a resumption, and nothing if it is not measured.
func TestNoiseRecords(t *testing.T) {
	c := small(t)
	c.Out, c.LogEvery = filepath.Join(t.TempDir(), "run"), batch.Updates(4)
	c.Noise = Noise{Mode: NoiseOn, Every: Updates(2), Layers: true}
	fit(t, c)
	records, err := report.ReadMetrics(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		_, has := r.Values.Get("noise_scale")
		if has != (r.Split == "train") {
			t.Errorf("update %d of %s: a noise scale is %v", r.Update, r.Split, has)
		}
		if r.Split != "train" {
			continue
		}
		for _, name := range []string{"noise_low", "noise_high", "noise_s", "noise_q", "noise_scale.0.weight", "noise_scale.3.bias"} {
			if _, has := r.Values.Get(name); !has {
				t.Errorf("update %d: no %s in %v", r.Update, name, r.Values)
			}
		}
	}
	if s, _ := records[0].Values.Get("noise_s"); !(s > 0) {
		t.Errorf("S is %v", s)
	}
	run := fit(t, small(t))
	if _, has := run.History[0].Values.Get("noise_scale"); has || run.Plan.Marked > 0 {
		t.Error("noise is measured, for nothing")
	}
}

// TestNoiseEvery: updates are measured as often as asked for; left open, a
// measurement costs as little as promised, by the plan.
func TestNoiseEvery(t *testing.T) {
	c := still(func() dataset.Dataset { ds, _, _ := knownNoise(t, 64); return ds }())
	c.Batch, c.Budget = batch.Fixed(10), Updates(20)
	c.Noise.Every = Updates(3)
	var at []uint64
	c.OnEvent = func(e *Event) error {
		if e.Kind == Updated && e.run.Measured.Update == e.Position.Update {
			at = append(at, e.Position.Update)
		}
		return nil
	}
	fit(t, c)
	for i, u := range at {
		if u != uint64(3*(i+1)) || len(at) != 6 {
			t.Fatalf("measured after the updates %v, want every third", at)
		}
	}
}

func TestNoiseMistakes(t *testing.T) {
	for want, n := range map[string]Noise{
		"measured every 2ep":            {Every: batch.Epochs(2)},
		"noise mode 7":                  {Mode: 7},
		"the coupling adascale goes by": {Mode: NoiseOff},
	} {
		c := small(t)
		c.Noise, c.Optimizer.Coupling = n, optim.AdaScale()
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", n, err, want)
		}
	}
}
