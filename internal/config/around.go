package config

import (
	"math"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/optim"
)

// Averages are what is around any optimizer: averages of its weights for
// evaluation, Lookahead, and SAM. What is 0 is off.
type Averages struct {
	EMADecay       float64
	SWAStart       float64    // share of the budget
	SWAEvery       batch.Span // how often, from there on
	LookaheadEvery int        // updates
	LookaheadAlpha float64
	SAM            float64 // ρ
}

func newAverages() Averages {
	return Averages{SWAEvery: batch.Updates(1), LookaheadAlpha: 0.5}
}

func (a *Averages) ema() fields { return fields{{key: "decay", codec: orNone{p: &a.EMADecay}}} }

func (a *Averages) sam() fields { return fields{{key: "rho", codec: orNone{p: &a.SAM}}} }

func (a *Averages) swa() fields {
	return fields{
		{key: "start", codec: orNone{p: &a.SWAStart}},
		{key: "every", codec: span{p: &a.SWAEvery}},
	}
}

func (a *Averages) lookahead() fields {
	return fields{
		{key: "every", codec: count{p: &a.LookaheadEvery, low: 1, auto: "off"}},
		{key: "alpha", codec: number{&a.LookaheadAlpha, limits{low: 0, openLow: true, high: 1}}},
	}
}

// check reports averages that exclude each other.
func (a *Averages) check(fs *Faults, at func(path ...string) place, optimizer string) {
	free := optimizer == "schedule_free" || optimizer == "schedule_free_sgd"
	switch {
	case a.EMADecay >= 1:
		fs.add(at("ema", "decay"), "got %v (want less than 1)", a.EMADecay)
	case a.SWAStart >= 1:
		fs.add(at("swa", "start"), "got %v (want a share of the budget, less than 1)", a.SWAStart)
	case a.SWAEvery.Unit == batch.Second:
		fs.add(at("swa", "every"), "got %v (want epochs, updates or examples)", a.SWAEvery)
	case a.EMADecay > 0 && a.SWAStart > 0:
		fs.add(at("swa"), "two averages of the weights, ema and swa (want one)")
	case free && (a.EMADecay > 0 || a.SWAStart > 0 || a.LookaheadEvery > 0):
		fs.add(at("optimizer"), "%s has its own average of the weights (want no ema, swa or lookahead)", optimizer)
	}
}

// apply puts the averages around an optimizer.
func (a *Averages) apply(o optim.Optimizer, r run) optim.Optimizer {
	o = o.WithSAM(a.SAM)
	if a.EMADecay > 0 {
		o = o.WithEMA(a.EMADecay)
	}
	if a.SWAStart > 0 {
		o = o.WithSWA(a.SWAStart, max(1, int64(math.Round(r.examples(a.SWAEvery)/r.perUpdate))))
	}
	if a.LookaheadEvery > 0 {
		o = o.WithLookahead(&optim.Lookahead{Every: int64(a.LookaheadEvery), Alpha: a.LookaheadAlpha})
	}
	return o
}

// setOrNone is an orNone that is written only if it is set: it came when runs
// had been stored without it.
type setOrNone struct{ orNone }

func (o setOrNone) write() *value {
	if *o.p == 0 {
		return nil
	}
	return o.orNone.write()
}
