// Package config is the configuration of a run in YAML, and what it means.
//
// Parse is strict: an unknown key, a value of another type or out of range are
// faults with line and column, and all of them are listed. A Config has every
// default filled in; YAML prints it so that Parse reads the same Config back.
//
// Each section lists its keys once, as fields: a key and the codec of its
// variable, which reads, checks and writes it.
package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/train"
)

// Config is a configuration with every default filled in. What is "auto" is
// settled when the data are known: see Load.
type Config struct {
	Name       string
	Seed       uint64
	Data       Data
	Model      []Layer
	Loss       Loss
	Optimizer  Optimizer
	Schedule   Schedule
	Warmup     SequenceWarmup
	Batch      int // examples of an update, or of the first ones; 0 is all
	BatchTok   int // or tokens, of which Load makes examples
	Shards     int // of each batch
	Sizes      Sizes
	Noise      Noise
	Budget     batch.Span
	Init       string             // a safetensors file
	Freeze     []string           // patterns of the names of parameters that stay as they are
	Factors    map[string]float64 // of the learning rate, by such patterns
	Exec       Exec
	Validate   batch.Span // how often
	Checkpoint Checkpoint
	EarlyStop  EarlyStop
	Clip       Clip
	Averages   Averages
	Faults     Faulty
	Reestimate batch.Span // zero: off
	Log        batch.Span // how often
	Metric     string
	Sample     Sample
	Until      train.Target // ends the run; zero: none

	// Cache says where interactions that are too large for memory are kept, and who
	// is told how long that takes; it is no part of the configuration.
	Cache interactions.Cache

	// Context ends what takes long before a run; nil: nothing does.
	Context context.Context

	autoModel               bool // until Load
	sized, sizedText        bool // the automatic model of a table, or of texts, by Load
	sizedImages             bool // or of images
	members                 int  // of autoModel
	lone                    bool // Model is one layer, not a list of one
	tokens                  int  // of an example, set by Load
	modelGiven              bool
	batchGiven, budgetGiven bool // else they depend on how many examples there are
	metricGiven             bool
	accuracy                bool // is the metric if there are classes
	preferVal, preferTest   bool // parts of images, instead of shares
	newHead                 bool // the classes are others than those of the model that is fine-tuned, set by Load
}

// Exec is how a run is executed; nothing in it changes the result.
type Exec struct {
	Threads   int   // of each worker, 0: all cores
	Workers   int   // which carry the shards
	Micro     int   // examples at once, 0: chosen, microFull: the batch
	Memory    int64 // bytes of the process, 0: what the system allows
	Recompute string
	ISA       string
}

// microFull is exec.micro: full, more than any batch has.
const microFull = math.MaxInt32

// maxThreads is more than any machine has.
const maxThreads = 4096

// Checkpoint says how often states are saved and how many are kept.
type Checkpoint struct {
	Every batch.Span
	Keep  int
}

// EarlyStop ends a run when validation gets no better; Patience 0 is off.
type EarlyStop struct {
	Patience int
	MinDelta float64
}

// Clip limits gradients; 0 is no limit.
type Clip struct{ Norm, Value, Adaptive float64 }

// Default returns the configuration that Parse starts from.
func Default() *Config {
	return &Config{
		Name: "run",
		Seed: 1,
		Data: Data{Format: "auto", Header: "auto", Last: "keep", Shuffle: true, Standardize: true, Categories: "onehot", Task: "auto",
			Encoding: "utf-8", Decimal: "point", Ragged: "error", Infer: "basic", Scaling: "standard", Rare: 1, Transform: "none", Split: Split{By: "random"},
			Tokenizer: newTokenizer("auto"), Cut: dataset.CutPhases, Quotes: dataset.QuotesCSV, Pairs: newPairs(), Image: newImage(), Augment: newAugment()},
		Model:      defaultModel(),
		Loss:       newLoss("auto"),
		Optimizer:  newOptimizer("adamw"),
		Schedule:   newSchedule("constant"),
		Warmup:     newSequenceWarmup(),
		Batch:      64,
		Budget:     batch.Epochs(10),
		Shards:     1,
		Sizes:      newSizes(),
		Exec:       Exec{Workers: 1, Recompute: "auto", ISA: "auto"},
		Faults:     newFaulty(),
		Averages:   newAverages(),
		Validate:   batch.Epochs(1),
		Checkpoint: Checkpoint{Every: batch.Span{N: 60, Unit: batch.Second}, Keep: 3},
		Log:        batch.Span{N: 1, Unit: batch.Percent},
		Metric:     "loss",
		Sample:     newSample(),
	}
}

