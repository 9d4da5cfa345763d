package sweep

import (
	"math"
	"slices"
	"testing"

	"github.com/descent-ml/descent/train"
)

// climbs tunes a size of a world and returns the rates tried.
func climbs(t *testing.T, w *world, start float64, reach int) (tuned, []float64) {
	t.Helper()
	var rates []float64
	order := train.Target{Metric: "accuracy"}
	out, err := climb(start, 2, reach, order, func(lr float64, best *Trial) (*Trial, error) {
		rates = append(rates, lr)
		return w.run(t.Context(), &spec{key: key{phase: Tuning, batch: 1, lr: lr}, seconds: math.Inf(1), verdict: func(x *Trial) string { return verdict(x, best, order) }})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, rates
}

// TestClimb: the grid grows until both neighbours of the best are worse.
func TestClimb(t *testing.T) {
	for _, c := range []struct {
		start float64
		reach int
		rates []float64
		best  float64
		edge  string
	}{
		{0.001, 6, []float64{0.001, 0.002, 0.0005}, 0.001, Interior},
		{0.00025, 6, []float64{0.00025, 0.0005, 0.001, 0.002}, 0.001, Interior},
		{0.004, 6, []float64{0.004, 0.008, 0.002, 0.001, 0.0005}, 0.001, Interior},
		{0.016, 6, []float64{0.016, 0.008, 0.004, 0.002, 0.001, 0.0005}, 0.001, Interior}, // the first two diverge
		{0.000125, 2, []float64{0.000125, 0.00025, 0.0005}, 0.0005, Upper},
		{0.004, 1, []float64{0.004, 0.008, 0.002}, 0.002, Lower},
		{1, 2, []float64{1, 0.5, 0.25}, 0, Lower}, // all diverge
	} {
		out, rates := climbs(t, newWorld(), c.start, c.reach)
		best := 0.0
		if out.best != nil {
			best = out.best.LR
		}
		if !slices.Equal(rates, c.rates) || best != c.best || out.edge != c.edge || out.tried != len(rates) {
			t.Errorf("from %v: tried %v, the best is %v, edge %q; want %+v", c.start, rates, best, out.edge, c)
		}
	}
}

func TestGrid(t *testing.T) {
	for _, c := range []struct {
		rates []float64
		best  float64
		edge  string
	}{
		{[]float64{0.0005, 0.001, 0.002}, 0.001, Interior},
		{[]float64{0.001, 0.002}, 0.001, Lower},
		{[]float64{0.0005, 0.001}, 0.001, Upper},
		{[]float64{0.001}, 0.001, Interior},
		{[]float64{0.004, 1}, 0.004, Lower},
	} {
		out, err := grid(c.rates, train.Target{Metric: "accuracy"}, func(lr float64, _ *Trial) (*Trial, error) {
			return newWorld().run(t.Context(), &spec{key: key{phase: Tuning, batch: 1, lr: lr}, seconds: math.Inf(1)})
		})
		if err != nil || out.best.LR != c.best || out.edge != c.edge {
			t.Errorf("%v: best %v, edge %q, %v; want %+v", c.rates, out.best, out.edge, err, c)
		}
	}
}

// TestBeats orders outcomes of one cell.
func TestBeats(t *testing.T) {
	order := train.Target{Metric: "accuracy"}
	points := func(values ...float64) (p []Point) {
		for i, v := range values {
			p = append(p, Point{Update: uint64(i + 1), Examples: uint64(10 * (i + 1)), Value: number(v)})
		}
		return p
	}
	made := func(end string, values ...float64) *Trial {
		return &Trial{End: end, Updates: uint64(len(values)), Examples: uint64(10 * len(values)), Points: points(values...)}
	}
	for i, x := range []*Trial{ // each beats the next
		made(Reached, 0.5, 0.9), made(Reached, 0.8, 0.8, 0.9), made(Capped, 0.7, 0.8, 0.7), made(Capped, 0.6, 0.7, 0.6, 0.99),
		made(Capped, math.NaN(), math.NaN(), math.NaN()), made(Beaten, 0.9), made(Abandoned, 0.9), made(Diverged, 0.9),
	} {
		if i > 0 && (x.beats(made(Reached, 0.5, 0.9), order) || made(Reached, 0.9).beats(x, order) != true) {
			t.Errorf("trial %d, %s", i, x.End)
		}
	}
	a, b := made(Capped, 0.7, 0.8, 0.7), made(Capped, 0.6, 0.7, 0.6, 0.99)
	if !a.beats(b, order) || b.beats(a, order) {
		t.Error("what came after the other's examples counts")
	}
}

// TestVerdict: when a trial of the tuning is given up.
func TestVerdict(t *testing.T) {
	order := train.Target{Metric: "loss"}
	best := &Trial{End: Reached, Updates: 1000, Examples: 1000}
	for u := uint64(1); u <= 1000; u++ {
		best.Points = append(best.Points, Point{Update: u, Examples: u, Value: number(1 / float64(u))})
	}
	at := func(u uint64, v float64) *Trial {
		return &Trial{Points: []Point{{Update: u, Examples: u, Value: number(v)}}}
	}
	for _, c := range []struct {
		t    *Trial
		want string
	}{
		{at(249, 9), ""}, {at(250, 9), Abandoned}, {at(300, 1.01/100), Abandoned}, {at(300, 0.99/100), ""}, {at(300, math.NaN()), Abandoned},
		{at(999, 1.0/400), ""}, {at(1000, 1.0/1001), Beaten},
	} {
		if got := verdict(c.t, best, order); got != c.want {
			t.Errorf("%v at %d: %q, want %q", c.t.Points[0].Value, c.t.Points[0].Update, got, c.want)
		}
		if got := verdict(c.t, nil, order); got != "" {
			t.Errorf("the first trial ends as %q", got)
		}
	}
	best.End = Capped
	if got := verdict(at(1000, 1.0/1001), best, order); got != "" {
		t.Errorf("%q beside one that did not reach the target", got)
	}
}
