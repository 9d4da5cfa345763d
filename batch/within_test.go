package batch

import "testing"

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		p           Policy
		least, most int
		want        Policy
	}{
		{Auto{}, 1, 0, Auto{}},
		{Auto{}, 2, 0, Auto{Bounds: Bounds{Start: 32, Min: 2, Max: 100}}},
		{Auto{}, 1, 64, Auto{Bounds: Bounds{Start: 32, Min: 1, Max: 64}}},
		{Auto{}, 1, 100, Auto{}},
		{Auto{}, 1, 16, Auto{Bounds: Bounds{Start: 16, Min: 1, Max: 16}}},
		{Growth{Bounds: Bounds{Start: 8, Max: 200}}, 1, 64, Growth{Bounds: Bounds{Start: 8, Max: 200}}}, // asked for
		{Growth{Bounds: Bounds{Start: 8, Max: 200}}, 300, 64, Growth{Bounds: Bounds{Start: 300, Min: 300, Max: 300}}},
		{NormTest{Bounds: Bounds{Start: 4}}, 5000, 0, NormTest{Bounds: Bounds{Start: 1000, Min: 1000, Max: 1000}}},
		{CABS{}, 1, 64, CABS{Bounds: Bounds{Start: 32, Min: 16, Max: 64}}},
		{Goodput{}, 1, 64, Goodput{Bounds: Bounds{Start: 32, Min: 32, Max: 64}}},
		{Fixed(7), 10, 5, Fixed(7)},
	} {
		if got := Within(c.p, 1000, c.least, c.most); got != c.want {
			t.Errorf("%#v within %d and %d: %#v, want %#v", c.p, c.least, c.most, got, c.want)
		}
	}
	for p, want := range map[Policy]bool{Auto{}: true, CABS{}: true, NoiseScale{Bounds: Bounds{Max: 9}}: false, All(): false} {
		if Open(p, 1000) != want {
			t.Errorf("%v: open is %v", p, !want)
		}
	}
}
