package optim_test

import (
	"cmp"
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
	if c.Updates == 0 {
		c.Updates = 100 // the form does not depend on it
	}
	n := float64(c.Updates)
	switch name {
	case "constant":
		return optim.Constant()
	case "step":
		return optim.Step(float64(c.Every)/n, c.Factor)
	case "multistep":
		shares := make([]float64, len(c.Milestones))
		for i, m := range c.Milestones {
			shares[i] = float64(m) / n
		}
		return optim.MultiStep(c.Factor, shares...)
	case "exponential":
		return optim.Exponential(math.Pow(c.Factor, n))
	case "polynomial":
		return optim.Polynomial(c.Power)
	case "linear":
		return optim.Linear(c.Final / lr)
	case "cosine":
		s := optim.Cosine(c.Final / lr)
		if c.Warmup > 0 {
			return optim.WarmUp(float64(c.Warmup)/n, s)
		}
		return s
	case "one_cycle":
		if c.Up == 0 {
			return optim.OneCycle()
		}
		return optim.OneCycleWith(optim.OneCycleOptions{Up: c.Up, Div: c.Div, FinalDiv: c.FinalDiv, ThreePhase: c.ThreePhase})
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
			n := float64(cmp.Or(c.Config.Updates, 100))
			for i, want := range c.Rates {
				got := c.LR * s(optim.Progress{Update: int64(i), Fraction: math.Min(1, float64(i)/n), Step: 1 / n})
				if math.Abs(got-want) > 1e-12 {
					t.Fatalf("rate of update %d is %.16g, want %.16g", i, got, want)
				}
			}
		})
	}
}
