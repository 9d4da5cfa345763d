package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
)

// NoOut as Config.Out keeps a run in memory: no file is written.
const NoOut = "-"

// Config says what to train, on what, and how. Model, Data, Loss, Optimizer
// and Budget are required; the zero value of the rest is useful.
type Config struct {
	Name string // of the run; default "run"
	Seed uint64 // of initial weights, order and dropout

	Model     nn.Layer
	Data      dataset.Dataset // to train on
	Val, Test dataset.Dataset // with the fields of Data, or nil
	Order     dataset.Order   // of Data in each epoch; default dataset.OrderOf
	DropLast  bool            // leave out the last batch of an epoch if it is shorter

	Loss      nn.Loss
	Optimizer optim.Optimizer
	Batch     batch.Policy // default batch.Fixed(64), or all of fewer examples
	Shards    int          // of each batch: logical workers whose sums are added as a fixed tree; default 1
	Budget    batch.Span   // how long to train

	SequenceWarmup SequenceWarmup // begin with short segments of the windows; default: no

	Samples  Samples  // of what a language model writes; default: none
	Measures Measures // of each validation, beside those that suit the target; default: none

	// TargetValue returns a target or a prediction of a regression in the units
	// of the raw data, such as dataset.TargetSchema.Value; nil leaves them as
	// they are. The rmse and r2 are in those units, everywhere; the loss is not.
	TargetValue func(output int, y float32) float64

	// Init gives parameters their first values by name, in the layout of files,
	// ours or Hugging Face's (see nn.HuggingFace); those it does not name are
	// initialized by their own rule.
	Init checkpoint.Tensors

	// Freeze are patterns, as of path.Match, of the names of parameters that
	// keep their first values, such as "0.*". Each must match one.
	Freeze []string

	Exec          Exec
	Noise         Noise      // of gradients, and whether it is measured
	Faults        Faults     // what becomes of updates that cannot be committed
	Reestimate    batch.Span // examples or epochs of Data over which the running statistics of batch norm are computed anew at the end; default none
	ValidateEvery batch.Span // default 1ep; also at the end
	LogEvery      batch.Span // between records of training; default 1%
	Metric        string     // that decides which validation is best: loss (default, if there is validation data), accuracy, rmse, r2, or a name of Measures
	EarlyStop     EarlyStop
	Until         Target // ends the run when it is reached; default none
	Checkpoint    Checkpoints

	// Out is the run directory, which must not exist unless Resume is set.
	// Default: runs/NAME-N with the first N that is free. See NoOut.
	Out    string
	Resume bool // continue the run in Out from its newest good checkpoint

	// Replay takes the decisions that depend on a clock from the journal of
	// an earlier run: the same bits, however long things take now.
	Replay []report.Entry

	YAML     []byte          // is written to config.yaml
	Resolved json.RawMessage // the configuration with all defaults; a resumed run must have the same, but for its key exec
	Schema   json.RawMessage // how raw input becomes examples; kept with the model

	// Kept is what the model file has beside parameters, such as who is which
	// number; nil if it needs nothing.
	Kept checkpoint.Tensors

	Progress *report.Progress   // for people; nil shows nothing
	OnEvent  func(*Event) error // called as things happen; see Event

	// Engine executes the run; the caller closes it. Default: the CPU engine
	// with the settings of Exec.
	Engine engine.Engine
}

// Exec is how batches are executed. Nothing in it changes the result.
type Exec struct {
	Threads   int              // of each worker; default: all cores
	Workers   int              // of this process, which carry the shards; default 1, at most Config.Shards
	Micro     int              // examples executed at once; default: what was measured to be fast, or fits
	ISA       string           // go, avx2, avx512; default: the best
	Memory    int64            // bytes that the process may take; default: what the system allows
	Recompute engine.Recompute // instead of keeping, in models with batch norm
}

// EarlyStop ends a run when validation gets no better, and then restores the
// best weights. Without it the weights are those of the last update.
type EarlyStop struct {
	Patience int     // validations in a row without a new best; 0 is off
	MinDelta float64 // by how much a new best must be better, in units of the metric
}

// Checkpoints is when states are saved. They are also saved at the end, on
// interruption, and at each new best if there is early stopping.
type Checkpoints struct {
	Every batch.Span // default 1min
	Keep  int        // how many of the newest; 0 means 3, below 0 all
}

// Epochs is a budget of n passes over the data.
func Epochs(n float64) batch.Span { return batch.Epochs(n) }

// Updates is a budget of n updates.
func Updates(n int) batch.Span { return batch.Updates(n) }

// withDefaults returns the configuration with every default filled in. It is
// valid to call on an invalid one.
func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = "run"
	}
	if c.Batch == nil && c.Data != nil {
		c.Batch = batch.Fixed(min(64, c.Data.Len()))
	}
	if c.Order == nil && c.Data != nil {
		c.Order = dataset.OrderOf(c.Data, c.Seed)
	}
	setDefault(&c.ValidateEvery, batch.Epochs(1))
	setDefault(&c.LogEvery, batch.Span{N: 1, Unit: batch.Percent})
	setDefault(&c.Checkpoint.Every, batch.Span{N: 60, Unit: batch.Second})
	c.ValidateEvery = c.ValidateEvery.Of(c.Budget)
	c.LogEvery = c.LogEvery.Of(c.Budget)
	c.Checkpoint.Every = c.Checkpoint.Every.Of(c.Budget)
	c.Samples.Every = c.Samples.Every.Of(c.Budget)
	c.Faults = c.Faults.withDefaults()
	if c.Metric == "" {
		c.Metric = "loss"
		if c.Val == nil && len(c.Measures.Names) > 0 {
			c.Metric = c.Measures.Names[0]
		}
	}
	return c
}

