package adviser

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// simulated is a ramp of 6 decades from 1e-6 over n updates on a loss that falls from 2.3 in a sigmoid of
// the logarithm around the rate falls, and explodes from the rate breaks on.
func simulated(n int, falls, breaks, noise float64, seed uint64) RateSeed {
	r, rng := &ramp{}, rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		rate := 1e-6 * math.Pow(1e6, float64(i)/float64(n))
		loss := 0.3 + 2/(1+math.Pow(rate/falls, 2)) + noise*rng.NormFloat64()
		if rate > breaks {
			loss *= math.Pow(rate/breaks, 4)
		}
		if !r.add(rate, loss) {
			break
		}
	}
	return r.read(float64(n) / 6)
}

func TestRampFindsTheRates(t *testing.T) {
	for _, c := range []struct{ falls, breaks, noise float64 }{{1e-3, 1e-1, 0}, {1e-3, 1e-1, 0.05}, {1e-4, 3e-3, 0.05}, {3e-3, 0.1, 0.1}} {
		s := simulated(300, c.falls, c.breaks, c.noise, 1)
		if math.Abs(math.Log10(s.Steepest/c.falls)) > 0.5 {
			t.Errorf("%+v: steepest at %v", c, s.Steepest)
		}
		if s.Lowest < c.falls || s.Lowest > 1.5*c.breaks || s.Break < c.breaks || s.Break > 10*c.breaks || s.Gain < 0.5 {
			t.Errorf("%+v: %+v", c, s)
		}
		if r := s.suggested(); r > s.Break/3 || r < c.falls/10 {
			t.Errorf("%+v: suggests %v", c, r)
		}
	}
}

func TestRateTestConcludes(t *testing.T) {
	x := RateTest{}
	for seed := range uint64(3) {
		x.Seeds = append(x.Seeds, simulated(300, 1e-3, 0.1, 0.05, seed))
	}
	x.conclude()
	if x.Unsafe != "" || !(x.From < x.Rate && x.Rate < x.To) || x.To > 10*x.From || x.Rate < 1e-4 || x.Rate > 1e-2 {
		t.Errorf("three like seeds: %+v", x)
	}
	for name, c := range map[string]struct {
		seeds []RateSeed
		want  string
	}{
		"one seed":     {x.Seeds[:1], "no time"},
		"nothing fell": {[]RateSeed{x.Seeds[0], x.Seeds[1], {Steepest: 1e-3, Lowest: 1e-2, Gain: 0.001}}, "on 1 of 3 seeds no rate"},
		"too few":      {[]RateSeed{{Steepest: 1e-3, Lowest: 1e-2, Gain: 0.5}, {Steepest: 3e-3, Lowest: 3e-2, Gain: 0.5}}, "2 seeds leave everything"},
		"seeds apart":  {[]RateSeed{{Steepest: 1e-5, Lowest: 1e-4, Gain: 0.5}, {Steepest: 1e-3, Lowest: 1e-2, Gain: 0.5}}, "disagree"},
	} {
		y := RateTest{Seeds: c.seeds}
		if y.conclude(); y.Rate != 0 || y.To != 0 || !strings.Contains(y.Unsafe, c.want) {
			t.Errorf("%s: %+v, want no rate and %q", name, y, c.want)
		}
	}
}

// A loss that only rises, or is no number from the start, gives no rate.
func TestRampWithoutAnAnswer(t *testing.T) {
	r := &ramp{}
	for i := range 100 {
		if !r.add(math.Pow(10, float64(i)/20), 1+float64(i)) {
			break
		}
	}
	if s := r.read(20); s.Gain > leastGain || !r.broke {
		t.Errorf("a loss that rises: %+v", s)
	}
	r, rng := &ramp{}, rand.New(rand.NewPCG(1, 1))
	for i := range 300 {
		r.add(math.Pow(10, float64(i)/50), 1+0.5*rng.Float64())
	}
	if s := r.read(50); s.Gain != 0 {
		t.Errorf("noise alone: %+v", s)
	}
	r = &ramp{}
	if r.add(1, math.NaN()) || (r.read(20) != RateSeed{Break: 1}) {
		t.Errorf("NaN: %+v", r.read(20))
	}
}
