package images

import (
	"math"
	"slices"
	"testing"

	"github.com/descent-ml/descent/internal/rng"
)

// drawsOf are the draws of an example for tests.
func drawsOf(example int) draws { return draws{rng.Key(1, "test"), 0, uint64(example)} }

// TestBeta compares Beta(a, a) with distribution functions that have closed
// forms, by the largest distance (Kolmogorov and Smirnov), and with its variance elsewhere.
func TestBeta(t *testing.T) {
	const n = 20000
	for _, c := range []struct {
		alpha float64
		cdf   func(x float64) float64
	}{
		{0.5, func(x float64) float64 { return 2 / math.Pi * math.Asin(math.Sqrt(x)) }},
		{1, func(x float64) float64 { return x }},
		{2, func(x float64) float64 { return x * x * (3 - 2*x) }},
		{leastAlpha, nil}, {0.2, nil}, {40, nil}, {mostAlpha, nil},
	} {
		x, sum, squares := make([]float64, n), 0.0, 0.0
		for i := range x {
			w := drawsOf(i).words(forMix)
			x[i] = w.beta(c.alpha)
			if !(0 <= x[i] && x[i] <= 1) {
				t.Fatalf("Beta(%v): %v", c.alpha, x[i])
			}
			sum, squares = sum+(x[i]-0.5), squares+(x[i]-0.5)*(x[i]-0.5)
		}
		variance := 1 / (4 * (2*c.alpha + 1))
		if z := sum / math.Sqrt(n*variance); math.Abs(z) > 4.5 {
			t.Errorf("Beta(%v): the mean is %.1f deviations off", c.alpha, z)
		}
		if r := squares / n / variance; math.Abs(r-1) > 0.06 {
			t.Errorf("Beta(%v): %v of the variance", c.alpha, r)
		}
		if c.cdf == nil {
			continue
		}
		slices.Sort(x)
		worst := 0.0
		for i, v := range x {
			worst = max(worst, math.Abs(c.cdf(v)-(float64(i)+0.5)/n))
		}
		if worst*math.Sqrt(n) > 2.2 { // 1e-4
			t.Errorf("Beta(%v): the distribution is off by %v", c.alpha, worst)
		}
	}
}

// TestBetaGolden pins the sampler: a run resumes on it, on any machine.
func TestBetaGolden(t *testing.T) {
	w := drawsOf(5).words(forMix)
	for i, want := range []uint64{0x3f7a4743b4142c97, 0x3fdf8e7aa7c7e981, 0x3fde22e7c1bdd29f} {
		if got := w.beta([]float64{0.2, 1, 30}[i]); math.Float64bits(got) != want {
			t.Errorf("draw %d: %v, bits %#x, want %#x", i, got, math.Float64bits(got), want)
		}
	}
}

// uniform fails unless counts are alike, by chi-squared.
func uniform(t *testing.T, what string, counts []int) {
	t.Helper()
	n, chi := 0, 0.0
	for _, c := range counts {
		n += c
	}
	mean := float64(n) / float64(len(counts))
	for _, c := range counts {
		chi += (float64(c) - mean) * (float64(c) - mean) / mean
	}
	dof := float64(len(counts) - 1)
	if z := (chi - dof) / math.Sqrt(2*dof); math.Abs(z) > 5 {
		t.Errorf("%s: chi-squared %.1f of %v counts %v", what, chi, len(counts), counts)
	}
}

// TestWords: words of a purpose are those of its blocks, and have nothing to do with
// those of another purpose, epoch, example or seed.
func TestWords(t *testing.T) {
	r := drawsOf(3)
	w, seen := r.words(forColor), map[uint32]bool{}
	for i := range uint32(9) {
		if got, want := w.word(), r.block(forColor, i/4)[i%4]; got != want || seen[got] {
			t.Errorf("word %d: %x, want %x, a new one", i, got, want)
		} else {
			seen[got] = true
		}
	}
	for _, r := range []draws{drawsOf(3), drawsOf(4), {r.key, 0, 3 + 1<<32}, {r.key, 1, 3}, {rng.Key(2, "test"), 0, 3}} {
		w := r.words(forCutout)
		if got := w.word(); seen[got] {
			t.Errorf("%+v: word %x again", r, got)
		} else {
			seen[got] = true
		}
	}
}

// TestResizedBox: parts are inside, and of the shares and ratios asked for; their
// shares are uniform where they fit.
func TestResizedBox(t *testing.T) {
	d, n := dims{120, 120, 1}, 20000
	var shares [10]int
	for i := range n {
		w := drawsOf(i).words(forCrop)
		b := resizedBox(&w, d, 0.1)
		share, ratio := float64(b.h*b.w)/float64(d.h*d.w), float64(b.w)/float64(b.h)
		if b.top < 0 || b.left < 0 || b.top+b.h > d.h || b.left+b.w > d.w || share < 0.095 || ratio < 0.72 || ratio > 1.4 {
			t.Fatalf("box %+v: share %v, ratio %v", b, share, ratio)
		}
		if share < 0.6 { // larger ones do not fit at every ratio
			shares[max(int((share-0.1)*20), 0)]++
		}
	}
	uniform(t, "shares", shares[:])
}

// TestResizedBoxFits: where no ratio fits, the whole is shown as far as it may be.
func TestResizedBoxFits(t *testing.T) {
	w := drawsOf(1).words(forCrop)
	if b, want := resizedBox(&w, dims{10, 100, 1}, 0.9), (box{0, 43, 10, 13}); b != want {
		t.Errorf("of a wide image %+v, want %+v", b, want)
	}
	if b, want := resizedBox(&w, dims{100, 10, 1}, 0.9), (box{43, 0, 13, 10}); b != want {
		t.Errorf("of a high image %+v, want %+v", b, want)
	}
}