func setDefault(s *batch.Span, to batch.Span) {
	if s.IsZero() {
		*s = to
	}
}

// Validate reports every fault that can be seen before training.
func (c Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("train: "+format, args...)) }
	if c.Model == nil {
		fault("no model")
	}
	if c.Loss == nil {
		fault("no loss")
	}
	if c.Budget.IsZero() {
		fault("no budget (want one such as train.Epochs(5))")
	} else if c.Budget.Unit == batch.Percent {
		fault("a budget of %v (want epochs, updates, examples, tokens or time)", c.Budget)
	}
	if u := c.Reestimate.Unit; !c.Reestimate.IsZero() && u != batch.Epoch && u != batch.Example {
		fault("reestimate over %v (want examples or epochs)", c.Reestimate)
	}
	errs = append(errs, c.Faults.validate(), c.Noise.validate(c.needsNoise()), c.checkUntil(), c.Reestimate.Validate(), c.Optimizer.Validate(), c.Budget.Validate(), c.ValidateEvery.Validate(), c.LogEvery.Validate(), c.Checkpoint.Every.Validate())
	if c.Data == nil {
		fault("no data to train on")
	} else {
		errs = append(errs, c.checkData()...)
	}
	if c.Metric != "" && c.better(c.Metric) == nil {
		fault("metric %q (want %s)", c.Metric, strings.Join(c.metrics(), ", "))
	}
	if c.Measures.Measure != nil && c.Val == nil && better[c.Metric] != nil {
		fault("metric %q without validation data (want %s)", c.Metric, strings.Join(c.Measures.Names, ", "))
	}
	if c.EarlyStop.Patience < 0 || !(c.EarlyStop.MinDelta >= 0) {
		fault("early stop with patience %d and min delta %v (want 0 or more)", c.EarlyStop.Patience, c.EarlyStop.MinDelta)
	}
	if c.Optimizer.Plateau != nil && !c.validates() {
		fault("a learning rate that falls on a plateau without validation data (want Val)")
	}
	if c.EarlyStop.Patience > 0 && !c.validates() {
		fault("early stopping without validation data")
	}
	if c.Exec.Micro < 0 || c.Exec.Threads < 0 || c.Exec.Memory < 0 {
		fault("exec: threads %d, micro %d, memory %d (want 0 for the default, or more)", c.Exec.Threads, c.Exec.Micro, c.Exec.Memory)
	}
	if c.Shards < 0 || c.Exec.Workers < 0 || c.Exec.Workers > max(c.Shards, 1) {
		fault("%d shards on %d workers (want 0 for the default, or more, and no more workers than shards)", c.Shards, c.Exec.Workers)
	}
	if c.Resume && (c.Out == "" || c.Out == NoOut) {
		fault("resume without Out: which run?")
	}
	return errors.Join(errs...)
}

// checkData reports faults of the datasets.
func (c Config) checkData() (errs []error) {
	if c.Data.Len() == 0 {
		return []error{errors.New("train: the training data is empty")}
	}
	if c.Batch != nil {
		errs = append(errs, batch.Check(c.Batch, c.Data.Len()), c.checkGroups())
	}
	y, err := dataset.FindField(c.Data, dataset.FieldY)
	if err != nil {
		errs = append(errs, fmt.Errorf("train: the data has no target: %w", err))
	} else {
		for _, name := range []string{c.Metric, c.Until.Metric} {
			if have := measures(c.Loss, y); better[name] != nil && !c.Measures.has(name) && !slices.Contains(have, name) {
				errs = append(errs, fmt.Errorf("train: metric %q is not measured for this target (have %v)", name, have))
			}
		}
	}
	for _, d := range []struct {
		name string
		ds   dataset.Dataset
	}{{"validation", c.Val}, {"test", c.Test}} {
		switch {
		case d.ds == nil:
		case d.ds.Len() == 0:
			errs = append(errs, fmt.Errorf("train: the %s data is empty", d.name))
		case !slices.EqualFunc(bare(d.ds.Fields()), bare(c.Data.Fields()), sameField):
			errs = append(errs, fmt.Errorf("train: the %s data has fields %v (want those of the training data: %v)", d.name, d.ds.Fields(), c.Data.Fields()))
		}
	}
	return append(errs, c.SequenceWarmup.validate(c.Data))
}

// checkGroups refuses in-batch negatives where no group can have two examples: the
// loss of one alone is 0, so that nothing would be learned.
func (c Config) checkGroups() error {
	if !c.comparesExamples() {
		return nil
	}
	size, shards := c.Batch.Max(c.Data.Len()), max(c.Shards, 1)
	if size > shards {
		return nil
	}
	in := ""
	if shards > 1 {
		in = fmt.Sprintf(" in %d shards", shards)
	}
	return fmt.Errorf("train: the loss in_batch with a batch of %d%s: an example alone has no negatives, so nothing would be learned (want batches of %d or more)", size, in, 2*shards)
}

// bare returns the fields but for those that one part of the data may have by itself: weights,
// as of the padding of a last window, and what training examples are mixed with.
func bare(fields []dataset.Field) []dataset.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f dataset.Field) bool {
		return f.Name == dataset.FieldWeight || f.Name == dataset.FieldY2 || f.Name == dataset.FieldMix
	})
}

func sameField(a, b dataset.Field) bool {
	return a.Name == b.Name && a.DType == b.DType && a.Shape.Equal(b.Shape)
}
