package batch

import (
	"encoding/json"
	"math"
	"testing"
)

// timed is a cost after n updates of each size, at a + b·size seconds.
func timed(c Cost, a, b float64, n int, sizes ...int) Cost {
	for _, size := range sizes {
		for range n {
			c = c.Add(size, a+b*float64(size))
		}
	}
	return c
}

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*math.Abs(want) }

func TestCostOfTwoSizes(t *testing.T) {
	c := timed(Cost{}, 1e-3, 2e-5, 5, 64)
	if c.Known() {
		t.Errorf("one size gave %+v", c)
	}
	c = timed(c, 1e-3, 2e-5, 4, 128)
	if c.Known() {
		t.Error("four updates made an observation of five")
	}
	c = timed(c, 1e-3, 2e-5, 1, 128)
	if !near(c.Fixed, 1e-3, 1e-9) || !near(c.PerExample, 2e-5, 1e-9) || !near(c.HalfSpeed(), 50, 1e-9) || !near(c.Seconds(32), 1.64e-3, 1e-9) {
		t.Errorf("fitted %v + %v B", c.Fixed, c.PerExample)
	}
	if s, ok := c.Measured(128); !ok || !near(s, 3.56e-3, 1e-9) {
		t.Errorf("an update of 128 takes %v, %v", s, ok)
	}
	if _, ok := c.Measured(32); ok {
		t.Error("a size that was not timed is measured")
	}
}

// Four of five updates that take a hundred times as long are as if they had not.
func TestCostForgivesDisturbances(t *testing.T) {
	var c Cost
	for i := range 30 {
		for _, size := range []int{32, 256} {
			s := 1e-3 + 1e-5*float64(size)
			if i%5 >= 1 {
				s *= 100
			}
			c = c.Add(size, s)
		}
	}
	if !near(c.Fixed, 1e-3, 1e-9) || !near(c.PerExample, 1e-5, 1e-9) {
		t.Errorf("fitted %v + %v B", c.Fixed, c.PerExample)
	}
}

// A machine that gets slower is followed, and a long time at one size does not
// make a and b unknown.
func TestCostFollows(t *testing.T) {
	c := timed(Cost{}, 1e-3, 1e-5, 20, 32, 512)
	c = timed(c, 1e-3, 1e-5, 3000, 512)
	if !near(c.HalfSpeed(), 100, 1e-6) {
		t.Errorf("a/b is %v after a long time at one size, want 100", c.HalfSpeed())
	}
	for range 60 {
		c = timed(c, 3e-3, 1e-5, 5, 32, 512)
	}
	if !near(c.HalfSpeed(), 300, 0.05) {
		t.Errorf("a/b is %v, want 300", c.HalfSpeed())
	}
}

// More sizes than are kept, noise that would make a or b negative, and times
// that are none.
func TestCostBounds(t *testing.T) {
	c := timed(Cost{}, 2e-3, 1e-5, 5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
	if !near(c.Fixed, 2e-3, 1e-9) || !near(c.PerExample, 1e-5, 1e-9) {
		t.Errorf("ten sizes gave %v + %v B", c.Fixed, c.PerExample)
	}
	if c := timed(Cost{}, 1e-3, -1e-6, 5, 32, 64); c.PerExample != 0 || c.Fixed <= 0 || !math.IsInf(c.HalfSpeed(), 1) {
		t.Errorf("times that fall gave %v + %v B", c.Fixed, c.PerExample)
	}
	if c := timed(Cost{}, -1e-4, 1e-5, 5, 32, 64); c.Fixed != 0 || c.PerExample <= 0 || c.HalfSpeed() != 0 {
		t.Errorf("times that rise faster than the size gave %v + %v B", c.Fixed, c.PerExample)
	}
	before := c
	if c = c.Add(0, 1).Add(8, 0).Add(8, math.NaN()).Add(8, math.Inf(1)); c != before {
		t.Error("a time that is none changed the cost")
	}
}

func TestStateIsJSON(t *testing.T) {
	c := timed(Cost{}, 1e-3, 1.0/3, 7, 3, 17)
	text, err := json.Marshal(c)
	var again Cost
	if err != nil || json.Unmarshal(text, &again) != nil || again != c {
		t.Errorf("%s became %+v, %v", text, again, err)
	}
	n := Noise{}.Add(Pieces{N: []float64{3, 4}, Squares: []float64{1.0 / 3, 0.7}, Whole: 0.2}, 7)
	text, err = json.Marshal(n)
	var back Noise
	if err != nil || json.Unmarshal(text, &back) != nil || back != n {
		t.Errorf("%s became %+v, %v", text, back, err)
	}
}
