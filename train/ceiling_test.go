package train

import "testing"

// TestCeiling: with a limit that a batch of a half of the data takes, about so much
// fits at once, and in micro-batches more of a model without barriers.
func TestCeiling(t *testing.T) {
	c := large(t, false)
	x, err := CeilingOf(c)
	if err != nil || x.Data != 3000 || x.Batch != 3000 || x.Whole == 0 {
		t.Fatalf("without a tight limit: %+v, %v (want all 3000 examples)", x, err)
	}
	forgetPeak(t)
	c.Exec.Micro = 1500
	v, _ := needOf(t, c)
	c.Exec.Micro = 0
	forgetPeak(t)
	c.Exec.Memory = v.Memory.Peak + v.Memory.Peak/32
	x, err = CeilingOf(c)
	if err != nil || x.Whole < 1000 || x.Whole > 2000 || x.Batch != 3000 || x.LimitBy != "exec.memory" {
		t.Errorf("with the memory of 1500 examples: %+v, %v", x, err)
	}
}
