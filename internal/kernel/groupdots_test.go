package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestGroupDots compares products within a group, whole and short, with chains,
// bit by bit, on every tier.
func TestGroupDots(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		var s Scratch
		for _, c := range [][3]int{{1, 1, 1}, {4, 3, 4}, {5, 17, 8}, {64, 20, 64}, {33, 1, 70}} {
			n, k, g := c[0], c[1], c[2]
			u, v, w := rough(n*k, 1), rough(n*k, 2), rough(n*g, 3)
			z, mixed, turned := make([]float32, n*g), make([]float32, n*k), make([]float32, n*k)
			GroupDots(z, u, v, n, k, g, &s)
			GroupMix(mixed, w, v, n, k, g, &s)
			GroupMixT(turned, w, u, n, k, g, &s)
			for e := range n {
				for j := range g {
					var want float32
					for i := 0; i < k && j < n; i++ {
						want = fma32(u[e*k+i], v[j*k+i], want)
					}
					sameFloat(t, "dots", c, z[e*g+j], want)
				}
				for i := range k {
					var a, b float32
					for j := range n {
						a, b = fma32(w[e*g+j], v[j*k+i], a), fma32(w[j*g+e], u[j*k+i], b)
					}
					sameFloat(t, "mix", c, mixed[e*k+i], a)
					sameFloat(t, "mixT", c, turned[e*k+i], b)
				}
			}
		}
	})
}

func sameFloat(t *testing.T, what string, c [3]int, got, want float32) {
	if math.Float32bits(got) != math.Float32bits(want) {
		t.Errorf("%s %v: %v, want %v", what, c, got, want)
	}
}

// TestGroupKeep: an example keeps itself and what differs from it.
func TestGroupKeep(t *testing.T) {
	z := make([]float32, 3*4)
	GroupKeep(z, []int32{7, 5, 7}, 4)
	if want := []float32{1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0}; !slices.Equal(z, want) {
		t.Errorf("%v, want %v", z, want)
	}
}
