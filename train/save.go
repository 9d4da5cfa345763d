package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
)

// Sections of a checkpoint that are this package's.
const (
	sectionConfig = "config" // Config.Resolved
	sectionSchema = "schema" // Config.Schema
	sectionSetup  = "setup"  // setup: what must be equal on resume whatever the caller says
	sectionLoop   = "loop"   // loopState

	sectionDigests = "digests" // digests
)

const generator = "philox4x32-10"

// loopState is what the loop keeps besides weights and position. All numbers
// are finite or null.
type loopState struct {
	Skipped  uint64        `json:"skipped,omitempty"`
	Faulted  uint64        `json:"faulted,omitempty"` // updates passed over after a fault
	Row      int           `json:"row,omitempty"`     // faults in a row
	Factor   float64       `json:"factor,omitempty"`  // of the learning rate, after backing off; 0 is 1
	Typical  typical       `json:"typical,omitzero"`  // losses, to know a spike
	Elapsed  time.Duration `json:"elapsed"`           // nanoseconds
	Aside    time.Duration `json:"aside,omitempty"`   // of them in validation, samples and checkpoints
	Fraction float64       `json:"fraction"`          // of a time budget, as journaled
	Logged   sums          `json:"logged"`            // since the last record
	Epoch    sums          `json:"epoch"`             // of the epoch that goes on
	Last     sums          `json:"last"`              // of the last whole epoch

	Validated uint64        `json:"validated"`          // the update of the last validation
	Owed      bool          `json:"owed,omitempty"`     // a validation that was due is not done
	Val       report.Values `json:"val,omitempty"`      // its result
	BestVal   report.Values `json:"best_val,omitempty"` // that of the best
	Bad       int           `json:"bad,omitempty"`      // validations since the best

	Plateau optim.PlateauState `json:"plateau,omitzero"`

	Sizes    batch.State         `json:"sizes,omitzero"` // what the policy of batch sizes remembers, with the next size
	Rate     float64             `json:"rate,omitzero"`  // of the last update
	Peak     float64             `json:"peak,omitzero"`  // the largest factor of the schedule so far
	Coupled  optim.CouplingState `json:"coupled,omitzero"`
	Cost     batch.Cost          `json:"cost,omitzero"`     // of an update, where sizes change
	Measured noiseState          `json:"measured,omitzero"` // by the meter of noise
}

// sums are Σ w·ℓ and Σ w.
type sums struct {
	Loss   float64 `json:"loss"`
	Weight float64 `json:"weight"`
}

func (s *sums) add(loss, weight float64) { s.Loss, s.Weight = s.Loss+loss, s.Weight+weight }

func (s sums) mean() float64 { return s.Loss / s.Weight }

// setup is what decides the result of a run and is known to this package. It
// is compared on resume.
func (l *loop) setup() map[string]any {
	c, params := l.cfg, map[string]any{}
	for _, v := range l.weights.nodes {
		params[v.Attr.Name] = fmt.Sprint(v.Shape)
	}
	s := map[string]any{
		"seed": fmt.Sprint(c.Seed), "data": describe(c.Data, l.digests.Data), "drop_last": c.DropLast,
		"loss": c.Loss.Name(), "lr": c.Optimizer.LR, "batch": c.Batch.String(), "budget": c.Budget.String(),
		"validate_every": c.ValidateEvery.String(), "log_every": c.LogEvery.String(), "metric": c.Metric,
		"early_stop": fmt.Sprintf("patience %d, min delta %v", c.EarlyStop.Patience, c.EarlyStop.MinDelta), "variables": params,
	}
	if c.Faults != (Faults{}).withDefaults() {
		s["faults"] = fmt.Sprint(c.Faults)
	}
	if p := c.Optimizer.Coupling; p != optim.None() {
		s["coupling"] = fmt.Sprintf("%v, base %d, with decay %t", p, l.base, p == p.WithDecay())
	}
	if p := c.Optimizer.Plateau; p != nil {
		s["plateau"] = fmt.Sprintf("%+v", *p)
	}
	if !c.Reestimate.IsZero() {
		s["reestimate"] = c.Reestimate.String()
	}
	if !c.Until.IsZero() {
		s["until"] = fmt.Sprint(c.Until, " within ", c.Until.Within)
	}
	if c.SequenceWarmup != (SequenceWarmup{}) {
		s["sequence_warmup"] = c.SequenceWarmup.String()
	}
	if c.Shards > 1 {
		s["shards"] = c.Shards
	}
	if c.measuresNoise() {
		s["noise"] = c.Noise.String()
	}
	if c.Measures.Measure != nil {
		s["measures"] = strings.Join(c.Measures.Names, " ")
	}
	if c.Val != nil {
		s["val"] = describe(c.Val, l.digests.Val)
	}
	return s
}

