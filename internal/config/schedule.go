package config

import (
	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/optim"
)

// Schedule is how the learning rate changes over the budget.
type Schedule struct {
	Kind    string
	Options scheduleOptions
}

type scheduleOptions interface {
	part
	build(r run) optim.Schedule
	spans() []*batch.Span // that must be within the budget
}

// run is the length of things, to turn spans into shares of the budget.
type run struct {
	budget    batch.Span
	epoch     int     // examples
	perUpdate float64 // examples, on average over an epoch
	tokens    int     // of an example
}

// share returns the share of the budget that a span is. A span of time in a
// budget that is none, or the other way round, has none: see Schedule.check.
func (r run) share(s batch.Span) float64 {
	s = s.Of(r.budget)
	if s.Unit == r.budget.Unit {
		return s.N / r.budget.N
	}
	return r.examples(s) / r.examples(r.budget)
}

func (r run) examples(s batch.Span) float64 {
	switch s.Unit {
	case batch.Epoch:
		return s.N * float64(r.epoch)
	case batch.Update:
		return s.N * r.perUpdate
	case batch.Token:
		return s.N / float64(max(1, r.tokens))
	}
	return s.N
}

var scheduleKinds = []alternative[scheduleOptions]{
	{"constant", func() scheduleOptions {
		return &curve{make: func(*curve) optim.Schedule { return optim.Constant() }}
	}},
	{"step", func() scheduleOptions { return &step{factor: 0.1} }},
	{"multistep", func() scheduleOptions { return &multistep{factor: 0.1} }},
	{"exponential", func() scheduleOptions {
		return &curve{key: "final", x: 0.01, limits: aboveZero, make: func(c *curve) optim.Schedule { return optim.Exponential(c.x) }}
	}},
	{"polynomial", func() scheduleOptions {
		return &curve{key: "power", x: 1, limits: aboveZero, make: func(c *curve) optim.Schedule { return optim.Polynomial(c.x) }}
	}},
	{"linear", func() scheduleOptions {
		return &curve{key: "final", limits: zeroOrMore, make: func(c *curve) optim.Schedule { return optim.Linear(c.x) }}
	}},
	{"cosine", func() scheduleOptions {
		return &curve{key: "final", limits: zeroOrMore, make: func(c *curve) optim.Schedule { return optim.Cosine(c.x) }}
	}},
	{"one_cycle", func() scheduleOptions { return &oneCycle{up: 0.3, div: 25, finalDiv: 1e4} }},
	{"warm_restarts", func() scheduleOptions { return &restarts{every: percent(10), times: 1} }},
	{"cyclic", func() scheduleOptions { return &cyclic{up: percent(10), low: 0.1, mode: "triangular", final: 0.1} }},
	{"wsd", func() scheduleOptions { return &wsd{decay: percent(20), form: "one_minus_sqrt"} }},
	{"inverse_sqrt", func() scheduleOptions { return &inverseSqrt{percent(5)} }},
	{"plateau", func() scheduleOptions { return &plateau{by: *optim.DefaultPlateau()} }},
}

func percent(n float64) batch.Span { return batch.Span{N: n, Unit: batch.Percent} }

func newSchedule(name string) Schedule {
	for _, k := range scheduleKinds {
		if k.name == name {
			return Schedule{name, k.make()}
		}
	}
	panic("config: no schedule " + name)
}

func (s *Schedule) codec() codec {
	return choice[scheduleOptions]{"schedule", scheduleKinds, &s.Kind, &s.Options}
}

// check reports spans that are no share of the budget.
func (s *Schedule) check(fs *Faults, at place, budget batch.Span) {
	for _, p := range s.Options.spans() {
		if (p.Of(budget).Unit == batch.Second) != (budget.Unit == batch.Second) {
			fs.add(at, "%v in schedule %s is no known share of a budget of %v (want a share such as 10%%)", p, s.Kind, budget)
		}
	}
}

// apply gives an optimizer the schedule.
func (s *Schedule) apply(o optim.Optimizer, r run) optim.Optimizer {
	if p, ok := s.Options.(*plateau); ok {
		by := p.by
		o = o.WithPlateau(&by)
	}
	return o.WithSchedule(s.Options.build(r))
}

// warmup is a rise of the rate at the start.
type warmup struct{ span batch.Span }

