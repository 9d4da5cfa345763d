package config

import (
	"strings"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/train"
)

// Sizes say how the batch size changes during a run and what that does to the
// learning rate.
type Sizes struct {
	Kind     string // of the policy: fixed, or how sizes change
	Options  policyOptions
	Min, Max int    // 0: as the policy has it
	Coupling string // auto, or a name of optim.ParseCoupling
	Decay    string // what keeps its time scale in decoupled weight decay: examples or updates
	Base     int    // examples that the learning rate is meant for; 0: the first size
}

func newSizes() Sizes {
	return Sizes{Kind: "fixed", Options: fixedSize{}, Coupling: "auto", Decay: "examples"}
}

// policyOptions are the keys of a policy.
type policyOptions interface {
	part
	build(b batch.Bounds) batch.Policy
}

var policyKinds = []alternative[policyOptions]{
	{"fixed", func() policyOptions { return fixedSize{} }},
	{"auto", func() policyOptions { return &autoSize{efficiency: 0.5} }},
	{"stages", func() policyOptions { return &stages{every: batch.Epochs(20), factor: 2} }},
	{"growth", func() policyOptions { return growth{} }},
	{"norm_test", func() policyOptions { return &normTest{theta: 0.5} }},
	{"inner_product", func() policyOptions { return &innerProduct{theta: 0.9} }},
	{"cabs", func() policyOptions { return &cabs{c: 1} }},
	{"noise_scale", func() policyOptions { return &noiseScale{} }},
	{"goodput", func() policyOptions { return &goodput{} }},
}

// fixedSize is one size for all updates.
type fixedSize struct{}

func (fixedSize) keys() fields                      { return nil }
func (fixedSize) build(b batch.Bounds) batch.Policy { return batch.Fixed(b.Start) }

// givenCost is what an update takes, if it is not to be measured.
type givenCost struct{ fixed, perExample float64 } // seconds

func (g *givenCost) keys() fields {
	return fields{
		{key: "fixed", codec: setOrNone{orNone{p: &g.fixed}}},
		{key: "per_example", codec: setOrNone{orNone{p: &g.perExample}}},
	}
}

func (g *givenCost) cost() batch.Cost { return batch.Cost{Fixed: g.fixed, PerExample: g.perExample} }

type autoSize struct {
	efficiency float64
	givenCost
}

func (a *autoSize) keys() fields {
	return append(fields{{key: "efficiency", codec: number{&a.efficiency, between}}}, a.givenCost.keys()...)
}

func (a *autoSize) build(b batch.Bounds) batch.Policy {
	return batch.Auto{Bounds: b, Efficiency: a.efficiency, Cost: a.cost()}
}

type stages struct {
	every  batch.Span
	factor float64
}

func (s *stages) keys() fields {
	return fields{{key: "every", codec: span{&s.every, true}}, {key: "factor", codec: number{&s.factor, aboveZero}}}
}

func (s *stages) build(b batch.Bounds) batch.Policy {
	return batch.Stages{Bounds: b, Every: s.every, Factor: s.factor}
}

type growth struct{}

func (growth) keys() fields                      { return nil }
func (growth) build(b batch.Bounds) batch.Policy { return batch.Growth{Bounds: b} }

type normTest struct{ theta float64 }

func (n *normTest) keys() fields { return fields{{key: "theta", codec: number{&n.theta, aboveZero}}} }

func (n *normTest) build(b batch.Bounds) batch.Policy {
	return batch.NormTest{Bounds: b, Theta: n.theta}
}

type innerProduct struct{ theta, nu float64 }

func (p *innerProduct) keys() fields {
	return fields{{key: "theta", codec: number{&p.theta, aboveZero}}, {key: "nu", codec: orNone{p: &p.nu}}}
}

func (p *innerProduct) build(b batch.Bounds) batch.Policy {
	return batch.InnerProduct{Bounds: b, Theta: p.theta, Nu: p.nu}
}

type cabs struct{ c, floor float64 }

func (c *cabs) keys() fields {
	return fields{{key: "c", codec: number{&c.c, aboveZero}}, {key: "floor", codec: number{&c.floor, anyNumber}}}
}

func (c *cabs) build(b batch.Bounds) batch.Policy {
	return batch.CABS{Bounds: b, C: c.c, Floor: c.floor}
}

type noiseScale struct{ r float64 }

func (n *noiseScale) keys() fields { return fields{{key: "r", codec: orNone{p: &n.r}}} }

func (n *noiseScale) build(b batch.Bounds) batch.Policy {
	return batch.NoiseScale{Bounds: b, R: n.r}
}

type goodput struct{ givenCost }

func (g *goodput) build(b batch.Bounds) batch.Policy {
	return batch.Goodput{Bounds: b, Cost: g.cost()}
}

// policy returns what decides the size of batches.
func (c *Config) policy() batch.Policy {
	if c.Batch == 0 {
		return batch.All()
	}
	return c.Sizes.Options.build(batch.Bounds{Start: c.Batch, Min: c.Sizes.Min, Max: c.Sizes.Max})
}

// coupled gives an optimizer the coupling of its rate to the batch size.
func (c *Config) coupled(o optim.Optimizer) optim.Optimizer {
	s, by := c.Sizes, optim.None()
	if s.Coupling != "auto" {
		by, _ = optim.ParseCoupling(s.Coupling) // it was checked when it was read
		if s.Decay == "examples" && by != optim.None() {
			by = by.WithDecay()
		}
	} else if s.couples() {
		by = o.AutoCoupling(batch.NeedsNoise(c.policy()))
	}
	return o.WithCoupling(by, s.Base)
}