func describe(ds dataset.Dataset, digest string) string {
	return fmt.Sprint(ds.Len(), " examples of ", ds.Fields(), ", digest ", digest)
}

// digests are Digest of what decides the result; "" of no data.
type digests struct {
	Data string `json:"data"`
	Val  string `json:"val,omitempty"`
}

func (d *digests) compute(c *Config) (err error) {
	if d.Data, err = Digest(c.Data); err == nil && c.Val != nil {
		d.Val, err = Digest(c.Val)
	}
	return err
}

// state describes the run as it stands, with the engine's values copied out.
func (l *loop) state() (*checkpoint.State, error) {
	ts, err := l.weights.file(true)
	if err != nil {
		return nil, err
	}
	s := &checkpoint.State{Tensors: ts}
	s.Update, s.Epoch, s.Examples = l.pos.Update, l.epoch(), l.pos.Examples
	s.Seed, s.RNG, s.Best = l.cfg.Seed, generator, l.best
	return s, nil
}

func (l *loop) fingerprint() (string, error) {
	s, err := l.state()
	if err != nil {
		return "", err
	}
	return checkpoint.Fingerprint(s).String(), nil
}

// save writes a checkpoint. The metrics are written first, so that a resumed
// run finds all records up to it.
func (l *loop) save() error {
	if l.files == nil {
		return nil
	}
	defer l.leave(time.Now())()
	if err := l.files.flush(); err != nil {
		return err
	}
	s, err := l.state()
	if err != nil {
		return err
	}
	s.Run = l.files.checkpoints.Run
	s.Sections = map[string]json.RawMessage{}
	ls := l.loopState
	ls.Elapsed, ls.Fraction = l.clock.elapsed(time.Now()), l.clock.fraction
	for name, v := range map[string]any{sectionLoop: ls, sectionSetup: l.setup(), sectionDigests: l.digests} {
		if s.Sections[name], err = json.Marshal(v); err != nil {
			return fmt.Errorf("train: checkpoint: %w", err)
		}
	}
	if l.cfg.Resolved != nil {
		s.Sections[sectionConfig] = l.cfg.Resolved
	}
	if l.cfg.Schema != nil {
		s.Sections[sectionSchema] = l.cfg.Schema
	}
	path, err := l.files.checkpoints.Save(s)
	if err != nil {
		return err
	}
	l.files.lastSaved, l.saved = path, l.pos
	l.event.Path = path
	return l.emit(Saved)
}

// resumable refuses a checkpoint of a run that was set up otherwise.
func (l *loop) resumable(s *checkpoint.State) error {
	if err := checkResolved(l.cfg, s); err != nil {
		return err
	}
	var before map[string]any
	if err := unmarshalSection(s, sectionSetup, &before); err != nil {
		return err
	}
	now, err := normalize(l.setup())
	if err != nil {
		return err
	}
	if s.RNG != generator {
		return fmt.Errorf("train: the checkpoint uses the random numbers %q (want %s)", s.RNG, generator)
	}
	return refuseChanges(now, before)
}

// restore continues from a checkpoint.
func (l *loop) restore(s *checkpoint.State) error {
	if err := unmarshalSection(s, sectionLoop, &l.loopState); err != nil {
		return err
	}
	l.pos.Update, l.pos.Examples, l.pos.Elapsed = s.Update, s.Examples, l.Elapsed
	l.best, l.saved = s.Best, l.pos
	l.clock.earlier, l.clock.fraction = l.Elapsed, l.Fraction
	return l.weights.restore(s.Tensors, true)
}

