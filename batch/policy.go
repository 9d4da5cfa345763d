package batch

import "fmt"

// Policy decides the size of each batch. It is a function of what has happened
// so far, so a resumed run asks for the same sizes.
type Policy interface {
	// Size returns how many examples the next update takes, at least 1 and at
	// most Max. The last batch of an epoch is shorter if fewer are left.
	Size(p Progress) int

	// Max returns the largest size it will ask for; memory is planned for it.
	Max(examples int) int

	// String describes the policy as a configuration writes it: "64", "all".
	String() string
}

// Progress is what a policy knows when it decides.
type Progress struct {
	Position
	Fraction float64 // of the budget consumed, in [0, 1]
	Data     int     // examples of the training data
}

// Fixed is a policy of n examples for each update; n = 1 is stochastic
// gradient descent in the narrow sense.
func Fixed(n int) Policy { return fixed(n) }

// All is a policy of one update for each epoch: full-batch gradient descent.
func All() Policy { return all{} }

type fixed int

func (f fixed) Size(Progress) int { return int(f) }
func (f fixed) Max(int) int       { return int(f) }
func (f fixed) String() string    { return fmt.Sprint(int(f)) }

type all struct{}

func (all) Size(p Progress) int { return p.Data }
func (all) Max(examples int) int {
	return examples
}
func (all) String() string { return "all" }

// Check reports a policy that cannot be used on data of the given number of
// examples.
func Check(p Policy, examples int) error {
	switch m := p.Max(examples); {
	case m < 1:
		return fmt.Errorf("batch: size %d (want at least 1, or all)", m)
	case m > examples:
		return fmt.Errorf("batch: size %d is larger than the training data (want at most %d, or all)", m, examples)
	}
	return nil
}
