package config

import (
	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/optim"
)

// restarts falls along a cosine again and again.
type restarts struct {
	warmup
	every        batch.Span
	times, final float64
}

func (s *restarts) keys() fields {
	return fields{
		{key: "every", codec: span{&s.every, true}},
		{key: "times", codec: number{&s.times, limits{low: 1, high: 1e6}}},
		{key: "final", codec: number{&s.final, unit}},
		s.warmup.field(),
	}
}

func (s *restarts) build(r run) optim.Schedule {
	return s.warmup.after(r, optim.WarmRestarts(r.share(s.every), s.times, s.final))
}

func (s *restarts) spans() []*batch.Span { return append(s.warmup.spans(), &s.every) }

// cyclic rises and falls again and again.
type cyclic struct {
	up, down batch.Span
	low      float64
	mode     string
	final    float64
}

var cyclicModes = []string{"triangular", "triangular2", "exp_range"}

func (c *cyclic) keys() fields {
	return fields{
		{key: "up", codec: span{&c.up, true}},
		{key: "down", codec: spanOrNone{&c.down}},
		{key: "low", codec: number{&c.low, unit}},
		{key: "mode", codec: word{&c.mode, cyclicModes}},
		{key: "final", codec: number{&c.final, aboveZero}},
	}
}

func (c *cyclic) build(r run) optim.Schedule {
	by := optim.Cycles{Up: r.share(c.up), Low: c.low, Final: c.final}
	by.Down = by.Up
	if !c.down.IsZero() {
		by.Down = r.share(c.down)
	}
	switch c.mode {
	case "triangular2":
		by.Shrink = optim.Triangular2
	case "exp_range":
		by.Shrink = optim.ExpRange
	}
	return optim.Cyclic(by)
}

func (c *cyclic) spans() []*batch.Span {
	if c.down.IsZero() {
		return []*batch.Span{&c.up}
	}
	return []*batch.Span{&c.up, &c.down}
}

// wsd is warm-up, stable, decay.
type wsd struct {
	warmup
	decay batch.Span
	final float64
	form  string
}

func (w *wsd) keys() fields {
	return fields{
		{key: "decay", codec: span{&w.decay, true}},
		{key: "form", codec: word{&w.form, []string{"one_minus_sqrt", "linear"}}},
		{key: "final", codec: number{&w.final, unit}},
		w.warmup.field(),
	}
}

func (w *wsd) build(r run) optim.Schedule {
	form := optim.DecayOneMinusSqrt
	if w.form == "linear" {
		form = optim.DecayLinear
	}
	rise := 0.0
	if !w.warmup.span.IsZero() {
		rise = min(r.share(w.warmup.span), maxWarmup)
	}
	return optim.WSD(rise, min(r.share(w.decay), 1-rise), w.final, form)
}

func (w *wsd) spans() []*batch.Span { return append(w.warmup.spans(), &w.decay) }

// inverseSqrt falls as one over the root of the updates, after a rise that it
// cannot do without.
type inverseSqrt struct{ warmup batch.Span }

func (s *inverseSqrt) keys() fields {
	return fields{{key: "warmup", codec: span{&s.warmup, true}}}
}

func (s *inverseSqrt) build(r run) optim.Schedule { return optim.InverseSqrt(r.share(s.warmup)) }

func (s *inverseSqrt) spans() []*batch.Span { return []*batch.Span{&s.warmup} }

// plateau lowers the rate when validation gets no better.
type plateau struct {
	warmup
	by optim.Plateau
}

func (p *plateau) keys() fields {
	return fields{
		{key: "factor", codec: number{&p.by.Factor, between}},
		{key: "patience", codec: count{p: &p.by.Patience}},
		{key: "threshold", codec: number{&p.by.Threshold, fraction}},
		{key: "cooldown", codec: count{p: &p.by.Cooldown}},
		{key: "min", codec: number{&p.by.Min, fraction}},
		p.warmup.field(),
	}
}

func (p *plateau) build(r run) optim.Schedule { return p.warmup.after(r, optim.Constant()) }