func (w *warmup) field() field { return field{key: "warmup", codec: spanOrNone{&w.span}} }

// after returns the schedule behind the warm-up.
func (w *warmup) after(r run, s optim.Schedule) optim.Schedule {
	if w.span.IsZero() {
		return s
	}
	return optim.WarmUp(min(r.share(w.span), maxWarmup), s)
}

// maxWarmup leaves a rest of the budget behind a warm-up.
const maxWarmup = 0.99

func (w *warmup) spans() []*batch.Span {
	if w.span.IsZero() {
		return nil
	}
	return []*batch.Span{&w.span}
}

// curve is a schedule with at most one number of its own.
type curve struct {
	warmup
	key    string
	x      float64
	limits limits
	make   func(*curve) optim.Schedule
}

func (c *curve) keys() fields {
	if c.key == "" {
		return fields{c.warmup.field()}
	}
	return fields{{key: c.key, codec: number{&c.x, c.limits}}, c.warmup.field()}
}

func (c *curve) build(r run) optim.Schedule { return c.warmup.after(r, c.make(c)) }

// step multiplies the rate by a factor after every span.
type step struct {
	warmup
	every  batch.Span
	factor float64
}

func (s *step) keys() fields {
	return fields{
		{key: "every", codec: span{&s.every, true}, required: true},
		{key: "factor", codec: number{&s.factor, aboveZero}},
		s.warmup.field(),
	}
}

func (s *step) build(r run) optim.Schedule {
	return s.warmup.after(r, optim.Step(r.share(s.every), s.factor))
}

func (s *step) spans() []*batch.Span { return append(s.warmup.spans(), &s.every) }

// multistep multiplies the rate by a factor at each of some points.
type multistep struct {
	warmup
	at     []batch.Span
	factor float64
}

func (m *multistep) keys() fields {
	return fields{
		{key: "at", codec: spanList{&m.at}, required: true},
		{key: "factor", codec: number{&m.factor, aboveZero}},
		m.warmup.field(),
	}
}

func (m *multistep) build(r run) optim.Schedule {
	at := make([]float64, len(m.at))
	for i, s := range m.at {
		at[i] = r.share(s)
	}
	return m.warmup.after(r, optim.MultiStep(m.factor, at...))
}

func (m *multistep) spans() []*batch.Span {
	all := m.warmup.spans()
	for i := range m.at {
		all = append(all, &m.at[i])
	}
	return all
}

// oneCycle rises and falls once.
type oneCycle struct {
	up, div, finalDiv float64
	threePhase        bool
}

func (o *oneCycle) keys() fields {
	return fields{
		{key: "up", codec: number{&o.up, limits{low: 0, high: 1, openLow: true, openHigh: true}}},
		{key: "div", codec: number{&o.div, aboveZero}},
		{key: "final_div", codec: number{&o.finalDiv, aboveZero}},
		{key: "three_phase", codec: flag{&o.threePhase}},
	}
}

func (o *oneCycle) build(run) optim.Schedule {
	return optim.OneCycleWith(optim.OneCycleOptions{Up: o.up, Div: o.div, FinalDiv: o.finalDiv, ThreePhase: o.threePhase})
}

func (o *oneCycle) spans() []*batch.Span { return nil }

// spanOrNone is a span, or none.
type spanOrNone struct{ p *batch.Span }

func (s spanOrNone) read(fs *Faults, v *value) {
	if v.kind == scalar && v.text == "none" {
		*s.p = batch.Span{}
		return
	}
	span{s.p, true}.read(fs, v)
}

func (s spanOrNone) write() *value {
	if s.p.IsZero() {
		return &value{text: "none"}
	}
	return span{p: s.p}.write()
}

// spanList is a list of spans.
type spanList struct{ p *[]batch.Span }

func (l spanList) read(fs *Faults, v *value) {
	if v.kind != sequence {
		fs.add(v.at, "got %v (want a list of spans, such as [50%%, 75%%])", v)
		return
	}
	*l.p = make([]batch.Span, len(v.entries))
	for i, e := range v.entries {
		span{&(*l.p)[i], true}.read(fs, e.value)
	}
}

func (l spanList) write() *value {
	v := &value{kind: sequence}
	for i := range *l.p {
		v.entries = append(v.entries, entry{value: span{p: &(*l.p)[i]}.write()})
	}
	return v
}
