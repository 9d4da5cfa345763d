package rng

import (
	"fmt"
	"math"
	"testing"
)

func TestPermutationIsBijection(t *testing.T) {
	for n := uint64(1); n <= 2000; n++ {
		p := NewPermutation(n, Key(n, "test"))
		seen := make([]bool, n)
		for i := range n {
			x := p.At(i)
			if x >= n || seen[x] {
				t.Fatalf("n=%d: place %d holds %d, which is out of range or taken", n, i, x)
			}
			seen[x] = true
		}
	}
}

func TestPermutationOfLargeSpace(t *testing.T) {
	for _, n := range []uint64{1<<40 - 1, 1 << 40, 1<<39 + 1} {
		p := NewPermutation(n, Key(1, "test"))
		seen := map[uint64]bool{}
		mean := 0.0
		const draws = 20000
		for i := range uint64(draws) {
			x := p.At(i * (n / draws))
			if x >= n || seen[x] {
				t.Fatalf("n=%d: %d out of range or twice", n, x)
			}
			seen[x] = true
			mean += float64(x) / float64(n) / draws
		}
		// The mean of draws uniform numbers has deviation 1/sqrt(12 draws).
		if d := math.Abs(mean-0.5) * math.Sqrt(12*draws); d > 5 {
			t.Errorf("n=%d: mean %v is %.1f deviations off", n, mean, d)
		}
	}
}

// TestPermutationOrders counts, over many keys, how often each of the 120
// orders of five things comes up.
func TestPermutationOrders(t *testing.T) {
	const keys, orders = 60000, 120
	count := map[string]int{}
	for k := range uint64(keys) {
		p := NewPermutation(5, Key(k, "orders"))
		s := ""
		for i := range uint64(5) {
			s += fmt.Sprint(p.At(i))
		}
		count[s]++
	}
	chi := 0.0
	for _, c := range count {
		d := float64(c) - keys/orders
		chi += d * d / (keys / orders)
	}
	chi += float64(orders-len(count)) * keys / orders
	// Chi-squared with 119 degrees of freedom: mean 119, deviation sqrt(238).
	if d := math.Abs(chi-119) / math.Sqrt(238); d > 5 {
		t.Errorf("chi-squared %.1f over %d orders, %.1f deviations from 119", chi, len(count), d)
	}
}

// TestPermutationPlaces counts, over many keys, which thing stands at which
// place, and which pairs stand beside one another.
func TestPermutationPlaces(t *testing.T) {
	const keys = 20000
	for _, n := range []uint64{2, 7, 10, 33, 100} {
		at, next := make([]float64, n*n), make([]float64, n*n)
		for k := range uint64(keys) {
			p := NewPermutation(n, Key(k, "places"))
			for i := range n {
				at[i*n+p.At(i)]++
				next[p.At(i)*n+p.At((i+1)%n)]++
			}
		}
		chiAt, chiNext := 0.0, 0.0
		e, en := keys/float64(n), keys/float64(n-1)
		for i := range n * n {
			chiAt += (at[i] - e) * (at[i] - e) / e
			if i/n != i%n {
				chiNext += (next[i] - en) * (next[i] - en) / en
			}
		}
		// Rows and columns sum to a constant: (n-1)^2 degrees of freedom.
		dof := float64((n - 1) * (n - 1))
		if d := math.Abs(chiAt-dof) / math.Sqrt(2*dof); d > 5 {
			t.Errorf("n=%d: places: chi-squared %.1f, want about %v", n, chiAt, dof)
		}
		if n < 7 {
			continue // neighbours of two are never free
		}
		dof = float64(n*(n-1) - 2*n + 1)
		if d := math.Abs(chiNext-dof) / math.Sqrt(2*dof); d > 6 {
			t.Errorf("n=%d: neighbours: chi-squared %.1f, want about %v", n, chiNext, dof)
		}
	}
}

// TestPermutationGolden pins the order: a checkpoint resumes on it.
func TestPermutationGolden(t *testing.T) {
	p := NewPermutation(10, Key(1, "shuffle"))
	got := ""
	for i := range uint64(10) {
		got += fmt.Sprint(p.At(i))
	}
	big := NewPermutation(1_000_003, Key(1, "shuffle"))
	got += fmt.Sprint(" ", big.At(0), " ", big.At(1_000_002))
	if want := "4320856719 360990 903788"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestPermutationFill(t *testing.T) {
	for _, n := range []uint64{1, 2, 5, 63, 64, 65, 1000, 1 << 20, 1<<20 + 1, 1 << 40} {
		p := NewPermutation(n, Key(n, "fill"))
		for _, from := range []uint64{0, n / 2, n - 1} {
			for size := range min(12, n-from+1) {
				got := make([]int, size)
				p.Fill(got, from)
				for k, x := range got {
					if want := p.At(from + uint64(k)); uint64(x) != want {
						t.Fatalf("n=%d: place %d filled with %d, At says %d", n, from+uint64(k), x, want)
					}
				}
			}
		}
	}
}

func TestPermutationRefuses(t *testing.T) {
	for name, f := range map[string]func(){
		"nothing": func() { NewPermutation(0, [2]uint32{}) },
		"much":    func() { NewPermutation(1<<40+1, [2]uint32{}) },
		"place":   func() { p := NewPermutation(3, [2]uint32{}); p.At(3) },
		"places":  func() { p := NewPermutation(3, [2]uint32{}); p.Fill(make([]int, 2), 2) },
		"many":    func() { p := NewPermutation(3, [2]uint32{}); p.Fill(make([]int, 4), 0) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func BenchmarkPermutation(b *testing.B) {
	for _, n := range []uint64{5, 1797, 60000, 1 << 20, 1<<39 + 1} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, i := NewPermutation(n, Key(1, "bench")), uint64(0)
			for b.Loop() {
				if p.At(i); i == n-1 {
					i = 0
				} else {
					i++
				}
			}
		})
	}
}

func BenchmarkPermutationFill(b *testing.B) {
	for _, n := range []uint64{1797, 60000, 1 << 20, 5 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, dst := NewPermutation(n, Key(1, "bench")), make([]int, 256)
			for b.Loop() {
				p.Fill(dst, 0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(dst)), "ns/place")
		})
	}
}
