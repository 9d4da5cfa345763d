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

// TestScheduleEnds: where schedules start and end, with updates of no known
// size and past the budget.
func TestScheduleEnds(t *testing.T) {
	for _, c := range []struct {
		name        string
		s           optim.Schedule
		start, stop float64
	}{
		{"constant", optim.Constant(), 1, 1},
		{"step", optim.Step(0.25, 0.5), 1, 1. / 16},
		{"multistep", optim.MultiStep(0.1, 0.5, 0.75), 1, 0.01},
		{"exponential", optim.Exponential(0.01), 1, 0.01},
		{"polynomial", optim.Polynomial(1.5), 1, 0},
		{"linear", optim.Linear(0.2), 1, 0.2},
		{"cosine", optim.Cosine(0.1), 1, 0.1},
		{"one cycle", optim.OneCycle(), 1. / 25, 1. / 25e4},
		{"warm-up", optim.WarmUp(0.1, optim.Linear(0)), 0, 0},
		{"no warm-up", optim.WarmUp(0, optim.Linear(0)), 1, 0},
	} {
		start, stop := c.s(optim.Progress{}), c.s(optim.Progress{Fraction: 1})
		if math.Abs(start-c.start) > 1e-15 || math.Abs(stop-c.stop) > 1e-15 {
			t.Errorf("%s: from %v to %v, want %v to %v", c.name, start, stop, c.start, c.stop)
		}
	}
}

// TestWarmUpMeetsInner: the warm-up ends at 1, where the inner schedule starts,
// and never starts at 0 if the size of an update is known.
func TestWarmUpMeetsInner(t *testing.T) {
	s := optim.WarmUp(0.25, optim.Cosine(0))
	for i, want := range []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1} {
		if got := s(optim.Progress{Fraction: float64(i) / 40, Step: 1. / 40}); math.Abs(got-want) > 1e-14 {
			t.Errorf("update %d: %v, want %v", i, got, want)
		}
	}
}
