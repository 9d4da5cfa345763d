package config

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/train"
)

// BuildModel returns the model for data that Load has settled.
func (c *Config) BuildModel(s *dataset.Schema) (nn.Layer, error) {
	m := &modelContext{catSizes: s.CatSizes(), edges: s.Edges()}
	if p := s.Pairs; p != nil {
		m.users, m.items, m.mean = p.Users, p.Items, p.Mean
	}
	if s.Text != nil {
		m.vocab, m.context = s.Text.Vocab, s.Text.Length
	}
	model := m.model(c.Model, c.lone)
	if m.err == nil && len(m.catSizes) > 0 && !m.usesCats {
		m.err = fmt.Errorf("config: the data have embedded categories, but the model does not take them: begin it with categories, such as {categories: 8}")
	}
	return model, m.err
}

// BuildLoss returns the loss for data that Load has settled.
func (c *Config) BuildLoss() nn.Loss { return c.Loss.Options.build() }

// updates returns how many there are in an epoch of so many examples.
func (c *Config) updates(examples int) int {
	switch {
	case c.Batch == 0:
		return 1
	case c.Data.Last == "drop":
		return max(1, examples/c.Batch)
	}
	return (examples + c.Batch - 1) / c.Batch
}

// run returns how long things are, for an epoch of so many examples.
func (c *Config) run(epoch int) run {
	return run{budget: c.Budget, epoch: epoch, perUpdate: float64(epoch) / float64(c.updates(epoch)), tokens: c.tokens}
}

// buildOptimizer returns the optimizer with its schedule and clipping, for an
// epoch of so many examples.
func (c *Config) buildOptimizer(epoch int) optim.Optimizer {
	r := c.run(epoch)
	o := c.Averages.apply(c.Schedule.apply(c.withFactors(c.Optimizer.Options.build()), r), r)
	o = c.coupled(o)
	return o.WithClipNorm(c.Clip.Norm).WithClipValue(c.Clip.Value).WithClipAdaptive(c.Clip.Adaptive)
}

// threadsVariable is the environment variable for exec.threads: auto.
const threadsVariable = "DESCENT_THREADS"

// BuildExec returns how to execute, with DESCENT_THREADS for a number of
// threads that is left open. (DESCENT_ISA is the engine's to read.)
func (c *Config) BuildExec() (train.Exec, error) {
	x := train.Exec{
		Threads: c.Exec.Threads, Workers: c.Exec.Workers, Micro: c.Exec.Micro, ISA: c.Exec.ISA, Memory: c.Exec.Memory,
		Recompute: map[string]engine.Recompute{"never": engine.RecomputeNever, "always": engine.RecomputeAlways}[c.Exec.Recompute],
	}
	if text := os.Getenv(threadsVariable); text != "" && x.Threads == 0 {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxThreads {
			return x, Faults{{place{source: threadsVariable}, fmt.Sprintf("got %q (want a number of threads, 1 to %d)", text, maxThreads)}}
		}
		x.Threads = n
	}
	return x, nil
}

// WithEngine calls f with an engine by exec, which is closed then.
func (c *Config) WithEngine(f func(engine.Engine) error) error {
	x, err := c.BuildExec()
	if err != nil {
		return err
	}
	eng, err := train.NewEngine(x)
	if err != nil {
		return mistake{err}
	}
	defer eng.Close()
	return f(eng)
}

// inOrder is the order of the data itself; of examples that change, anew in each epoch.
func inOrder(ds dataset.Dataset) dataset.Order {
	if _, changes := ds.(dataset.Changing); changes {
		return dataset.Numbered(dataset.Sequential, ds.Len())
	}
	return dataset.Sequential
}

// BuildTrain returns what package train wants, for data that Load has read.
func (c *Config) BuildTrain(s *Sets) (train.Config, error) {
	t := train.Config{
		Name: c.Name, Seed: c.Seed, Data: s.Train, Val: s.Val, Test: s.Test, DropLast: c.Data.Last == "drop",
		Loss: c.BuildLoss(), Optimizer: c.buildOptimizer(s.Train.Len()), Batch: c.policy(), Shards: c.Shards, Budget: c.Budget,
		Freeze: c.Freeze, Faults: c.Faults.build(), Noise: c.Noise.build(), Reestimate: c.Reestimate,
		TargetValue:   s.Schema.TargetValue(),
		ValidateEvery: c.Validate, LogEvery: c.Log, Metric: c.Metric, Until: c.Until,
		EarlyStop:  train.EarlyStop{Patience: c.EarlyStop.Patience, MinDelta: c.EarlyStop.MinDelta},
		Checkpoint: train.Checkpoints{Every: c.Checkpoint.Every, Keep: c.Checkpoint.Keep},
		YAML:       c.YAML(),
	}
	t.SequenceWarmup = c.Warmup.build(c.run(s.Train.Len()))
	if n := t.Batch.Max(s.Train.Len()); c.Shards > n {
		return t, mistakef("config: batch: %d shards of a batch of %d (want no more shards than examples)", c.Shards, n)
	}
	if !c.Data.Shuffle {
		t.Order = inOrder(s.Train)
	}
	var err error
	if t.Exec, err = c.BuildExec(); err != nil {
		return t, err
	}
	t.Exec.Micro = min(t.Exec.Micro, t.Batch.Max(s.Train.Len()))
	if t.Model, err = c.BuildModel(s.Schema); err != nil {
		return t, err
	}
	if err := c.checkModel(t.Model, s); err != nil {
		return t, err
	}
	if t.Resolved, err = c.JSON(); err != nil {
		return t, err
	}
	if t.Schema, err = json.Marshal(s.Schema); err != nil {
		return t, err
	}
	if s.Interactions != nil {
		t.Kept = s.Interactions.Catalog.Tensors()
	}
	if c.Init != "" {
		if t.Init, _, err = checkpoint.ReadTensors(c.Init); err != nil {
			return t, err
		}
		if s.OfImages() {
			return t, c.dropHead(s, t.Init)
		}
	}
	return t, nil
}
