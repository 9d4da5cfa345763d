package train

import (
	"math"

	"github.com/descent-ml/descent/engine"
)

// meterShare is the most that measuring may cost, as a share of the time of updates.
const meterShare = 0.02

// meterCost estimates what a measurement costs, in nanoseconds, from the counted
// operations and bytes of a plan. No clock has a say, so the same updates are
// measured on every machine.
type meterCost struct {
	update, extra work // of any update, and what one that is measured takes beside
}

// work is an estimated time.
type work struct{ each, fixed float64 } // for each example, and whatever the size

func (w work) of(n int) float64 { return w.fixed + float64(w.each*float64(n)) }

// Rates that a current core reaches, and what it takes to begin a micro-batch.
const (
	opsPerNano   = 100.0
	bytesPerNano = 40.0
	microNanos   = 5000.0
)

// costOfMeter sets the cost by a plan that no setting of the execution has a say in:
// with less memory the run's own may compute values again, and what that costs would
// decide when noise is measured. The other program is for the kernels of its plan, and small.
func (l *loop) costOfMeter() error {
	if l.meter == nil || l.crew.passes == 1 {
		return nil
	}
	size := min(l.plan.Size, fastRows)
	o := engine.Options{Rows: size, Batch: size}
	p, err := l.eng.Compile(l.graph, l.weights.vars, shareOf(o, 1, max(l.cfg.Shards, 1), 0))
	if err == nil {
		l.meter.cost = meterCostOf(p.Plan())
	}
	return err
}

// meterCostOf adds up the kernels of a plan. A batch that is measured has one more
// micro-batch, which reads the weights and the sums again, and a copy of the sums.
func meterCostOf(p engine.Plan) (m meterCost) {
	split := p.Marked > 0
	if split {
		m.extra.fixed = microNanos + 2*float64(p.Marked)/bytesPerNano
	}
	for _, k := range p.Kernels {
		to := &m.update
		if k.Watched {
			to = &m.extra
		}
		fixed := float64(k.Fixed) / bytesPerNano
		to.fixed += fixed
		switch k.Stage {
		case "rows", "touch", "reduce", "body":
			to.each += float64(k.FLOPs)/opsPerNano + float64(k.Bytes)/bytesPerNano
			if split {
				m.extra.fixed += fixed
			}
		default:
			to.fixed += float64(k.FLOPs) / opsPerNano
		}
	}
	return m
}

// every returns how many updates of n examples there are from one measurement to the
// next, at least 1.
func (m meterCost) every(n int) uint64 {
	return uint64(max(1, math.Ceil(m.extra.of(n)/float64(meterShare*max(m.update.of(n), 1)))))
}
