package optim

import (
	"errors"
	"fmt"
	"math"
)

// Plateau lowers the learning rate when validation gets no better, beside the
// schedule: PyTorch's ReduceLROnPlateau. DefaultPlateau returns its defaults.
type Plateau struct {
	Factor    float64 // of the rate, in (0, 1): 0.1
	Patience  int     // validations without a better one that are borne: 10
	Threshold float64 // share by which a value must be better: 1e-4
	Cooldown  int     // validations after a change that do not count: 0
	Min       float64 // the factor stays at least this: 0
}

// DefaultPlateau returns factor 0.1, patience 10, threshold 1e-4.
func DefaultPlateau() *Plateau { return &Plateau{Factor: 0.1, Patience: 10, Threshold: 1e-4} }

// PlateauState is where a Plateau stands: the zero value at the start. It is
// part of what a checkpoint holds.
type PlateauState struct {
	Best     float64 `json:"best"`
	Bad      int     `json:"bad,omitempty"`      // validations since the best
	Cooldown int     `json:"cooldown,omitempty"` // left of it
	Factor   float64 `json:"factor,omitempty"`   // of the learning rate; 0 is 1, before the first value
}

// Next returns the state after a validation whose value, such as a loss, is
// best where it is lowest, or highest if so said. A value that is not finite
// is never better.
func (p *Plateau) Next(s PlateauState, value float64, highest bool) PlateauState {
	if s.Factor == 0 {
		s.Factor, s.Best = 1, math.MaxFloat64
		if highest {
			s.Best = -math.MaxFloat64
		}
	}
	if p.better(value, s.Best, highest) {
		s.Best, s.Bad = value, 0
	} else {
		s.Bad++
	}
	if s.Cooldown > 0 {
		s.Cooldown--
		s.Bad = 0
	}
	if s.Bad > p.Patience {
		s.Factor = max(p.Min, float64(s.Factor*p.Factor))
		s.Cooldown, s.Bad = p.Cooldown, 0
	}
	return s
}

// better compares a value with the best by the threshold, relative to the best.
func (p *Plateau) better(value, best float64, highest bool) bool {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return false
	case highest && best == -math.MaxFloat64, !highest && best == math.MaxFloat64:
		return true
	case highest:
		return value > float64(best*(1+p.Threshold))
	}
	return value < float64(best*(1-p.Threshold))
}

// Validate reports every setting that cannot be.
func (p *Plateau) Validate() error {
	var errs []error
	if !(p.Factor > 0 && p.Factor < 1) {
		errs = append(errs, fmt.Errorf("optim: plateau factor %v, want between 0 and 1", p.Factor))
	}
	if p.Patience < 0 || p.Cooldown < 0 {
		errs = append(errs, fmt.Errorf("optim: plateau patience %d and cooldown %d, want 0 or more", p.Patience, p.Cooldown))
	}
	if !(p.Threshold >= 0 && p.Threshold < 1) {
		errs = append(errs, fmt.Errorf("optim: plateau threshold %v, want 0 or more and less than 1", p.Threshold))
	}
	return errors.Join(append(errs, rate("plateau min", p.Min))...)
}
