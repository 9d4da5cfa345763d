package adviser

import (
	"math"
	"strings"
	"testing"
)

// line is a pace of a + b·B, each time multiplied by a factor of errs.
func line(a, b float64, sizes []int, errs ...float64) (p Pace) {
	for i, size := range sizes {
		t := a + b*float64(size)
		if len(errs) > 0 {
			t *= errs[i%len(errs)]
		}
		p.Timings = append(p.Timings, Timing{Batch: size, Seconds: t, Rate: float64(size) / t, Spread: 1})
	}
	p.fit()
	return p
}

func TestPaceFindsTheLine(t *testing.T) {
	sizes := ladder(4096)
	for _, c := range []struct{ a, b float64 }{{1e-3, 1e-5}, {5e-6, 1e-4}, {0.2, 1e-7}, {0, 1e-3}, {1e-3, 0}} {
		p := line(c.a, c.b, sizes)
		if math.Abs(p.Fixed-c.a) > 1e-9*(c.a+c.b) || math.Abs(p.PerExample-c.b) > 1e-9*(c.a+c.b) || p.Misfit > 1e-6 {
			t.Errorf("%v: found %v + %v·B, misfit %v", c, p.Fixed, p.PerExample, p.Misfit)
		}
		for _, size := range []int{1, 3, 100, 4096, 10000} {
			if got, want := p.At(size), c.a+c.b*float64(size); math.Abs(got/want-1) > 1e-6 {
				t.Errorf("%v: %v s at %d, want %v", c, got, size, want)
			}
		}
	}
	p := line(2e-3, 1e-5, sizes)
	if h := p.Half(); math.Abs(h-200) > 1e-6 {
		t.Errorf("half of the throughput at %v, want 200", h)
	}
	noisy := line(1e-3, 1e-5, sizes, 1.05, 0.95)
	if h := noisy.Half(); h < 80 || h > 125 || noisy.Misfit > 0.12 {
		t.Errorf("with errors of 5 %%: half at %v, misfit %v; want about 100", h, noisy.Misfit)
	}
}

// Times that no line with positive parts fits are still described by one.
func TestPaceIsNeverNegative(t *testing.T) {
	for _, errs := range [][]float64{{0.5, 0.7, 0.9, 1, 1.2, 1.5, 2}, {4, 2, 1, 0.5, 0.25, 0.1, 0.05}} {
		if p := line(1e-6, 1e-5, ladder(4096), errs...); p.Fixed < 0 || p.PerExample < 0 || p.Fixed+p.PerExample == 0 {
			t.Errorf("%v: %v + %v·B", errs, p.Fixed, p.PerExample)
		}
	}
	if p := line(1e-3, 1e-5, []int{64}); p.Fixed != 0 || math.Abs(p.At(64)/(1e-3+64e-5)-1) > 1e-9 {
		t.Errorf("one size: %+v", p)
	}
}

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		got  []int
		want []int
	}{{ladder(100, 48, 64), []int{1, 4, 16, 48, 64}}, {ladder(3, 5), []int{1}}, {ladder(1, 1), []int{1}}} {
		if len(c.got) != len(c.want) {
			t.Errorf("got %v, want %v", c.got, c.want)
			continue
		}
		for i := range c.want {
			if c.got[i] != c.want[i] {
				t.Errorf("got %v, want %v", c.got, c.want)
			}
		}
	}
}

func TestLineOfFewSizes(t *testing.T) {
	one, two := Timing{Batch: 1, Seconds: 0.002}, Timing{Batch: 4, Seconds: 0.005}
	three := Timing{Batch: 16, Seconds: 0.017}
	for _, c := range []struct {
		timings   []Timing
		want, not string
	}{
		{[]Timing{one}, "no time for a second size", "examples"},
		{[]Timing{one, two}, "takes 1 ms + 1000 ms for each 1000 examples", "within"},
		{[]Timing{one, two, three}, "takes 1 ms + 1000 ms for each 1000 examples (within 0 %)", "no time"},
	} {
		p := Pace{Timings: c.timings}
		p.fit()
		var b strings.Builder
		if p.writeLine(&b); !strings.Contains(b.String(), c.want) || strings.Contains(b.String(), c.not) {
			t.Errorf("%d sizes: %q", len(c.timings), b.String())
		}
	}
}