func unmarshalSection(s *checkpoint.State, name string, into any) error {
	raw, ok := s.Sections[name]
	if !ok {
		return fmt.Errorf("train: the checkpoint has no section %q: it is not of this program", name)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("train: the checkpoint's section %q: %w", name, err)
	}
	return nil
}

// checkResolved refuses a configuration that differs from the checkpoint's
// other than under exec.
func checkResolved(c *Config, s *checkpoint.State) error {
	raw := s.Sections[sectionConfig]
	if raw == nil || c.Resolved == nil {
		return nil
	}
	var before, now map[string]any
	if err := errors.Join(json.Unmarshal(raw, &before), json.Unmarshal(c.Resolved, &now)); err != nil {
		return fmt.Errorf("train: compare configurations: %w", err)
	}
	return refuseChanges(now, before)
}

// refuseChanges names the keys that differ.
func refuseChanges(now, before map[string]any) error {
	if diffs := changes(now, before); diffs != "" {
		return refuse("train: a run resumes with the configuration it began with, but for exec: %s", diffs)
	}
	return nil
}

// changes names the keys that differ, with both values, but for exec and those
// given; "" if there are none.
func changes(now, before map[string]any, but ...string) string {
	var diffs []string
	for _, d := range Differences(now, before) {
		if d.Key != "exec" && !strings.HasPrefix(d.Key, "exec.") && !slices.Contains(but, d.Key) {
			diffs = append(diffs, fmt.Sprintf("%s is %s (the run has %s)", d.Key, show(d.A), show(d.B)))
		}
	}
	return strings.Join(diffs, "; ")
}

// Difference is a key of two configurations, with dots between its parts, and
// its two values as JSON; nil where it is not set.
type Difference struct {
	Key  string
	A, B json.RawMessage
}

// Differences returns the keys in which two configurations differ, in order. A
// key that has parts in one and is a value in the other differs as a whole.
func Differences(a, b map[string]any) []Difference { return differences(nil, "", a, b) }

func differences(out []Difference, key string, a, b any) []Difference {
	x, parts := a.(map[string]any)
	y, too := b.(map[string]any)
	if !parts && !too || !parts && a != nil || !too && b != nil {
		if !reflect.DeepEqual(a, b) {
			out = append(out, Difference{key, raw(a), raw(b)})
		}
		return out
	}
	names := slices.Sorted(maps.Keys(x))
	for k := range y {
		if _, both := x[k]; !both {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	for _, k := range names {
		out = differences(out, strings.TrimPrefix(key+"."+k, "."), x[k], y[k])
	}
	return out
}

// raw is a value as JSON; nil is none.
func raw(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, _ := json.Marshal(v) // it came from JSON
	return b
}

func show(v json.RawMessage) string {
	if v == nil {
		return "not set"
	}
	return string(v)
}

// normalize passes a value through JSON, so that it compares with one that was
// read.
func normalize(v map[string]any) (out map[string]any, err error) {
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}

// writeModel writes the file to deploy.
func (l *loop) writeModel(s *report.Summary) error {
	ts, err := l.weights.file(false)
	if err != nil {
		return err
	}
	metrics, err := json.Marshal(map[string]any{"train": s.Train, "val": s.Val, "test": s.Test, "best": s.Best})
	if err != nil {
		return fmt.Errorf("train: model: %w", err)
	}
	provenance, err := json.Marshal(map[string]any{
		"name": l.cfg.Name, "run": l.files.checkpoints.Run, "version": s.Version, "fingerprint": s.Fingerprint,
		"updates": s.Updates, "examples": s.Examples, "seed": l.cfg.Seed, "data": l.digests.Data,
	})
	if err != nil {
		return fmt.Errorf("train: model: %w", err)
	}
	return checkpoint.WriteModel(filepath.Join(l.files.path, ModelName), &checkpoint.Model{
		Tensors: ts, Kept: l.cfg.Kept, Config: l.cfg.Resolved, Schema: l.cfg.Schema, Metrics: metrics, Provenance: provenance,
	})
}
