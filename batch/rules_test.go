package batch

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// measured is the progress of a run on so many examples whose noise is known.
func measured(s, q float64, data int) Progress {
	return Progress{Position: Position{Update: 1000, Examples: 64000, PerEpoch: data}, Data: data, Decay: 1, Loss: 1, Rate: 0.1, Noise: exactly(s, q, 50)}
}

// next is the size of a policy after one decision from size, whose time has
// come.
func next(p Policy, size int, at Progress) int {
	s, _ := p.Next(State{Size: size}, at)
	return s.Size
}

// AdaBatch: the size doubles each stage, and with the paper's rates, 0.375 a
// stage for a fixed batch, the rate per example is that schedule's.
func TestStages(t *testing.T) {
	p := Stages{Bounds: Bounds{Start: 128, Max: 1024}}
	s := State{}
	for epoch := range 100 {
		var why string
		before := s.Size
		s, why = p.Next(s, Progress{Position: Position{Update: uint64(epoch), Examples: uint64(epoch) * 50000, PerEpoch: 50000}, Data: 50000})
		k := epoch / 20
		if want := min(128<<k, 1024); s.Size != want || (why != "") != (s.Size != before) {
			t.Fatalf("epoch %d: size %d (%q), want %d", epoch, s.Size, why, want)
		}
		if k > 3 {
			continue
		}
		scheduled, rate := math.Pow(0.375, float64(k)), math.Pow(0.75, float64(k))
		if coupled := scheduled * linear(float64(s.Size)/128, Noise{}); !near(coupled, rate, 1e-12) || !near(coupled/float64(s.Size), scheduled/128, 1e-12) {
			t.Fatalf("stage %d: rate %v, want %v", k, coupled, rate)
		}
	}
	half := Stages{Bounds: Bounds{Start: 64}, Every: Span{25, Percent}, Factor: 0.5}
	if got := next(half, 64, Progress{Fraction: 0.6, Data: 1000}); got != 16 {
		t.Errorf("60 %% of the budget in quarters: size %d, want 16", got)
	}
}

// Growth under a coupling: the sizes, rates and examples of a run with the
// given schedule and base size 32.
func growth(decay func(float64) float64, most int, couple func(float64) float64, visit func(size int, rate, fraction float64)) {
	p, s := Growth{Bounds{Start: 32, Max: most}}, State{}
	const budget = 32 * 4000
	for examples := 0; examples < budget; examples += s.Size {
		f := float64(examples) / budget
		s, _ = p.Next(s, Progress{Position: Position{Examples: uint64(examples)}, Fraction: f, Data: 1e6, Decay: decay(f)})
		visit(s.Size, decay(f)*couple(float64(s.Size)/32), f)
	}
}

func quarterCosine(f float64) float64 { return math.Cos(math.Pi * f / 2) }
func halfCosine(f float64) float64    { return (1 + math.Cos(math.Pi*f)) / 2 }

// Smith et al.: with a linear coupling η/B is the schedule's at each example;
// the rate itself stays until the largest size, and falls from there.
func TestGrowthKeepsTheNoiseOfTheSchedule(t *testing.T) {
	staircase := func(f float64) float64 { return math.Pow(0.1, math.Floor(3*f)) }
	for _, decay := range []func(float64) float64{staircase, quarterCosine, halfCosine} {
		var last float64
		growth(decay, 320, func(kappa float64) float64 { return kappa }, func(size int, rate, f float64) {
			if !near(rate/float64(size), decay(f)/32, 1e-12) {
				t.Fatalf("at %v: η/B is %v, the schedule's %v", f, rate/float64(size), decay(f)/32)
			}
			if size < 320 && !near(rate, 1, 1.0/12) {
				t.Fatalf("at %v: size %d and rate %v, want 1 until 320", f, size, rate)
			}
			last = rate
		})
		if last > 0.2 {
			t.Errorf("the rate ends at %v: it must fall once the size cannot grow", last)
		}
	}
}

