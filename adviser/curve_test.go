package adviser

import (
	"math"
	"testing"
)

// falling is a curve 1 + e^(-t/scale), measured at 1, 2, ... up to an end.
func falling(scale, end float64) (c curve) {
	for t := 1.0; t <= end; t++ {
		c.add(t, 1+math.Exp(-t/scale))
	}
	return c
}

func TestCurve(t *testing.T) {
	var c curve
	if !math.IsInf(c.best(), 1) || c.end() != 0 || !math.IsInf(c.reach(0), 1) {
		t.Errorf("an empty curve: best %v, end %v", c.best(), c.end())
	}
	for i, score := range []float64{math.NaN(), 4, 5, 2, math.NaN(), 1} {
		c.add(float64(i), score)
	}
	for _, x := range []struct{ got, want float64 }{
		{c.best(), 1}, {c.end(), 5}, {c.at(0), math.Inf(1)}, {c.at(2.5), 4}, {c.at(9), 1},
		{c.reach(4), 1}, {c.reach(3), 2.5}, {c.reach(1.5), 4.5}, {c.reach(0.5), math.Inf(1)}, {c.reach(9), 1},
	} {
		if x.got != x.want {
			t.Errorf("got %v, want %v", x.got, x.want)
		}
	}
}

// Who has stopped is behind who goes on, from a little higher.
func TestAhead(t *testing.T) {
	var stopped, goes curve
	for i := 1; i <= 16; i++ {
		stopped.add(float64(i), max(1, 2-float64(i)/4))
		goes.add(float64(i), 1.5-0.1*math.Log2(float64(i)))
	}
	if a := goes.ahead(); math.Abs(a-1.0) > 1e-9 || stopped.ahead() != 1 {
		t.Errorf("ahead are %v and %v, want 1 and 1", a, stopped.ahead())
	}
	if f := goes.forecast(0.9); math.Abs(f-64) > 1e-6 || goes.forecast(1.4) != 2 || !math.IsInf(stopped.forecast(0.9), 1) || !math.IsInf(goes.forecast(0.7), 1) {
		t.Errorf("0.9 is forecast for %v (want 64), 1.4 for %v (want 2)", f, goes.forecast(1.4))
	}
	if !math.IsInf((curve{}).ahead(), 1) {
		t.Error("nothing is ahead")
	}
}

func TestLag(t *testing.T) {
	fast, slow := falling(10, 40), falling(20, 40)
	e := envelope([]curve{slow, fast})
	if l := fast.lag(e, 1.9); l != 1 {
		t.Errorf("the leader lags %v", l)
	}
	if l := slow.lag(e, 1.9); math.Abs(l-2) > 0.02 {
		t.Errorf("twice as slow lags %v", l)
	}
	late := curve{{1, 2}, {3, 2}}
	if l, want := late.lag(e, 1.5), 3/e.reach(1.5); math.Abs(l-want) > 1e-9 {
		t.Errorf("one that has not begun lags %v, want %v", l, want)
	}
	if l := (curve{}).lag(e, 1.9); !math.IsInf(l, 1) {
		t.Errorf("nothing lags %v", l)
	}
	if falling(10, 10).flat(0.02, 2) || !falling(10, 600).flat(0.02, 2) {
		t.Error("flat at the beginning or not at the end")
	}
	var plateau curve
	for i := range 50 {
		plateau.add(float64(i), 2-1e-5*float64(i))
	}
	if plateau.flat(0.02, 2) {
		t.Error("a plateau before anything was learned is an end")
	}
}
