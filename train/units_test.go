package train

import (
	"bytes"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// line is a run of a regression: y is the sum of two columns, and a little.
func line(t *testing.T, scale float64) (Config, *bytes.Buffer) {
	t.Helper()
	x, y := make([]float32, 80), make([]float32, 40)
	for i := range y {
		x[2*i], x[2*i+1] = float32(i%7)/7, float32(i%5)/5
		y[i] = x[2*i] + x[2*i+1] + float32(i%3)/10
	}
	ds := memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, 40, 2)}, dataset.Column{Name: "y", Data: tensor.Of(y, 40, 1)})
	c, shown := small(t), new(bytes.Buffer)
	c.Model, c.Loss = nn.Dense(1), nn.MSE()
	c.Data, c.Val, c.Test, c.Metric, c.TargetValue = ds, ds, ds, "rmse", func(_ int, y float32) float64 { return float64(y) * scale }
	c.Out, c.Progress = filepath.Join(t.TempDir(), "run"), report.NewProgress(shown, report.Lines)
	return c, shown
}

// TestTargetValue: the rmse is in the units of the raw data wherever it is
// told, and nothing else changes, the weights least of all.
func TestTargetValue(t *testing.T) {
	plain, _ := line(t, 1)
	scaled, shown := line(t, 1000)
	a, b := fit(t, plain), fit(t, scaled)
	if a.Summary.Fingerprint != b.Summary.Fingerprint {
		t.Error("the scale of the target changes the weights")
	}
	same := func(what string, a, b report.Values) {
		t.Helper()
		if len(a) == 0 || len(a) != len(b) {
			t.Fatalf("%s: %v and %v", what, a, b)
		}
		for i := range a {
			want := a[i].V
			if a[i].Name == "rmse" {
				want *= 1000
			}
			if math.Abs(b[i].V-want) > 1e-6*math.Abs(want) {
				t.Errorf("%s: %s is %v, want %v", what, a[i].Name, b[i].V, want)
			}
		}
	}
	same("val", a.Summary.Val, b.Summary.Val)
	same("test", a.Summary.Test, b.Summary.Test)
	same("baseline", a.Summary.Baseline, b.Summary.Baseline)
	if best := b.Summary.Best; best.Metric != "rmse" || math.Abs(best.Value-1000*a.Summary.Best.Value) > 1e-3 {
		t.Errorf("best %+v and %+v", a.Summary.Best, best)
	}
	before, after := records(t, plain.Out), records(t, scaled.Out)
	for i, r := range before {
		if r.Split != "train" {
			same("metrics.jsonl", r.Values, after[i].Values)
		}
	}
	rmse, _ := b.Summary.Test.Get("rmse")
	if !strings.Contains(shown.String(), "rmse "+report.Short(rmse)) {
		t.Errorf("%v is not shown:\n%s", rmse, shown)
	}
}
