package metric

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/descent-ml/descent/internal/rng"
)

// predictions are n rows of probabilities, some of them tied, and labels that
// they know something about.
func predictions(n, classes int) (prob []float32, labels []int32, weight []float32) {
	s := rng.NewStream(1, "predictions")
	for range n {
		l := int(s.Uint32()) % classes
		row, sum := make([]float64, classes), 0.0
		for c := range row {
			row[c] = 1 + float64(s.Uint32()%64)
			if c == l {
				row[c] *= 1.5
			}
			sum += row[c]
		}
		for c := range row {
			prob = append(prob, float32(row[c]/sum))
		}
		labels = append(labels, int32(l))
		weight = append(weight, float32(s.Uint32()%4))
	}
	return prob, labels, weight
}

// values are n rows of predictions and targets.
func values(n, outputs int) (pred, target []float64) {
	s := rng.NewStream(2, "values")
	for range n * outputs {
		y := s.Float64() * 10
		target = append(target, y)
		pred = append(pred, y+s.Float64()+s.Float64()-1)
	}
	return pred, target
}

func columns[T any](x []T, width int, rows []int) (to []T) {
	for _, i := range rows {
		to = append(to, x[i*width:(i+1)*width]...)
	}
	return to
}

// resampled returns the numbers of the examples that resample b draws.
func resampled(n int, b uint32, seed uint64) (rows []int) {
	drawn := make([]uint8, n)
	draw(drawn, b, rng.Key(seed, "bootstrap"))
	for i, times := range drawn {
		for range times {
			rows = append(rows, i)
		}
	}
	return rows
}

// TestResampleIsTheScoreOfThoseExamples writes the examples of some resamples
// out, measures them from the start, and wants the scores the bootstrap got by
// weights.
func TestResampleIsTheScoreOfThoseExamples(t *testing.T) {
	const n, b, seed = 40, 12, 5
	prob2, labels2, weight := predictions(n, 2)
	prob4, labels4, _ := predictions(n, 4)
	pred, target := values(n, 3)
	hits := make([]float32, len(prob4))
	for i, l := range labels4 {
		hits[i*4+int(l)] = 1
	}
	o := Options{Resamples: -1}
	for name, at := range map[string]struct {
		of     func() (scorer, []float64, error)
		direct func(rows []int) (*Report, error)
	}{
		"binary": {func() (scorer, []float64, error) { return newClassifier(prob2, 2, labels2, weight) },
			func(r []int) (*Report, error) {
				return Classification(columns(prob2, 2, r), 2, columns(labels2, 1, r), columns(weight, 1, r), o)
			}},
		"four": {func() (scorer, []float64, error) { return newClassifier(prob4, 4, labels4, weight) },
			func(r []int) (*Report, error) {
				return Classification(columns(prob4, 4, r), 4, columns(labels4, 1, r), columns(weight, 1, r), o)
			}},
		"values": {func() (scorer, []float64, error) { return newRegressor(pred, target, 3, weight) },
			func(r []int) (*Report, error) {
				return Regression(columns(pred, 3, r), columns(target, 3, r), 3, columns(weight, 1, r), o)
			}},
		"labels": {func() (scorer, []float64, error) { return newLabeler(prob4, 4, hits, weight) },
			func(r []int) (*Report, error) {
				return MultiLabel(columns(prob4, 4, r), 4, columns(hits, 4, r), columns(weight, 1, r), o)
			}},
	} {
		t.Run(name, func(t *testing.T) {
			s, w, err := at.of()
			if err != nil {
				t.Fatal(err)
			}
			draws, width := bootstrap(s, w, b, seed), len(s.names())
			for k := range uint32(b) {
				r, err := at.direct(resampled(n, k, seed))
				if err != nil {
					t.Fatal(err)
				}
				for j, score := range r.Scores {
					near(t, fmt.Sprint("resample ", k, " ", score.Name), draws[int(k)*width+j], score.Value)
				}
			}
		})
	}
}