// On a quadratic whose rate times its curvature is small, the variance of the
// weights is a function of the examples: the same whether the rate falls or the
// batch grows.
func TestGrowthHasTheVarianceOfTheSchedule(t *testing.T) {
	const h, eta = 1.0, 0.02
	update := func(v, rate float64, size int) float64 {
		return (1-eta*rate*h)*(1-eta*rate*h)*v + eta*eta*rate*rate/float64(size)
	}
	v, grown, at := 1.0, 1.0, 0.0 // at: the fraction to which the fixed batch has come
	worst := 0.0
	growth(quarterCosine, 320, func(kappa float64) float64 { return kappa }, func(size int, rate, f float64) {
		for ; at < f-1e-12; at += 1.0 / 4000 {
			v = update(v, quarterCosine(at), 32)
		}
		worst = max(worst, math.Abs(grown/v-1))
		grown = update(grown, rate, size)
	})
	if worst > 0.08 {
		t.Errorf("the variances differ by up to %.3f", worst)
	}
}

// Seesaw: with B = B0/d and η = η0√d, a run takes N/B0·∫d updates: 2/π for a
// quarter of a cosine, a half for half of one. Rounding to steps of 1/16 adds 3 %.
func TestSeesaw(t *testing.T) {
	for _, c := range []struct {
		decay func(float64) float64
		want  float64
	}{{quarterCosine, 2 / math.Pi}, {halfCosine, 0.5}} {
		updates := 0
		growth(c.decay, 1<<20, math.Sqrt, func(size int, rate, f float64) {
			updates++
			if !near(rate*rate*32/float64(size), c.decay(f)*c.decay(f), 1e-9) {
				t.Fatalf("at %v: rate %v of size %d", f, rate, size)
			}
			if f < 0.9 && !near(rate, math.Sqrt(c.decay(f)), 1.0/12) {
				t.Fatalf("at %v: rate %v, want %v", f, rate, math.Sqrt(c.decay(f)))
			}
		})
		if got := float64(updates) / 4000; got < c.want || got > c.want*1.04 {
			t.Errorf("%v of the updates, want %v", got, c.want)
		}
	}
}

// A schedule that restarts takes the batch back.
func TestGrowthShrinksWithARestart(t *testing.T) {
	p := Growth{Bounds{Start: 32, Max: 512}}
	if got := next(p, 400, Progress{Data: 1e6, Decay: 1}); got != 32 {
		t.Errorf("size %d, want 32", got)
	}
	if got := next(p, 32, Progress{Data: 1e6, Decay: 0}); got != 512 {
		t.Errorf("a schedule at 0 gives %d, want Max", got)
	}
}

// The norm test at θ grows if and only if S/B > θ²Q, which is B < φ/θ² (and the
// trigger of Big-Batch SGD), to the smallest size that passes.
func TestNormTest(t *testing.T) {
	const s, q, big = 24.0, 2.4, 1 << 40
	for _, theta := range []float64{0.1, 0.5, 0.9, 2} {
		p := NormTest{Bounds: Bounds{Min: 1, Max: big}, Theta: theta}
		limit := s / q / theta / theta
		for _, size := range []int{1, 2, 10, 39, 40, 41, 999, 1001} {
			want := max(size, int(math.Ceil(limit-1e-6)))
			if got := next(p, size, measured(s, q, big)); got != want {
				t.Errorf("θ %v, size %d: %d, want %d", theta, size, got, want)
			}
		}
	}
	// Out of 50 examples, the size that passes is less than 50, however much noise.
	if got := next(NormTest{Bounds: Bounds{Max: 50}, Theta: 0.1}, 8, measured(s, q, 50)); got != int(math.Ceil(50/(1+49*0.01/10))) {
		t.Errorf("of 50 examples: %d", got)
	}
	p := NormTest{Bounds: Bounds{Max: 4096}}
	if got := next(p, 64, measured(s, -0.1, 1e6)); got != 128 {
		t.Errorf("an unresolved gradient gives %d, want twice 64", got)
	}
	at := measured(s, q, 1e6)
	if st, _ := p.Next(State{Size: 8, Samples: 41}, at); st.Size != 8 {
		t.Errorf("nine measurements after a change: %d", st.Size)
	}
}

