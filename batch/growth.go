package batch

import "fmt"

// Growth grows the batch where the schedule would lower the learning rate:
// size = Start/decay, until Max, from where on the rate falls as scheduled.
//
// With a linear coupling, which multiplies the scheduled rate by κ = B/B0, this
// is Smith, Kindermans, Ying and Le (ICLR 2018, §2): the rate stays, and the
// noise η/B follows the schedule as it would with a fixed batch. With the
// square-root coupling it is Seesaw (Meterez et al. 2025, arXiv 2510.14717): for
// Adam and normalized SGD, a cut of the rate by α becomes one by √α and a batch
// α times as large. In both the coupling makes up for what rounding does to B.
// Nothing is measured. The schedule must run on consumed examples, as all
// budgets but updates and time do.
type Growth struct{ Bounds Bounds }

// steady is the ratio of sizes below which Growth and CABS do not follow a
// target that moves all the time.
const steady = 1 + 1.0/16

// Validate lists the faults of the settings.
func (g Growth) Validate() error { return g.Bounds.Validate() }

func (g Growth) Max(examples int) int { return g.Bounds.largest(examples) }
func (g Growth) String() string       { return g.Bounds.text("growth") }

// Next implements Policy. Where the schedule rises again, the batch shrinks.
func (g Growth) Next(s State, p Progress) (State, string) {
	b := g.Bounds.withDefaults(p.Data)
	size := b.clip(float64(b.Start) / min(p.Decay, 1))
	switch {
	case s.Size == 0:
		return s.to(size, p), ""
	case size == s.Size || size != b.Max && size != b.Start && !differs(size, s.Size, steady):
		return s, ""
	}
	return s.to(size, p), fmt.Sprintf("the schedule is at %.3g of its peak", p.Decay)
}