// keys are the keys of the whole configuration, in the order they are printed.
func (c *Config) keys() fields {
	return fields{
		{key: "name", codec: name{&c.Name}},
		{key: "seed", codec: seed{&c.Seed}},
		{key: "data", codec: c.Data.keys(), required: true},
		{key: "model", codec: given{modelSpec{&c.autoModel, &c.members, &c.lone, layers{&c.Model}}, &c.modelGiven}},
		{key: "loss", codec: c.Loss.codec()},
		{key: "optimizer", codec: c.Optimizer.codec()},
		{key: "schedule", codec: c.Schedule.codec()},
		{key: "sequence_warmup", codec: c.Warmup.keys()},
		{key: "batch", codec: batchSize{&c.Batch, &c.BatchTok, &c.Shards, &c.batchGiven, &c.Sizes}},
		{key: "noise", codec: c.Noise.codec()},
		{key: "budget", codec: given{span{p: &c.Budget}, &c.budgetGiven}},
		{key: "init", codec: text{&c.Init}},
		{key: "freeze", codec: labels{&c.Freeze}},
		{key: "lr_factors", codec: factors{&c.Factors}},
		{key: "clip", codec: fields{
			{key: "norm", codec: orNone{p: &c.Clip.Norm}},
			{key: "value", codec: orNone{p: &c.Clip.Value}},
			{key: "adaptive", codec: setOrNone{orNone{p: &c.Clip.Adaptive}}},
		}},
		{key: "sam", codec: c.Averages.sam()},
		{key: "ema", codec: c.Averages.ema()},
		{key: "swa", codec: c.Averages.swa()},
		{key: "lookahead", codec: c.Averages.lookahead()},
		{key: "faults", codec: c.Faults.codec()},
		{key: "reestimate", codec: dataOrOff{&c.Reestimate}},
		{key: "validate", codec: every(&c.Validate)},
		{key: "metric", codec: decisive{&c.Metric, &c.metricGiven}},
		{key: "early_stop", codec: fields{
			{key: "patience", codec: count{p: &c.EarlyStop.Patience, auto: "off"}},
			{key: "min_delta", codec: number{&c.EarlyStop.MinDelta, zeroOrMore}},
		}},
		{key: "until", codec: target{&c.Until}},
		{key: "checkpoint", codec: fields{
			{key: "every", codec: span{&c.Checkpoint.Every, true}},
			{key: "keep", codec: count{p: &c.Checkpoint.Keep, low: 1}},
		}},
		{key: "log", codec: every(&c.Log)},
		{key: "sample", codec: c.Sample.keys()},
		{key: "exec", codec: fields{
			{key: "threads", codec: count{p: &c.Exec.Threads, low: 1, high: maxThreads, auto: "auto"}},
			{key: "workers", codec: count{p: &c.Exec.Workers, low: 1, high: maxThreads}},
			{key: "micro", codec: count{p: &c.Exec.Micro, low: 1, high: microFull, auto: "auto", most: "full"}},
			{key: "memory", codec: amount{&c.Exec.Memory}},
			{key: "recompute", codec: word{&c.Exec.Recompute, []string{"auto", "never", "always"}}},
			{key: "isa", codec: word{&c.Exec.ISA, []string{"auto", "go", "avx2", "avx512"}}},
		}},
	}
}

// Parse reads a configuration; source is its name in messages. Each of the
// overrides is key=value, the key with dots between its parts, the value in
// YAML; they are applied in order. The error is a Faults.
func Parse(source string, yaml []byte, overrides ...string) (*Config, error) {
	root, err := parse(source, yaml)
	if err != nil {
		return nil, err
	}
	var faults Faults
	for _, o := range overrides {
		override(&faults, root, o)
	}
	c := Default()
	c.keys().read(&faults, root)
	if len(faults) == 0 {
		c.check(&faults, root)
	}
	return c, faults.err()
}