// couples reports whether the rate is coupled to the size if nobody says: where
// sizes change, but for CABS, which goes by the rate itself, or there is a base.
func (s *Sizes) couples() bool { return s.Kind != "fixed" && s.Kind != "cabs" || s.Base > 0 }

// check reports sizes that cannot be. size is the first one, 0 for all.
func (s *Sizes) check(fs *Faults, at func(path ...string) place, size int, given bool, schedule string) {
	changes := s.Kind != "fixed"
	fault := func(key, format string, args ...any) { fs.add(at("batch", key), format, args...) }
	switch {
	case changes && size == 0:
		fault("size", "all examples in every batch leave policy %s nothing to change (want a number to start with)", s.Kind)
	case !changes && (s.Min > 0 || s.Max > 0):
		fault("policy", "min and max are for a size that changes (want a policy, such as auto)")
	case !changes && s.Base == 0 && s.Coupling != "auto" && s.Coupling != "none":
		fault("coupling", "coupling %s changes nothing while the size is always the same (want base, the size that the learning rate is meant for, or a policy, such as auto)", s.Coupling)
	case s.Max > 0 && s.Min > s.Max:
		fault("min", "got %d, more than max, %d", s.Min, s.Max)
	case changes && given && s.Max > 0 && size > s.Max:
		fault("size", "got %d, more than max, %d", size, s.Max)
	case changes && given && size < s.Min:
		fault("size", "got %d, less than min, %d", size, s.Min)
	case s.Kind == "growth" && schedule == "constant":
		fault("policy", "policy growth grows batches where the schedule lowers the learning rate, and schedule constant never does (want another schedule, such as cosine)")
	case s.Kind == "stages" && s.Options.(*stages).factor == 1:
		fs.add(at("batch", "policy", "stages", "factor"), "got 1 (want above 0 and not 1)")
	case s.Kind == "cabs" && s.Coupling != "auto" && s.Coupling != "none":
		fault("coupling", "policy cabs makes the size follow the learning rate, so the rate cannot follow the size (want none)")
	}
}

// checkCoupling reports a coupling that somebody asked for and that the optimizer,
// or a noise that is not to be measured, rules out.
func (c *Config) checkCoupling(fs *Faults, at place) {
	if c.Sizes.Coupling == "auto" {
		return
	}
	o := c.Optimizer.Options.build()
	plain, coupled := o.Validate(), c.coupled(o).Validate()
	switch {
	case plain == nil && coupled != nil:
		fs.add(at, "%s", strings.TrimPrefix(coupled.Error(), "optim: "))
	case c.Noise.Mode == train.NoiseOff && c.Sizes.Coupling == "adascale":
		fs.add(at, "adascale goes by the noise of gradients, which noise: off leaves unmeasured (want noise: auto)")
	}
}

// settleSize puts a first size that nobody asked for within the bounds.
func (c *Config) settleSize() {
	if c.batchGiven {
		return
	}
	if c.Sizes.Max > 0 {
		c.Batch = min(c.Batch, c.Sizes.Max)
	}
	c.Batch = max(c.Batch, c.Sizes.Min)
}

// batchSize is a number of examples, all, auto, or {size: of these, shards: 4}, or
// {tokens: of these}, and how that changes.
type batchSize struct {
	p, tokens, shards *int
	given             *bool // whether the size is
	sizes             *Sizes
}

func (b batchSize) size() codec { return given{count{p: b.p, low: 1, auto: "all"}, b.given} }
func (b batchSize) policy() codec {
	return choice[policyOptions]{"policy", policyKinds, &b.sizes.Kind, &b.sizes.Options}
}

// changes are the keys of how sizes change.
func (b batchSize) changes() fields {
	s := b.sizes
	return fields{
		{key: "policy", codec: b.policy()},
		{key: "min", codec: count{p: &s.Min, low: 1, auto: "auto"}},
		{key: "max", codec: count{p: &s.Max, low: 1, auto: "auto"}},
		{key: "coupling", codec: word{&s.Coupling, []string{"auto", "none", "linear", "sqrt", "adascale", "adam_sde"}}},
		{key: "decay", codec: word{&s.Decay, []string{"examples", "updates"}}},
		{key: "base", codec: count{p: &s.Base, low: 1, auto: "auto"}},
	}
}

func (b batchSize) read(fs *Faults, v *value) {
	switch {
	case v.kind == mapping:
		tokens := given{count{p: b.tokens, low: 1}, b.given}
		append(fields{{key: "size", codec: b.size()}, {key: "tokens", codec: tokens}, {key: "shards", codec: count{p: b.shards, low: 1}}}, b.changes()...).read(fs, v)
		if v.find("size") != nil && *b.tokens > 0 {
			fs.add(v.at, "size and tokens exclude each other")
		}
	case v.kind == scalar && v.text == "auto":
		b.policy().read(fs, v)
	default:
		var wrong Faults
		if b.size().read(&wrong, v); len(wrong) > 0 {
			fs.add(v.at, "got %v (want a whole number, 1 or more, all or auto)", v)
		}
	}
}

func (b batchSize) write() *value {
	all := fields{{key: "size", codec: count{p: b.p, auto: "all"}}}
	if *b.tokens > 0 {
		all = fields{{key: "tokens", codec: count{p: b.tokens}}}
	}
	if *b.shards > 1 {
		all = append(all, field{key: "shards", codec: count{p: b.shards}})
	}
	if s := b.sizes; s.Kind != "fixed" || s.Base > 0 || s.Coupling != "auto" {
		all = append(all, b.changes()...)
	}
	if len(all) == 1 && *b.tokens == 0 {
		return all[0].write()
	}
	return all.write()
}