// In one dimension the inner-product test is the norm test; in many it asks for
// less; the augmented one with a small ν asks for what the rest needs.
func TestInnerProduct(t *testing.T) {
	bounds := Bounds{Max: 1 << 20}
	one := measured(0, 0, 1<<40)
	one.Noise = Noise{}
	for range 20 { // g = 2, halves of 8 at 2 ± 1: S = 16, G_B = 2
		one.Noise = one.Noise.Add(Pieces{N: []float64{8, 8}, Squares: []float64{1, 9}, Whole: 4}, 16)
	}
	if a, s := one.Noise.Along(), one.Noise.S(); !near(a, s, 1e-12) {
		t.Fatalf("in one dimension the variance along the gradient is %v of %v", a, s)
	}
	norm := next(NormTest{Bounds: bounds, Theta: 0.9}, 2, one)
	if got := next(InnerProduct{Bounds: bounds}, 2, one); got != norm || norm <= 2 {
		t.Errorf("in one dimension the inner-product test gives %d, the norm test %d", got, norm)
	}

	many := simulation{policy: Fixed(64), h: problem.g, w: []float64{1, 1, 1, 1, 1, 1, 1, 1}, variance: problem.variance, data: 1 << 40, rate: 1e-9, budget: 64 * 4000}.run().at
	norm = next(NormTest{Bounds: bounds, Theta: 0.9}, 2, many)
	inner := next(InnerProduct{Bounds: bounds}, 2, many)
	// GᵀΣG/‖G‖² = 5.9 of 24, and tr Σ²/B beside.
	if share := float64(inner) / float64(norm); share < 0.2 || share > 0.4 {
		t.Errorf("in 8 dimensions the inner-product test gives %d, the norm test %d", inner, norm)
	}
	if got := next(InnerProduct{Bounds: bounds, Nu: 5.84}, 2, many); got != inner {
		t.Errorf("augmented with tan 80°: %d, want %d", got, inner)
	}
	rest := next(InnerProduct{Bounds: bounds, Nu: 0.3}, 2, many)
	if want := (many.Noise.S() - many.Noise.Along()) / many.Noise.Q() / 0.09; !near(float64(rest), want, 0.05) {
		t.Errorf("augmented with 0.3: %d, want %v", rest, want)
	}
}

// CABS: B = c·η·S/(L - floor); half the rate is half the batch, and no noise
// is the smallest.
func TestCABS(t *testing.T) {
	p := CABS{C: 2, Floor: 0.5}
	at := measured(2400, 1, 1e6)
	if got, want := next(p, 64, at), int(2*0.1*2400/(1-0.5)); got != want {
		t.Errorf("size %d, want %d", got, want)
	}
	at.Rate /= 2
	if got, want := next(p, 960, at), 480; got != want {
		t.Errorf("at half the rate: %d, want %d", got, want)
	}
	at.Rate *= 1.02
	if got := next(p, 480, at); got != 480 {
		t.Errorf("at a rate 2 %% higher: %d, want no change", got)
	}
	if got := next(p, 64, measured(0, 1, 1e6)); got != 16 {
		t.Errorf("without noise: %d, want 16", got)
	}
	at.Loss = 0.4
	if got := next(p, 64, at); got != 2048 {
		t.Errorf("below the floor: %d, want 2048", got)
	}
	at.Loss = math.NaN()
	if got := next(p, 64, at); got != 64 {
		t.Errorf("without a loss: %d, want 64", got)
	}
}

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

// The noise scale itself, and McCandlish's √(rφ), are reached from both sides.
func TestNoiseScale(t *testing.T) {
	at := measured(160, 1, 1e6)
	for _, c := range []struct {
		p    NoiseScale
		want int
	}{{NoiseScale{Bounds: Bounds{Max: 4096}}, 128}, {NoiseScale{Bounds: Bounds{Max: 4096}, R: 10}, 32}} {
		for _, start := range []int{8, 1024} {
			s := State{Size: start}
			for range 10 {
				s, _ = c.p.Next(s, at)
				s.Samples = 0
			}
			if s.Size != c.want {
				t.Errorf("r %v from %d: comes to %d, want %d", c.p.R, start, s.Size, c.want)
			}
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
