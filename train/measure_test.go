package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// measured is a run whose validations measure how near a weight is to a value
// that it passes on its way, so that the best is somewhere in the middle.
func measured(t *testing.T) Config {
	c := bigramConfig(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	c.Checkpoint.Every, c.ValidateEvery = batch.Updates(7), batch.Updates(3)
	c.Measures = Measures{Names: []string{"nearness", "constant"}, Measure: func(_ context.Context, _ engine.Engine, vars engine.Vars) (report.Values, error) {
		w := tensor.New(tensor.F32, 5, 5)
		err := vars.Read("next.weight", w)
		return report.Values{{Name: "nearness", V: -math.Abs(float64(w.F32()[1]) - 0.7)}, {Name: "constant", V: 1}}, err
	}}
	return c
}

// TestMeasures: measures stand in the records, decide which validation is best
// and when to stop, change no bit of the training, and a resumed run chooses the same.
func TestMeasures(t *testing.T) {
	c := measured(t)
	c.Metric = "nearness"
	whole := fit(t, c)
	plain := c
	plain.Measures, plain.Metric, plain.Out = Measures{}, "", NoOut
	if got := fit(t, plain).Summary.Fingerprint; got != whole.Summary.Fingerprint {
		t.Errorf("with measures %s, without %s", whole.Summary.Fingerprint, got)
	}
	best := whole.Summary.Best
	if best == nil || best.Metric != "nearness" || best.Update == 3 || best.Update == 30 {
		t.Fatalf("best %+v, want one in the middle", best)
	}
	validations := 0
	for _, r := range records(t, c.Out) {
		if r.Split == "val" {
			validations++
			if !math.IsNaN(r.Loss) || !reflect.DeepEqual(names(r.Values), c.Measures.Names) {
				t.Errorf("record %+v", r)
			}
		}
	}
	if validations != 10 {
		t.Errorf("%d validations, want 10", validations)
	}
	c.Out = filepath.Join(t.TempDir(), "run")
	fit(t, stopAfter(c, 13))
	c.Resume = true
	if again := fit(t, c); again.Summary.Fingerprint != whole.Summary.Fingerprint || !reflect.DeepEqual(again.Summary.Best, best) {
		t.Errorf("resumed: %s, best %+v, want %s, %+v", again.Summary.Fingerprint, again.Summary.Best, whole.Summary.Fingerprint, best)
	}
}

// TestMeasuresStopEarly: early stopping by a measure restores its best weights,
// with validation data beside it or without.
func TestMeasuresStopEarly(t *testing.T) {
	for _, data := range []bool{false, true} {
		c := measured(t)
		c.Metric, c.EarlyStop.Patience = "nearness", 3
		if data {
			c.Val = c.Data
		}
		r := fit(t, c)
		if s := r.Summary; s.Stopped != report.Early || s.Best == nil || !s.Best.Kept || s.Best.Update >= s.Updates {
			t.Fatalf("summary %+v", s)
		}
		got := -math.Abs(float64(r.Params["next.weight"].F32()[1]) - 0.7)
		if v, _ := r.Summary.Val.Get("nearness"); got != v || v != r.Summary.Best.Value {
			t.Errorf("weights kept have nearness %v, the summary %v, the best %v", got, v, r.Summary.Best.Value)
		}
		if _, has := r.Summary.Val.Get("loss"); has != data {
			t.Errorf("validation %v", r.Summary.Val)
		}
	}
}

func TestMeasuresRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"unknown metric": {func(c *Config) { c.Metric = "ndcg" }, `metric "ndcg" (want loss, accuracy, rmse, r2, nearness, constant)`},
		"no data":        {func(c *Config) { c.Metric = "loss" }, `metric "loss" without validation data (want nearness, constant)`},
		"other names":    {func(c *Config) { c.Measures.Names = []string{"nearness"} }, "measured [nearness constant] (want [nearness])"},
		"fails": {func(c *Config) {
			c.Measures.Measure = func(context.Context, engine.Engine, engine.Vars) (report.Values, error) {
				return nil, errors.New("no ruler")
			}
		}, "validation after update 3: no ruler"},
	} {
		t.Run(name, func(t *testing.T) {
			config := measured(t)
			config.Out = NoOut
			c.change(&config)
			if _, err := Fit(context.Background(), config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
