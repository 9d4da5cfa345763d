package batch

import (
	"math"
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

// The noise scale is what it is taken for: examples to a loss, with the best
// constant rate of each size, follow E(B) = E·(1 + B/φ) (McCandlish et al., eq.
// 2.11), here within a factor of 2 of the φ that the meter reads on the way.
func TestNoiseScaleIsTheCriticalBatch(t *testing.T) {
	examples := func(size int, rate float64) (mean, phi float64) {
		s := simulation{policy: Fixed(size), data: 60000, rate: rate, budget: 1e6}
		for k := range 100 {
			h := 1 / float64(k+1)
			s.h, s.w, s.variance = append(s.h, h), append(s.w, 1), append(s.variance, 10*h)
		}
		s.target = 0.05 * s.loss(s.w)
		for s.seed = range 6 {
			o := s.run()
			mean += float64(o.at.Examples) / 6
			x, _ := o.at.Noise.Scale()
			phi += x / 6
		}
		return mean, phi
	}
	small, _ := examples(64, 0.7)
	middle, phi := examples(256, 1.54)
	large, _ := examples(1024, 1.54)
	slope := (large - small) / (1024 - 64)
	critical := small/slope - 64
	if critical < phi/2 || critical > phi*2 || !near(middle, slope*(256+critical), 0.25) {
		t.Errorf("%.0f, %.0f and %.0f examples: a critical batch of %.0f, a noise scale of %.0f", small, middle, large, critical, phi)
	}
}
