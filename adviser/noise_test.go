package adviser

import (
	"math"
	"testing"
)

// The size that the formula gives takes least by the model, of all sizes.
func TestNoisePredicts(t *testing.T) {
	p := line(1e-3, 1e-5, ladder(4096)) // a/b = 100
	n := &Noise{Points: []NoisePoint{{Examples: 1e3, Scale: 50, Low: 40, High: 60}, {Examples: 1e4, Scale: 400, Low: 100, High: 1600}, {Examples: 2e4}}}
	n.predict(&p)
	if math.Abs(n.Size-200) > 1e-6 || math.Abs(n.From-100) > 1e-6 || math.Abs(n.To-400) > 1e-6 {
		t.Errorf("predicts %v, %v to %v; want 200, 100 to 400", n.Size, n.From, n.To)
	}
	for size := 1; size <= 4096; size++ {
		if p.relative(size, 400) < p.relative(200, 400)*(1-1e-9) {
			t.Fatalf("%d takes less than 200", size)
		}
	}
	sizes := []int{2, 8, 32, 128, 512, 2048}
	for i, want := range []bool{false, false, true, true, true, true} {
		if got := n.plausible(sizes[i], sizes, &p); got != want {
			t.Errorf("size %d: plausible %v, want %v", sizes[i], got, want)
		}
	}
	var none *Noise
	if !none.plausible(2, sizes, &p) {
		t.Error("without a noise scale a size is implausible")
	}
}
