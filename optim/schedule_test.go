package optim_test

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/optim"
)

// scheduleConfig is a schedule in the golden files; final is a rate.
type scheduleConfig struct {
	Every      int64
	Factor     float64
	Milestones []int64
	Updates    int
	Power      float64
	Final      float64
	Warmup     int64
	Max        float64
	Up, Div    float64
	FinalDiv   float64 `json:"final_div"`
	ThreePhase bool    `json:"three_phase"`
}

func (c scheduleConfig) schedule(t *testing.T, name string, lr float64) optim.Schedule {
	switch name {
	case "constant":
		return optim.Constant()
	case "step":
		return optim.Step(c.Every, c.Factor)
	case "multistep":
		return optim.MultiStep(c.Factor, c.Milestones...)
	case "exponential":
		return optim.Exponential(c.Factor)
	case "polynomial":
		return optim.Polynomial(c.Power)
	case "linear":
		return optim.Linear(c.Final / lr)
	case "cosine":
		s := optim.Cosine(c.Final / lr)
		if c.Warmup > 0 {
			return optim.WarmupUpdates(c.Warmup, s)
		}
		return s
	case "one_cycle":
		if c.Up == 0 {
			c.Up, c.Div, c.FinalDiv = 0.3, 25, 1e4
		}
		if c.ThreePhase {
			return optim.OneCycleThreePhase(c.Up, c.Div, c.FinalDiv)
		}
		return optim.OneCycle(c.Up, c.Div, c.FinalDiv)
	}
	t.Fatalf("no schedule %q", name)
	return nil
}

func TestGoldenSchedules(t *testing.T) {
	var file struct {
		Cases []struct {
			Name, Schedule string
			LR             float64
			Config         scheduleConfig
			Rates          []float64
		}
	}
	load(t, "schedules.json", &file)
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			s := c.Config.schedule(t, c.Schedule, c.LR)
			n := float64(max(c.Config.Updates, 1))
			for i, want := range c.Rates {
				got := c.LR * s(optim.Progress{Update: int64(i), Fraction: math.Min(1, float64(i)/n), Step: 1 / n})
				if math.Abs(got-want) > 1e-12 {
					t.Fatalf("rate of update %d is %.16g, want %.16g", i, got, want)
				}
			}
		})
	}
}

// TestWarmup: a share of the budget and a number of updates are the same where
// they mean the same.
func TestWarmup(t *testing.T) {
	const n = 40
	byShare, byUpdates := optim.Warmup(0.25, optim.Cosine(0)), optim.WarmupUpdates(10, optim.Cosine(0))
	for i := range n {
		at := optim.Progress{Update: int64(i), Fraction: float64(i) / n, Step: 1.0 / n}
		if x, y := byShare(at), byUpdates(at); math.Abs(x-y) > 1e-12 || !(x > 0) {
			t.Errorf("update %d: %v by share, %v by updates", i, x, y)
		}
	}
}
