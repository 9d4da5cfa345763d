package train

import (
	"fmt"

	"github.com/descent-ml/descent/batch"
)

// Noise says how the noise of gradients is measured: S = tr Σ and Q = ‖G‖² of
// batch.Pieces, from the two pieces of a batch. They are its halves: the first ⌊n/2⌋
// examples, in whole groups of the model (Plan.Group), and the rest; of a batch in
// shards the first ⌊R/2⌋ of them. So what is measured depends on the batch alone.
// Nothing of it changes a weight. The zero Noise measures where a policy of batch
// sizes or a coupling of the learning rate needs it.
type Noise struct {
	Mode NoiseMode

	// Every is how many updates there are from one that is measured to the next.
	// Default: as many as keep the cost at 2 % of the time of updates or less,
	// by the counted operations and bytes of the plan; the first measurements
	// are up to four times as dense, and the first ten follow each other.
	Every batch.Span

	// By says what the pieces are: the halves of the batch, or its examples, which
	// measure much better, where every trained parameter allows it: weights and
	// biases of dense layers on examples without positions, norm layers, and
	// embeddings of one row an example, each in one place of the model.
	By NoiseBy

	// Layers adds the noise scale of each parameter to the records.
	Layers bool
}

// NoiseMode says when noise is measured.
type NoiseMode uint8

const (
	NoiseAuto NoiseMode = iota // where a policy or a coupling needs it
	NoiseOn
	NoiseOff
)

// NoiseBy says what the pieces of a batch are.
type NoiseBy uint8

const (
	ByHalves NoiseBy = iota
	ByExamples
)

// validate reports settings that cannot be.
func (n Noise) validate(needed string) error {
	switch {
	case n.Mode > NoiseOff:
		return fmt.Errorf("train: noise mode %d (want 0 to %d)", n.Mode, NoiseOff)
	case n.By > ByExamples:
		return fmt.Errorf("train: noise by %d (want %d, halves, or %d, examples)", n.By, ByHalves, ByExamples)
	case !n.Every.IsZero() && n.Every.Unit != batch.Update:
		return fmt.Errorf("train: noise measured every %v (want updates, such as 16up)", n.Every)
	case n.Mode == NoiseOff && needed != "":
		return fmt.Errorf("train: %s goes by the noise of gradients, which is not to be measured", needed)
	}
	return n.Every.Validate()
}

// String is what a checkpoint is compared by.
func (n Noise) String() string {
	return fmt.Sprintf("every %v, by %d, layers %v", n.Every, n.By, n.Layers)
}

// measuresNoise reports whether the run has a meter.
func (c *Config) measuresNoise() bool {
	return c.Noise.Mode == NoiseOn || c.Noise.Mode == NoiseAuto && c.needsNoise() != ""
}

// needsNoise says what goes by the noise of gradients, "" if nothing does.
func (c *Config) needsNoise() string {
	switch {
	case c.Batch != nil && batch.NeedsNoise(c.Batch):
		return "the batch policy " + c.Batch.String()
	case c.Optimizer.Coupling.Needs():
		return "the coupling " + c.Optimizer.Coupling.String()
	}
	return ""
}
