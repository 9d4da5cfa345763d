package batch

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// The closed form of Auto is the maximum that Goodput finds by scanning, to a
// step of the grid, from whatever size both start.
func TestGoodputIsTheClosedForm(t *testing.T) {
	for _, half := range []float64{10, 90, 2000} {
		for _, phi := range []float64{30, 400, 3000} {
			cost := Cost{Fixed: half * 1e-5, PerExample: 1e-5}
			want := math.Sqrt(half * phi)
			b := Bounds{Min: 8, Max: 8192}
			step := math.Pow(8192.0/8, 1.0/(gridPoints-1))
			if got := float64(b.scan(cost, phi)); got > want*step || got < want/step {
				t.Errorf("a/b %v, φ %v: the scan gives %v, the closed form %v", half, phi, got, want)
			}
			for _, start := range []int{8, 64, 1024, 8192} {
				at := measured(phi, 1, 1e6)
				s := State{Size: start}
				for range 20 {
					at.Update, s.Since = at.Update+100, 0
					s, _ = Auto{Bounds: b, Efficiency: 1e-6, Cost: cost}.Next(s, at)
				}
				best := int(want)
				if lost := gainOf(s.Size, best, cost.Seconds(s.Size), cost.Seconds(best), phi); lost > 1.08 {
					t.Errorf("a/b %v, φ %v, from %d: auto comes to %d, and %v gives %.3f times as much", half, phi, start, s.Size, want, lost)
				}
			}
		}
	}
}

// The size moves at most twofold, by powers of two, and not within √2; the
// efficiency bounds it; what is not resolved lets it grow by its lower end.
func TestAutoSteps(t *testing.T) {
	cost := Cost{Fixed: 90e-5, PerExample: 1e-5} // a/b = 90
	p := Auto{Bounds: Bounds{Min: 1, Max: 1 << 20}, Cost: cost}
	for _, c := range []struct{ from, want int }{{8, 16}, {50, 64}, {128, 128}, {100, 100}, {1000, 512}, {4096, 2048}} {
		if got := next(p, c.from, measured(160, 1, 1e6)); got != c.want { // B* = 120
			t.Errorf("from %d: %d, want %d", c.from, got, c.want)
		}
	}
	p.Cost.Fixed = 1 // B* is beyond φ = 200, which then is the limit
	if got := next(p, 256, measured(200, 1, 1e6)); got != 256 {
		t.Errorf("at an efficiency of a half: %d", got)
	}
	p.Efficiency = 0.1
	if got := next(p, 256, measured(200, 1, 1e6)); got != 512 {
		t.Errorf("at an efficiency of 0.1: %d", got)
	}

	at := measured(0, 0, 1e6)
	at.Noise = Noise{}
	for i := range 40 {
		at.Noise = at.Noise.Add(Pieces{N: []float64{8, 8}, Squares: []float64{3, 3.1}, Whole: 1.5 + 0.1*math.Pow(-1, float64(i))}, 16)
	}
	if got := next(Auto{Bounds: Bounds{Min: 1, Max: 4096}, Cost: cost}, 16, at); got != 32 {
		t.Errorf("with a noise scale that is only known to be large: %d, want 32", got)
	}
}

// Momentum of β makes φ that of 1/(1-β) batches, in B* and in the limit on it.
func TestAutoGoesByMomentum(t *testing.T) {
	p := Auto{Bounds: Bounds{Min: 1, Max: 1 << 20}, Cost: Cost{Fixed: 90e-5, PerExample: 1e-5}}
	at := measured(160, 1, 1e6)
	at.Momentum = 0.9 // B* = √(90·1600) = 379
	for _, c := range []struct{ from, want int }{{128, 256}, {256, 256}, {512, 512}, {1024, 512}} {
		if got := next(p, c.from, at); got != c.want {
			t.Errorf("from %d: %d, want %d", c.from, got, c.want)
		}
	}
	p.Cost.Fixed = 1 // the limit is 1600
	if got := next(p, 2048, at); got != 2048 {
		t.Errorf("at the limit: %d", got)
	}
	if got := next(p, 4096, at); got != 2048 {
		t.Errorf("beyond the limit: %d, want 2048", got)
	}
	if got := next(Goodput{Bounds: Bounds{Min: 1, Max: 1 << 20}, Cost: Cost{Fixed: 90e-5, PerExample: 1e-5}}, 128, at); got != 256 {
		t.Errorf("goodput: %d", got)
	}
}

// A base bounds what momentum adds: at most 2·B0/(1-β), and nothing to a φ beyond.
func TestCriticalIsBoundedByTheBase(t *testing.T) {
	p := Progress{Momentum: 0.9, Base: 32}
	for phi, want := range map[float64]float64{40: 400, 64: 640, 100: 640, 2000: 2000, math.Inf(1): math.Inf(1)} {
		if got := p.critical(phi); math.Abs(got-want) > 1e-9*want {
			t.Errorf("φ = %v: %v, want %v", phi, got, want)
		}
	}
	if got := (Progress{Base: 32}).critical(40); got != 40 {
		t.Errorf("without momentum: %v, want φ", got)
	}
}

