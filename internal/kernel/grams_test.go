package kernel

import "testing"

// TestGrams: a run of tokens has the same bucket wherever it stands, order and
// the beginning of a text count, and buckets fill evenly.
func TestGrams(t *testing.T) {
	const buckets = 1000
	of := func(n int, x ...int32) []int32 {
		out := make([]int32, len(x))
		Grams(out, x, n, buckets)
		return out
	}
	one, two := of(1, 7, 8, 7), of(2, 7, 8, 9, 7, 8, 8, 7, 0)
	if one[0] != one[2] || one[0] == one[1] {
		t.Errorf("single tokens are in buckets %v", one)
	}
	if two[1] != two[4] || two[1] == two[6] || two[0] == two[3] || two[7] == two[6] {
		t.Errorf("pairs are in buckets %v", two)
	}
	if three := of(3, 7, 8, 9)[2]; three == two[2] {
		t.Errorf("a pair and a triple share bucket %d", three)
	}
	x := make([]int32, 100*buckets)
	for i := range x {
		x[i] = int32(i)
	}
	counts := make([]int, buckets)
	for _, b := range of(2, x...) {
		counts[b]++
	}
	chi := 0.0
	for _, n := range counts {
		chi += float64((n-100)*(n-100)) / 100
	}
	if chi < 800 || chi > 1200 { // 999 expected, standard deviation 45
		t.Errorf("χ² of the buckets is %.0f with %d degrees of freedom", chi, buckets-1)
	}
}
