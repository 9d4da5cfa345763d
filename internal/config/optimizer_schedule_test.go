package config

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/optim"
)

// TestScheduleKinds: the factors at points of a budget of 4 epochs of 100
// examples in batches of 10, so of 40 updates.
func TestScheduleKinds(t *testing.T) {
	for _, c := range []struct {
		text     string
		fraction float64
		want     float64
	}{
		{"{warm_restarts: {every: 1ep, final: 0.5}}", 0.125, 0.75},
		{"{warm_restarts: {every: 10up, times: 3}}", 0.625, 0.5},
		{"{cyclic: {up: 25%, low: 0.2}}", 0.375, 0.6},
		{"{cyclic: {up: 25%, down: 5%, mode: triangular2}}", 0.55, 0.55},
		{"{cyclic: {up: 20%, low: 0, mode: exp_range, final: 0.01}}", 0.5, 0.05},
		{"{wsd: {warmup: 10%, decay: 1ep, form: linear}}", 0.875, 0.5},
		{"wsd", 0.85, 0.5},
		{"{wsd: {decay: 1ep, final: 0.1}}", 0.5, 1},
		{"{inverse_sqrt: {warmup: 10up}}", 1, 0.5},
		{"plateau", 0.9, 1},
	} {
		conf, err := Parse("test", []byte("data: {train: a.csv, target: y}\nbudget: 4ep\nbatch: 10\nschedule: "+c.text))
		if err != nil {
			t.Fatal(err)
		}
		o := conf.buildOptimizer(100)
		if got := o.Schedule(optim.Progress{Fraction: c.fraction}); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s at %v: %v, want %v", c.text, c.fraction, got, c.want)
		}
		if plateau := o.Plateau != nil; plateau != (c.text == "plateau") {
			t.Errorf("%s: lowers the rate on a plateau: %v", c.text, plateau)
		}
	}
}