// Where the rate levels off at B1 the size stops at the maximum of (2 - B1/B)/(a + bB).
func TestAutoStopsWhereTheRateLevelsOff(t *testing.T) {
	at := measured(1e6, 1, 1e6)
	p := Auto{Bounds: Bounds{Min: 1, Max: 1 << 20}, Cost: Cost{Fixed: 300e-5, PerExample: 1e-5}} // a/b = 300
	at.Level = 320
	best, most := 0.0, 0.0
	for b := 320.0; b < 2000; b++ {
		if gain := (2 - 320/b) / (300 + b); gain > most {
			best, most = b, gain
		}
	}
	if got := at.level(300); math.Abs(got-best) > 1 {
		t.Errorf("the maximum is at %v, and level says %v", best, got)
	}
	for _, c := range []struct{ from, want int }{{128, 256}, {256, 512}, {512, 512}, {2048, 1024}} {
		if got := next(p, c.from, at); got != c.want {
			t.Errorf("from %d: %d, want %d", c.from, got, c.want)
		}
	}
	if at.Level = 0; next(p, 512, at) != 1024 {
		t.Error("without a level 512 does not grow")
	}
}

// Without noise or cost nothing moves; a second size is timed first.
func TestAutoExplores(t *testing.T) {
	p := Auto{Bounds: Bounds{Start: 64, Max: 512}}
	at := measured(200, 1, 1e6)
	if got := next(p, 64, at); got != 64 {
		t.Errorf("before an update is timed: %d", got)
	}
	at.Cost = timed(Cost{}, 1e-3, 1e-5, 5, 64)
	if got := next(p, 64, at); got != 128 {
		t.Errorf("one size is timed: %d, want 128", got)
	}
	at.Cost = timed(Cost{}, 1e-3, 1e-5, 5, 512)
	if got := next(p, 512, at); got != 256 {
		t.Errorf("one size is timed, the largest: %d, want 256", got)
	}
	if got := next(Auto{Bounds: Bounds{Start: 64, Min: 64, Max: 64}}, 64, measured(200, 1, 1e6)); got != 64 {
		t.Errorf("bounds of one size: %d", got)
	}
}

// On the clock a size goes back where it came from for a clear gain alone; forward,
// and where the cost is given, for less.
func TestAutoDoesNotFlutter(t *testing.T) {
	at := measured(200, 1, 1e6) // half speed at 28: √(28·200) = 75, so 64 is the size, and 128 loses 7 %
	at.Cost = timed(Cost{}, 28e-5, 1e-5, 5, 64, 128)
	clocked, given := Auto{Bounds: Bounds{Start: 64, Max: 512}}, Auto{Bounds: Bounds{Start: 64, Max: 512}, Cost: Cost{Fixed: 28e-5, PerExample: 1e-5}}
	for _, c := range []struct {
		policy       Auto
		before, want int
	}{{clocked, 0, 64}, {clocked, 256, 64}, {clocked, 64, 128}, {given, 64, 64}} {
		s, _ := c.policy.Next(State{Size: 128, Before: c.before}, at)
		if s.Size != c.want {
			t.Errorf("%v at 128, that was %d: %d, want %d", c.policy, c.before, s.Size, c.want)
		}
		if moved := s.Size != 128; moved && s.Before != 128 {
			t.Errorf("%v: left 128, and remembers %d", c.policy, s.Before)
		}
	}
}

// steep is a cost at which updates above 128 examples take three times as long.
func steep(size int, _ float64) float64 {
	s := 1e-3 + 1e-5*float64(size)
	if size > 128 {
		s *= 3
	}
	return s
}

// A change on the clock that does not pay is undone, and tried again only after
// half as many examples again; one that pays stays.
func TestUndo(t *testing.T) {
	s := hilly(Auto{Bounds: Bounds{Start: 64, Max: 4096}, Efficiency: 0.1})
	for k := range s.variance {
		s.variance[k] = 1000
	}
	s.rate, s.budget, s.time = 1e-3, 200000, steep
	o := s.run()
	var undone []string
	for i, c := range o.changes {
		if c.Undo {
			if o.changes[i-1].Predicted <= 1 {
				continue // made to time a size
			}
			undone = append(undone, c.Why)
			if c.From != 256 || c.To != 128 || o.changes[i-1].To != 256 {
				t.Errorf("undo of %+v after %+v", c, o.changes[i-1])
			}
		}
	}
	if n := len(undone); n < 1 || n > 8 || !strings.Contains(undone[0], "did not pay") {
		t.Errorf("undone: %q; changes %+v", undone, o.changes)
	}
	above := 0
	for _, size := range o.sizes {
		if size > 128 {
			above++
		}
	}
	if share := float64(above) / float64(len(o.sizes)); share > 0.15 {
		t.Errorf("%.2f of the updates were of a size that does not pay", share)
	}
	for _, e := range o.effects {
		if e.To == 128 && e.Realized < 1 || e.From == 128 && e.To == 256 && e.Realized > 0.95 {
			t.Errorf("effect %+v", e)
		}
	}

	// The same cost given: nothing is timed, and nothing undone.
	s.policy, s.time = Auto{Bounds: Bounds{Start: 64, Max: 4096}, Efficiency: 0.1, Cost: Cost{Fixed: 1e-3, PerExample: 1e-5}}, nil
	o = s.run()
	if slices.ContainsFunc(o.changes, func(c Change) bool { return c.Undo || !(c.Predicted > 1) }) || len(o.effects) > 0 || NeedsClock(s.policy) {
		t.Errorf("a given cost: %+v, %+v", o.changes, o.effects)
	}
}