// check reports what is wrong between keys.
func (c *Config) check(fs *Faults, root *value) {
	at := func(path ...string) place {
		v := root
		for _, key := range path {
			if next := v.find(key); next != nil {
				v = next
			}
		}
		return v.at
	}
	if c.Data.Split.Val+c.Data.Split.Test >= 1 {
		fs.add(at("data"), "the splits take all examples and leave none for training")
	}
	c.Data.Split.check(fs, at("data", "split"), c.isPairs())
	if c.EarlyStop.Patience > 0 && c.Data.Val == "" && c.Data.Split.Val == 0 && c.Data.Split.By != splitLeaveOneOut {
		fs.add(at("early_stop"), "early stopping wants validation data (set data.val or data.split.val)")
	}
	if n := c.Data.Window; n > 0 && c.BatchTok%n != 0 {
		fs.add(at("batch", "tokens"), "%d tokens are no whole number of windows of %d (data.window)", c.BatchTok, n)
	}
	if c.Batch > 0 && c.BatchTok == 0 && c.Shards > c.Batch {
		fs.add(at("batch", "shards"), "%d shards of a batch of %d (want no more shards than examples)", c.Shards, c.Batch)
	}
	if c.Exec.Workers > c.Shards {
		fs.add(at("exec", "workers"), "got %d, and batch.shards is %d (want no more workers than shards)", c.Exec.Workers, c.Shards)
	}
	if !c.Reestimate.IsZero() && !normalizesBatches(c.Model) {
		fs.add(at("reestimate"), "no running statistics to compute: the model has no batchnorm that is not frozen")
	}
	c.Loss.check(fs, at("loss"), c.Data.Task)
	c.Schedule.check(fs, at("schedule"), c.Budget)
	if c.Noise.Mode == train.NoiseOff && batch.NeedsNoise(c.policy()) {
		fs.add(at("noise"), "off, but batch.policy %s goes by the noise of gradients (want auto)", c.Sizes.Kind)
	}
	c.Sizes.check(fs, at, c.Batch, c.batchGiven, c.Schedule.Kind)
	c.checkCoupling(fs, at("batch", "coupling"))
	c.Warmup.check(fs, at("sequence_warmup", "over"), c.Budget)
	c.Averages.check(fs, at, c.Optimizer.Kind)
}

// ReadFile is Parse of a file.
func ReadFile(path string, overrides ...string) (*Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if info.Size() > maxBytes {
		return nil, fmt.Errorf("config: %s: %d bytes: is it a configuration?", path, info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return Parse(path, b, overrides...)
}

// YAML prints the configuration with every default.
func (c *Config) YAML() []byte { return c.keys().write().yaml() }

// later are keys that came when runs had been stored without them.
var later = []string{"faults", "reestimate", "ema", "swa", "lookahead", "sam", "sequence_warmup", "sample", "noise", "until"}

// JSON is YAML as one JSON object, but for the later keys that are at their
// defaults: it is compared with what a run was stored with.
func (c *Config) JSON() (json.RawMessage, error) {
	all, defaults := c.keys().write(), Default().keys().write()
	for _, path := range [][]string{{"data"}, {"data", "split"}} {
		section, plain := all, defaults
		for _, key := range path {
			section, plain = section.find(key), plain.find(key)
		}
		section.entries = slices.DeleteFunc(section.entries, func(e entry) bool {
			d := plain.find(e.key)
			return slices.Contains(slices.Concat(laterData, laterPairs, laterImage), e.key) && d != nil && e.value.flow() == d.flow()
		})
	}
	all.entries = slices.DeleteFunc(all.entries, func(e entry) bool {
		d := defaults.find(e.key)
		return slices.Contains(later, e.key) && d != nil && e.value.flow() == d.flow()
	})
	return json.Marshal(all.json())
}

// IsFault reports whether an error is of the configuration or how the program
// was called, rather than of its work.
func IsFault(err error) bool {
	var fs Faults
	var m mistake
	return errors.As(err, &fs) || errors.As(err, &m) || errors.Is(err, train.ErrConfig)
}
