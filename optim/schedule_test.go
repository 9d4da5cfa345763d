package optim_test

import (
	"cmp"
	"math"
	"testing"

	"github.com/descent-ml/descent/optim"
)

// scheduleConfig is a schedule in the golden files; final is a rate.
type scheduleConfig struct {
	Every       int64
	Factor      float64
	Milestones  []int64
	Updates     int
	Power       float64
	Final       float64
	Warmup      int64
	Max         float64
	Up, Div     float64
	FinalDiv    float64 `json:"final_div"`
	ThreePhase  bool    `json:"three_phase"`
	First       float64 // updates of a cycle, and how much longer the next is
	Times       float64
	UpUpdates   float64 `json:"up_updates"`
	DownUpdates float64 `json:"down_updates"`
	Low, Gamma  float64
	Mode        string
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
	case "warm_restarts":
		return optim.WarmRestarts(c.First/n, c.Times, c.Final/lr)
	case "cyclic":
		return optim.Cyclic(optim.Cycles{Up: c.UpUpdates / n, Down: c.DownUpdates / n, Low: c.Low / lr, Final: math.Pow(c.Gamma, n),
			Shrink: map[string]optim.Shrinking{"triangular": optim.Triangular, "triangular2": optim.Triangular2, "exp_range": optim.ExpRange}[c.Mode]})
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
		{"warm restarts", optim.WarmRestarts(0.25, 1, 0.1), 1, 1},
		{"cyclic", optim.Cyclic(optim.DefaultCycles()), 0.1, 0.1},
		{"WSD", optim.WSD(0.1, 0.2, 0.01, optim.DecayLinear), 0, 0.01},
		{"inverse root", optim.InverseSqrt(0.25), 0, 0.5},
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

// at is update i of n.
func at(i, n int) optim.Progress {
	return optim.Progress{Update: int64(i), Fraction: float64(i) / float64(n), Step: 1 / float64(n)}
}

// TestScheduleTables: rates worked out by hand from the papers' formulas.
func TestScheduleTables(t *testing.T) {
	for _, c := range []struct {
		name string
		s    optim.Schedule
		n    int
		want []float64
	}{
		{"warm restarts", optim.WarmRestarts(2./14, 2, 0), 14, []float64{1, 0.5, 1, 0.853553391, 0.5, 0.146446609, 1, 0.961939766}},
		{"triangular2", optim.Cyclic(optim.Cycles{Up: 0.2, Down: 0.2, Low: 0.1, Shrink: optim.Triangular2}), 10,
			[]float64{0.1, 0.55, 1, 0.55, 0.1, 0.325, 0.55, 0.325, 0.1}},
		{"WSD", optim.WSD(0.2, 0.4, 0, optim.DecayLinear), 10, []float64{0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0}},
		{"WSD by the root", optim.WSD(0.2, 0.4, 0, optim.DecayOneMinusSqrt), 10, []float64{0.5, 1, 1, 1, 1, 1, 1, 0.5, 0.292893219, 0.133974596, 0}},
		{"WSD, no warm-up", optim.WSD(0, 0.5, 0.5, optim.DecayLinear), 4, []float64{1, 1, 1, 0.75, 0.5}},
		{"inverse root", optim.InverseSqrt(0.4), 10, []float64{0.25, 0.5, 0.75, 1, 0.894427191, 0.816496581}},
	} {
		for i, want := range c.want {
			if got := c.s(at(i, c.n)); math.Abs(got-want) > 1e-9 {
				t.Errorf("%s: update %d: %.9f, want %.9f", c.name, i, got, want)
			}
		}
	}
}

// TestPlateau: the factors of PyTorch's ReduceLROnPlateau after each value.
func TestPlateau(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name    string
		p       optim.Plateau
		highest bool
		values  []float64
		want    []float64
	}{
		{"patience", optim.Plateau{Factor: 0.5, Patience: 1, Threshold: 1e-4}, false,
			[]float64{1, 1, 0.99995, 0.5, 0.6, nan, 0.6, 0.6}, []float64{1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125}},
		{"cooldown", optim.Plateau{Factor: 0.1, Patience: 0, Cooldown: 2, Min: 0.05}, false,
			[]float64{1, 1, 1, 1, 1, 1}, []float64{1, 0.1, 0.1, 0.1, 0.05, 0.05}},
		{"highest", optim.Plateau{Factor: 0.5, Threshold: 0.1}, true, []float64{0.5, 0.54, 0.56, 0.55}, []float64{1, 0.5, 0.5, 0.25}},
	} {
		var s optim.PlateauState
		for i, v := range c.values {
			if s = c.p.Next(s, v, c.highest); math.Abs(s.Factor-c.want[i]) > 1e-15 {
				t.Errorf("%s: after value %d the factor is %v, want %v", c.name, i, s.Factor, c.want[i])
			}
		}
	}
}