// Decide is a pure function: the state read back from JSON decides alike, and a
// policy that stays allocates nothing.
func TestDecideAllocatesNothing(t *testing.T) {
	at := measured(200, 1, 1e6)
	at.Cost = timed(Cost{}, 1e-3, 1e-5, 10, 64, 128)
	for _, p := range []Policy{Fixed(64), All(), Stages{}, Growth{}, NormTest{}, InnerProduct{}, CABS{}, NoiseScale{}, Goodput{}, Auto{}} {
		s, _, _ := Decide(p, State{}, at)
		for range 20 {
			at.Update += 100
			s, _, _ = Decide(p, s, at)
		}
		again, change, effect := Decide(p, s, at)
		if again != s || change != (Change{}) || effect != (Effect{}) {
			t.Errorf("%v does not settle: %+v, %+v, %+v", p, again, change, effect)
		}
		if a := testing.AllocsPerRun(20, func() { s, _, _ = Decide(p, s, at) }); a != 0 {
			t.Errorf("%v allocates %v times", p, a)
		}
	}
}

// Unless Min says so, auto goes neither below 32 nor below its start.
func TestAutoDoesNotShrinkFar(t *testing.T) {
	at := measured(2, 1, 1e6)
	cost := Cost{Fixed: 90e-5, PerExample: 1e-5}
	for _, c := range []struct {
		b    Bounds
		want int
	}{{Bounds{Start: 256}, 32}, {Bounds{Start: 32}, 32}, {Bounds{Start: 8}, 8}, {Bounds{Start: 32, Min: 2}, 2}} {
		s := State{Size: c.b.Start}
		for range 10 {
			s, _ = Auto{Bounds: c.b, Cost: cost}.Next(s, at)
			s.Since = 0
		}
		if s.Size != c.want {
			t.Errorf("%+v: comes to %d, want %d", c.b, s.Size, c.want)
		}
	}
}

// On the quadratic, whose noise scale grows by orders of magnitude on the way
// down, NoiseScale follows the true one, and auto takes little more time to a
// loss than the best of the fixed sizes with their own best rates, starting from
// 32 with the rate of 32.
func TestAutoOnTheQuadratic(t *testing.T) {
	problem := func(p Policy, rate float64) simulation {
		s := simulation{policy: p, data: 60000, base: 32, seed: 2, rate: rate, budget: 1e6, time: affine(320e-5, 1e-5, 0)}
		for k := range 100 {
			h := 1 / float64(k+1)
			s.h, s.w, s.variance = append(s.h, h), append(s.w, 1), append(s.variance, 10*h)
		}
		s.target = 0.03 * s.loss(s.w)
		return s
	}
	seconds := func(s simulation) (mean float64) {
		for s.seed = range 4 {
			o := s.run()
			if o.loss > s.target {
				t.Errorf("%v: the loss is %v", s.policy, o.loss)
			}
			mean += o.seconds / 4
		}
		return mean
	}
	best, at32 := math.Inf(1), 0.0
	for _, c := range []struct {
		size int
		rate float64
	}{{8, 0.068}, {32, 0.26}, {64, 0.51}, {128, 1}, {256, 1.4}, {512, 1.4}, {1024, 1.4}} {
		took := seconds(problem(Fixed(c.size), c.rate))
		best = min(best, took)
		if c.size == 32 {
			at32 = took
		}
	}
	s := problem(Auto{Bounds: Bounds{Start: 32, Max: 4096}}, 0.26)
	s.couple = func(kappa float64, n Noise) float64 { // AdaScale
		phi, ok := n.Scale()
		if !ok {
			return 1
		}
		return kappa * (phi + 32) / (phi + 32*kappa)
	}
	if took := seconds(s); took > 1.25*best || took > 0.5*at32 {
		t.Errorf("auto takes %.3f s, the best fixed size %.3f, 32 %.3f", took, best, at32)
	}

	s = problem(NoiseScale{Bounds: Bounds{Start: 32, Max: 4096}}, 0.02)
	s.target, s.budget, s.time = 0, 200000, nil
	o := s.run()
	if size := float64(o.state.Size); size < 256 || o.sizes[0] != 32 {
		t.Errorf("the size ends at %v after %+v", size, o.changes)
	}
	phi, _ := o.at.Noise.Scale()
	if low, high := o.at.Noise.Interval(); phi < float64(o.state.Size)/2.9 || phi > float64(o.state.Size)*2.9 || low > phi || high < phi {
		t.Errorf("the size ends at %d, the noise scale at %v (%v to %v)", o.state.Size, phi, low, high)
	}
}
