package batch

import (
	"errors"
	"fmt"
	"math"
)

// CABS couples the batch size to the learning rate: Balles, Romero and Hennig
// (UAI 2017, eq. 17),
//
//	B = c·η·S / (L - floor)
//
// for SGD on a loss L whose optimum is about floor, within [16, 2048] as in the
// paper. A learning rate that falls takes the batch with it. The rate must not
// be coupled to the batch in turn: the two would drive each other up.
//
// S and L are averages, as in the paper; a change needs a new measurement and a
// target that is 1/16 away. The paper measures S from the gradients of single
// examples, here it is that of the noise meter.
type CABS struct {
	Bounds Bounds
	C      float64 // 1
	Floor  float64 // the loss that cannot be had lower; 0
}

func (c CABS) withDefaults() CABS {
	if c.Bounds.Min == 0 {
		c.Bounds.Min = 16
		if c.Bounds.Start > 0 {
			c.Bounds.Min = min(c.Bounds.Min, c.Bounds.Start)
		}
	}
	if c.Bounds.Max == 0 {
		c.Bounds.Max = max(2048, c.Bounds.Min, c.Bounds.Start)
	}
	if c.C == 0 {
		c.C = 1
	}
	return c
}

// Validate lists the faults of the settings.
func (c CABS) Validate() error {
	errs := []error{c.withDefaults().Bounds.Validate(), positive("c", c.C)}
	if math.IsNaN(c.Floor) || math.IsInf(c.Floor, 0) {
		errs = append(errs, fmt.Errorf("batch: floor %v of cabs (want a number)", c.Floor))
	}
	return errors.Join(errs...)
}

func (c CABS) Max(examples int) int { return c.withDefaults().Bounds.largest(examples) }
func (c CABS) NeedsNoise() bool     { return true }
func (c CABS) String() string {
	return c.Bounds.text("cabs", "c", c.withDefaults().C, "floor", c.Floor)
}

// Next implements Policy. Below the floor the size is the largest.
func (c CABS) Next(s State, p Progress) (State, string) {
	c = c.withDefaults()
	b := c.Bounds.withDefaults(p.Data)
	if s.Size == 0 {
		return s.to(b.Start, p), ""
	}
	if n := p.Noise.Samples(); n < fresh || n <= s.Samples || math.IsNaN(p.Loss) {
		return s, ""
	}
	variance, left := max(0, p.Noise.S()), max(0, p.Loss-c.Floor)
	size := b.Min
	if variance > 0 {
		size = b.clip(float64(float64(c.C*p.Rate)*variance) / left)
	}
	if size == s.Size || size != b.Min && size != b.Max && !differs(size, s.Size, steady) {
		return s, ""
	}
	return s.to(size, p), fmt.Sprintf("the gradient's variance is %.3g, the loss %.3g, the learning rate %.3g", variance, left, p.Rate)
}
