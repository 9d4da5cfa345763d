package train

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
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
// the data, with even and odd batches, in shards, and by examples.
func TestNoiseIsUnbiased(t *testing.T) {
	ds, trace, square := knownNoise(t, 64)
	for _, c := range []struct {
		batch, shards int
		by            NoiseBy
	}{{2, 1, ByHalves}, {7, 1, ByHalves}, {16, 1, ByHalves}, {9, 4, ByHalves}, {6, 1, ByExamples}, {6, 3, ByExamples}} {
		const trials = 3000
		var s, q [2]float64
		cfg := still(ds)
		cfg.Batch, cfg.Shards, cfg.DropLast, cfg.Budget = batch.Fixed(c.batch), c.shards, true, Updates(trials)
		cfg.Noise.By = c.by
		cfg.OnEvent = func(e *Event) error {
			if e.Kind == Updated {
				m := e.run.meter
				total := sumSquares{}
				for i := range m.params {
					total.add(m.params[i].read())
				}
				a, b := m.piecesOf(total, e.run.weightSum.F64()[0], c.batch).Estimate()
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

// TestNoiseOfExamples: the squared norms by examples are those of the gradients of
// batches of one, where examples have weights, dropout, norm layers, also over
// positions, and look one row up, of a sparse table or not.
func TestNoiseOfExamples(t *testing.T) {
	one := tensor.New(tensor.I32, 50, 1)
	for i := range one.I32() {
		one.I32()[i] = int32(i % 7)
	}
	several, y := tensor.New(tensor.F32, 50, 5, 4), tensor.New(tensor.F32, 50, 3)
	for i := range several.F32() {
		several.F32()[i] = float32(i * 7 % 31)
	}
	for i := range y.F32() {
		y.F32()[i] = float32(i * 5 % 3)
	}
	token := memory(t, dataset.Column{Name: "x", Data: one}, dataset.Column{Name: "y", Data: y})
	positions := memory(t, dataset.Column{Name: "x", Data: several}, dataset.Column{Name: "y", Data: y})
	for _, c := range []struct {
		model nn.Layer
		data  dataset.Dataset
		loss  nn.Loss
	}{
		{nn.Sequential(nn.Dense(8), nn.LayerNorm(), nn.ReLU(), nn.Dropout(0.2), nn.Dense(6), nn.RMSNorm(), nn.Tanh(), nn.Dense(3)), blobs(t, 50, 1), nn.CrossEntropy()},
		{nn.Sequential(nn.LayerNorm(), nn.Flatten(), nn.Dense(3)), positions, nn.MSE()},
		{nn.Sequential(nn.Embedding(7, 4), nn.Flatten(), nn.Dense(3)), token, nn.MSE()},
		{nn.Sequential(nn.Embedding(7, 4).Sparse(), nn.Flatten(), nn.Dense(3)), token, nn.MSE()},
	} {
		checkExampleNorms(t, c.model, c.data, c.loss)
	}
}

func checkExampleNorms(t *testing.T, model nn.Layer, data dataset.Dataset, loss nn.Loss) {
	c := small(t)
	c.Model, c.Data, c.Loss = model, data, loss
	c.Engine, c.Val, c.Test, c.Optimizer = nil, nil, nil, optim.SGD(1e-30)
	c.Budget, c.Order = Updates(1), dataset.Sequential
	c.Noise = Noise{Mode: NoiseOn, Every: Updates(1), By: ByExamples}
	c.OnEvent = func(e *Event) error {
		if e.Kind != Updated {
			return nil
		}
		indices := make([]int, e.Batch)
		for i := range indices {
			indices[i] = i
		}
		x, err := e.run.newInfluences(indices)
		if err != nil {
			return err
		}
		each, err := x.run(t.Context(), 0)
		p, weight, want := e.run.meter.pieces, e.run.weightSum.F64()[0], 0.0
		whole := 0.0
		for i := range e.run.meter.params {
			whole += e.run.meter.params[i].read().whole
		}
		for i, one := range each {
			want += one.Norm * one.Norm * whole / float64(x.own[i]) / weight
		}
		if got := p.Squares[0]; math.Abs(got-want) > 1e-5*want {
			t.Errorf("Σ ‖gᵢ‖²/wᵢ / Σw is %v, want %v", got, want)
		}
		return err
	}
	fit(t, c)
}

// TestNoiseByExamplesIsRefused: of parameters whose gradients are sums for each
// example, and where examples meet.
func TestNoiseByExamplesIsRefused(t *testing.T) {
	for want, model := range map[string]nn.Layer{
		`with respect to "shared.weight"`: nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
			shared := nn.Dense(4)
			return c.Apply("out", nn.Dense(3), c.Apply("shared", shared, c.Apply("shared", shared, x)))
		}),
		"with respect to \"1.weight\"":          nn.Sequential(nn.Dense(8), nn.BatchNorm(), nn.Dense(3)),
		"examples meet in momentsums (layer 1)": nn.Sequential(nn.Dense(8), nn.BatchNorm().Plain(), nn.Dense(3)),
	} {
		c := small(t)
		c.Model, c.Noise = model, Noise{Mode: NoiseOn, By: ByExamples}
		if _, err := Fit(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "want by: halves") {
			t.Errorf("%v, want an error with %q", err, want)
		}
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
