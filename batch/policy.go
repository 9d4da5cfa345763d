package batch

import (
	"errors"
	"fmt"
)

// Policy decides the size of each batch. It is a pure function of what has
// happened so far, so a resumed run decides alike: all that it remembers is in
// the State. A policy that needs more than this interface has NeedsNoise or
// NeedsClock, methods without arguments that return true, and reports settings
// that cannot be with Validate() error.
type Policy interface {
	// Max returns the largest size it will ask for with so many examples of
	// training data; memory is planned for it.
	Max(examples int) int

	// String describes the policy as a configuration writes it: "64", "all".
	String() string

	// Next returns the state with the size of the next update, from 1 to Max,
	// and if that changes the reason, in a few words. It is called before each
	// update, and changes nothing, so it may be asked again. The last batch of an
	// epoch is shorter if fewer examples are left.
	Next(s State, p Progress) (State, string)
}

// State is all that a policy remembers. The zero State is before the first
// update. It is a value, and its JSON reads back to the same bits.
type State struct {
	Size    int    `json:"size"`              // of the next update, in examples
	Since   uint64 `json:"since,omitempty"`   // updates done when it became so
	Samples int    `json:"samples,omitempty"` // measurements of the noise done then

	Before int `json:"before,omitempty"` // the size that Auto left for this one; 0 after any other change

	// What Decide remembers.
	Trial Trial  `json:"trial,omitzero"`
	Hold  uint64 `json:"hold,omitempty"` // examples consumed until which the size stays, after an undo
}

// to returns the state with another size.
func (s State) to(size int, p Progress) State {
	if size != s.Size {
		s.Size, s.Since, s.Samples, s.Before = size, p.Update, p.Noise.Samples(), 0
	}
	return s
}

// Progress is what a policy knows when it decides.
type Progress struct {
	Position
	Fraction float64 // of the budget consumed, in [0, 1]
	Data     int     // examples of the training data
	Rate     float64 // η, the learning rate of the last update
	Decay    float64 // of the schedule now, relative to its peak so far, in [0, 1]
	Loss     float64 // smoothed training loss, a mean over examples; NaN before there is one
	Noise    Noise   // of the gradient: measured if NeedsNoise
	Cost     Cost    // of an update: measured if NeedsClock
	Momentum float64 // β of the optimizer's average of gradients, in [0, 1); 0 is none
	Base     int     // B0, the batch size that the learning rate is meant for; 0 is not known
	Level    float64 // the batch size from which the coupling hardly raises the rate; 0 or +Inf is none
}

// critical returns φ′, the batch size from which larger ones lose examples, for a
// noise scale φ:
//
//	φ′ = max(φ, min(φ, 2B0)/(1-β))
//
// Without momentum that is φ. Where training spends its time, at the largest rate
// that is good, the weights bounce, and ‖G‖² is mostly what pulls them back: in the
// stationary state of SGD on a quadratic of curvature h, with a rate η of all of a
// gradient's share in the steps to come, φ = 2B/(ηh). So φ/B tells by how much the
// rate could grow before ηh is 2, where plain descent diverges. Momentum diverges at
// 2(1+β)/(1-β) only, and rates, so batches, may grow so much further before
// examples are lost: Zhang et al., NeurIPS 2019, arXiv:1907.04164; Shallue et al. 2019 for
// networks. A φ far above the base is of no such state; there the limit is
// that of a rate which is good for B0, ηh = 1 or more, and momentum adds nothing to a φ beyond.
// On the tasks of bench/batchsize with tuned rates and β = 0.9 the batch where half of
// the examples are lost was 12 to 20 times a φ of about 2B0. (1+β)/(1-β) = 19 is the most that
// momentum can give; half of it is taken. See docs/benchmarks.md.
func (p Progress) critical(phi float64) float64 {
	bouncing := phi
	if p.Base > 0 {
		bouncing = min(phi, 2*float64(p.Base))
	}
	return max(phi, bouncing/(1-p.Momentum))
}

// NeedsNoise reports whether the policy looks at Progress.Noise.
func NeedsNoise(p Policy) bool {
	n, ok := p.(interface{ NeedsNoise() bool })
	return ok && n.NeedsNoise()
}

// NeedsClock reports whether the policy looks at Progress.Cost, so that its
// decisions depend on a clock and belong in a journal.
func NeedsClock(p Policy) bool {
	n, ok := p.(interface{ NeedsClock() bool })
	return ok && n.NeedsClock()
}

// Varies reports whether sizes may change: under any policy but Fixed and All.
func Varies(p Policy) bool {
	switch p.(type) {
	case fixed, all:
		return false
	}
	return true
}

// Fixed is a policy of n examples for each update; n = 1 is stochastic
// gradient descent in the narrow sense.
func Fixed(n int) Policy { return fixed(n) }

// All is a policy of one update for each epoch: full-batch gradient descent.
func All() Policy { return all{} }

type fixed int

func (f fixed) Max(int) int                              { return int(f) }
func (f fixed) String() string                           { return fmt.Sprint(int(f)) }
func (f fixed) Next(s State, p Progress) (State, string) { return s.to(int(f), p), "" }

type all struct{}

func (all) Max(examples int) int                     { return examples }
func (all) String() string                           { return "all" }
func (all) Next(s State, p Progress) (State, string) { return s.to(p.Data, p), "" }

// Check reports a policy that cannot be used on data of the given number of
// examples.
func Check(p Policy, examples int) error {
	var err error
	if v, ok := p.(interface{ Validate() error }); ok {
		err = v.Validate()
	}
	switch m := p.Max(examples); {
	case m < 1:
		err = errors.Join(err, fmt.Errorf("batch: size %d (want at least 1, or all)", m))
	case m > examples:
		err = errors.Join(err, fmt.Errorf("batch: size %d is larger than the training data (want at most %d, or all)", m, examples))
	}
	return err
}
