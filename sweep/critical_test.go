package sweep

import (
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/rng"
)

// law returns the updates of seeds at sizes, by smin·(1 + critical/B) times
// lognormal noise.
func law(sizes []int, seeds int, critical, noise float64, s *rng.Stream) [][]float64 {
	out := make([][]float64, len(sizes))
	for i, b := range sizes {
		for range seeds {
			z := s.Float64() + s.Float64() + s.Float64() + s.Float64() - 2 // variance 1/3
			out[i] = append(out[i], 500*(1+critical/float64(b))*math.Exp(noise*math.Sqrt(3)*z))
		}
	}
	return out
}

// TestFitCritical: without noise the law is found exactly.
func TestFitCritical(t *testing.T) {
	sizes := []int{1, 8, 32, 128, 512}
	for _, want := range []float64{3, 64, 400} {
		c := FitCritical(sizes, law(sizes, 1, want, 0, rng.NewStream(1, "fit")))
		if math.Abs(c.Size/want-1) > 1e-6 || math.Abs(c.SMin/500-1) > 1e-6 || math.Abs(c.EMin/(500*want)-1) > 1e-6 || c.Refused != "" || c.Residual > 1e-6 {
			t.Errorf("critical size %v: %+v", want, c)
		}
		// (S/SMin - 1)(E/EMin - 1) = 1
		s := c.Updates(100)
		if v := (s/c.SMin - 1) * (100*s/c.EMin - 1); math.Abs(v-1) > 1e-9 {
			t.Errorf("the product is %v", v)
		}
	}
}

// TestFitCriticalCovers: of many sweeps with noise, the interval has the true
// critical size in 95 % or more.
func TestFitCriticalCovers(t *testing.T) {
	sizes, s := []int{2, 8, 32, 128, 512}, rng.NewStream(3, "cover")
	const n = 150
	held, wide := 0, 0.0
	for range n {
		c := FitCritical(sizes, law(sizes, 3, 64, 0.15, s))
		if c.Refused != "" {
			t.Fatal(c.Refused)
		}
		if c.Low <= 64 && 64 <= c.High {
			held++
		}
		wide += math.Log(c.High/c.Low) / n
	}
	if held < 93*n/100 {
		t.Errorf("%d of %d intervals hold the critical size", held, n)
	}
	if wide < 0.3 || wide > 2 {
		t.Errorf("the interval is a factor of %v wide", math.Exp(wide))
	}
}

// TestFitCriticalRefuses: what the data do not determine is not told.
func TestFitCriticalRefuses(t *testing.T) {
	s := rng.NewStream(5, "refuse")
	for _, c := range []struct {
		name      string
		sizes     []int
		critical  float64
		noise     float64
		want      string
		low, high bool // bounds that are still known
	}{
		{"two sizes", []int{8, 64}, 30, 0.05, "wants three", false, false},
		{"all below", []int{1, 2, 4, 8}, 5000, 0.05, "larger batches", true, false},
		{"all above", []int{256, 512, 1024, 2048}, 2, 0.05, "smaller batches", false, true},
		{"noise", []int{16, 32, 64}, 30, 1.5, "any critical size", false, false},
	} {
		got := FitCritical(c.sizes, law(c.sizes, 3, c.critical, c.noise, s))
		if !strings.Contains(got.Refused, c.want) || !math.IsNaN(got.Size) || (got.Low > 0) != c.low || math.IsInf(got.High, 1) == c.high {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestIntervals against t.interval of SciPy for 3, 4, 8, and for their logarithms.
func TestIntervals(t *testing.T) {
	a, g := arithmetic([]float64{3, 4, 8}), geometric([]float64{3, 4, 8})
	for i, c := range []struct{ got, want float64 }{
		{a.Mean, 5}, {a.Low, -1.572411}, {a.High, 11.572411}, {g.Mean, 4.578857}, {g.Low, 1.308621}, {g.High, 16.021389},
	} {
		if math.Abs(c.got/c.want-1) > 1e-3 {
			t.Errorf("number %d is %v, want %v", i, c.got, c.want)
		}
	}
	if one := arithmetic([]float64{3}); one.Mean != 3 || !math.IsNaN(one.Low) || one.String() != "3.000" {
		t.Errorf("one seed: %+v", one)
	}
	if none := geometric(nil); none.N != 0 || none.String() != "–" {
		t.Errorf("no seed: %+v", none)
	}
}