// TestIntervalOfAShare compares the interval of an accuracy with that of the
// normal approximation of a binomial, p ± 1.96·√(p(1-p)/n).
func TestIntervalOfAShare(t *testing.T) {
	const n, right = 4000, 3000
	prob, labels := make([]float32, 2*n), make([]int32, n)
	for i := range labels {
		prob[2*i], prob[2*i+1] = 0.25, 0.75
		if i < right {
			labels[i] = 1
		}
	}
	r, err := Classification(prob, 2, labels, nil, Options{Resamples: 10000, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := r.Get("accuracy")
	half := 1.959964 * math.Sqrt(0.75*0.25/n)
	for end, off := range map[string]float64{"low": s.Lo - (0.75 - half), "high": s.Hi - (0.75 + half)} {
		if math.Abs(off) > 0.05*half {
			t.Errorf("%s end of %v is %v of the half width %v off", end, s, off/half, half)
		}
	}
}

// TestIntervalCovers draws sets from a known mean and counts how often the
// interval of the mean absolute error holds it.
func TestIntervalCovers(t *testing.T) {
	const n, sets = 100, 400
	s, held := rng.NewStream(7, "sets"), 0
	for k := range sets {
		pred, target := make([]float64, n), make([]float64, n)
		for i := range pred {
			pred[i] = s.Float64() // mean 1/2
		}
		r, err := Regression(pred, target, 1, nil, Options{Resamples: 400, Seed: uint64(k)})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := r.Get("mae"); got.Lo <= 0.5 && 0.5 <= got.Hi {
			held++
		}
	}
	// A binomial of 400 at 0.95 has deviation 4.4; the percentile interval of
	// 100 examples covers a little less.
	if held < 360 || held > 395 {
		t.Errorf("the interval of 95 %% holds the mean in %d of %d sets", held, sets)
	}
}

// TestDrawsAreUniform wants each of n examples equally often, as often as n
// draws say, and other draws for another resample and another seed.
func TestDrawsAreUniform(t *testing.T) {
	const n, resamples = 37, 4000
	count := make([]int, n)
	for b := range uint32(resamples) {
		rows := resampled(n, b, 1)
		if len(rows) != n {
			t.Fatalf("%d draws, want %d", len(rows), n)
		}
		for _, i := range rows {
			count[i]++
		}
	}
	chi := 0.0
	for _, c := range count {
		chi += float64((c-resamples)*(c-resamples)) / resamples
	}
	if d := math.Abs(chi-(n-1)) / math.Sqrt(2*(n-1)); d > 5 {
		t.Errorf("chi-squared %v, want about %d", chi, n-1)
	}
	first := resampled(n, 0, 1)
	if reflect.DeepEqual(first, resampled(n, 1, 1)) || reflect.DeepEqual(first, resampled(n, 0, 2)) {
		t.Error("another resample or another seed draws the same examples")
	}
}

// TestReportIsDeterministic wants the same bits from any number of threads.
func TestReportIsDeterministic(t *testing.T) {
	prob, labels, weight := predictions(500, 3)
	measure := func(threads int, seed uint64) []Score {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		r, err := Classification(prob, 3, labels, weight, Options{Resamples: 200, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return r.Scores
	}
	want := measure(1, 9)
	for _, threads := range []int{2, 3, 8} {
		if got := measure(threads, 9); !reflect.DeepEqual(got, want) {
			t.Errorf("%d threads: %v, want %v", threads, got, want)
		}
	}
	for i, s := range measure(1, 10) {
		if s.Value != want[i].Value || s.Lo == want[i].Lo && s.Hi == want[i].Hi {
			t.Errorf("another seed: %v, want the value of %v and other ends", s, want[i])
		}
	}
}

func TestIntervals(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		x      []float64
		lo, hi float64
	}{
		"none":           {nil, nan, nan},
		"one":            {[]float64{3}, 3, 3},
		"between":        {[]float64{10, 0}, 0.25, 9.75},
		"exact":          {sequence(41), 1, 39},
		"some undefined": {[]float64{nan, 10, 0, nan}, 0.25, 9.75},
		"most undefined": {[]float64{nan, 10, 0, nan, nan}, nan, nan},
	} {
		t.Run(name, func(t *testing.T) {
			lo, hi := interval(c.x)
			near(t, "low end", lo, c.lo)
			near(t, "high end", hi, c.hi)
		})
	}
}

func sequence(n int) (x []float64) {
	for i := range n {
		x = append(x, float64(n-1-i))
	}
	return x
}

func TestFewerResamplesOfMuch(t *testing.T) {
	for _, c := range []struct{ asked, n, cost, want int }{
		{0, 16000, 4, 1000}, {0, 100000, 4, 1000}, {0, 1000000, 4, 100}, {0, 100000000, 4, 40},
		{7, 100000000, 4, 7}, {-1, 10, 4, 0},
	} {
		if got := (Options{Resamples: c.asked}).resamples(c.n, c.cost); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func BenchmarkBinary(b *testing.B) {
	for _, n := range []int{16_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			prob, labels, _ := predictions(n, 2)
			for b.Loop() {
				if _, err := Classification(prob, 2, labels, nil, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTenClasses(b *testing.B) {
	prob, labels, _ := predictions(16_000, 10)
	for b.Loop() {
		if _, err := Classification(prob, 10, labels, nil, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRegression(b *testing.B) {
	pred, target := values(16_000, 1)
	for b.Loop() {
		if _, err := Regression(pred, target, 1, nil, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
