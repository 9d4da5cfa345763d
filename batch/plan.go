package batch

import "fmt"

// AutoMicro is the largest micro-batch that Plan chooses by itself. Products
// of matrices are at full speed from a few hundred rows on; more rows only
// take more memory.
const AutoMicro = 512

// AutoRows is the same in rows of matrices, where an example has several, such
// as one for each token: more, since weights are read and their sums written
// once for each micro-batch.
const AutoRows = 1024

// Plan is how a batch is executed.
type Plan struct {
	Size   int    // examples of the largest batch
	Micro  int    // examples the engine executes at once
	Reason string // why Micro is what it is
	Reread bool   // examples are read again for each pass, and not held for the batch
}

// NewPlan plans batches of up to size examples with so many rows each. micro is
// the number of examples asked for, 0 to choose; one that is larger than the
// batch is the batch.
func NewPlan(size, rows, micro int) (Plan, error) {
	most := AutoMicro
	if rows > 1 {
		most = max(1, min(most, AutoRows/rows))
	}
	switch {
	case size < 1:
		return Plan{}, fmt.Errorf("batch: size %d (want at least 1)", size)
	case micro < 0:
		return Plan{}, fmt.Errorf("batch: micro %d (want at least 1, or 0 to choose)", micro)
	case micro > size:
		return Plan{Size: size, Micro: size, Reason: fmt.Sprintf("asked for %d, the batch is %d", micro, size)}, nil
	case micro > 0:
		return Plan{Size: size, Micro: micro, Reason: "asked for"}, nil
	case size <= most:
		return Plan{Size: size, Micro: size, Reason: "the batch"}, nil
	}
	// Equal parts, so that no call is left with a few rows.
	parts := (size + most - 1) / most
	return Plan{Size: size, Micro: (size + parts - 1) / parts, Reason: fmt.Sprintf("equal parts of at most %d", most)}, nil
}

// Halve returns the plan with half the micro-batch, for less memory, and false
// if it is one example already.
func (p Plan) Halve(why string) (Plan, bool) {
	if p.Micro == 1 {
		return p, false
	}
	return Plan{Size: p.Size, Micro: (p.Micro + 1) / 2, Reason: why, Reread: p.Reread}, true
}

// Calls returns how many micro-batches execute a batch of n examples.
func (p Plan) Calls(n int) int { return (n + p.Micro - 1) / p.Micro }

// Leaves returns how many leaves of the given length a batch of n examples
// has: how many partial sums are combined for one sum over examples.
func (p Plan) Leaves(n, leaf int) int { return (n + leaf - 1) / leaf }

// String describes the plan: batch 64, or batch 60000 in 118 micro-batches of
// 509 (equal parts of at most 512).
func (p Plan) String() string {
	if p.Micro >= p.Size {
		return fmt.Sprintf("batch %d", p.Size)
	}
	return fmt.Sprintf("batch %d in %d micro-batches of %d (%s)", p.Size, p.Calls(p.Size), p.Micro, p.Reason)
}
