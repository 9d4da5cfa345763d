package adviser

import (
	"math"

	"github.com/descent-ml/descent/batch"
)

// enterFirst notes the times of the first round; if the target was missed, what they look to become.
func (s *search) enterFirst(r *race) {
	s.best = math.Inf(1)
	for _, c := range r.all {
		s.tried = append(s.tried, c.Setting)
		s.best = min(s.best, c.curve.reach(s.level))
		t := s.time(c.curve, 0)
		if s.contest.Missed != "" {
			t = c.curve.forecast(s.level)
		}
		if !math.IsInf(t, 1) {
			s.book.note(c.Setting, 0, t)
		}
	}
}

// time is that of a curve to the levels: their geometric mean. A level that it was given up
// before counts with missed times its end; +Inf if that is 0.
func (s *search) time(c curve, missed float64) float64 {
	var logs []float64
	for _, level := range s.levels {
		t := c.reach(level)
		if math.IsInf(t, 1) && missed > 0 {
			t = missed * c.end()
		}
		logs = append(logs, math.Log(t))
	}
	return math.Exp(mean(logs))
}

// deep reports whether a race tells of a whole training.
func (s *search) deep(r *race) bool {
	return s.consumed(r) >= deepShare || r.leader().best() <= s.level || r.flat()
}

// consumed is the share of the budget that the contender with the best score has behind it.
func (s *search) consumed(r *race) float64 {
	var lead *contender
	for _, c := range r.all {
		if lead == nil || c.curve.best() < lead.curve.best() {
			lead = c
		}
	}
	whole := s.base.Budget.N // in examples, as configured
	switch s.base.Budget.Unit {
	case batch.Second:
		return lead.curve.end() / whole
	case batch.Epoch:
		whole *= float64(s.base.Data.Len())
	case batch.Update:
		whole *= float64(s.size)
	case batch.Token:
		whole /= lead.pilot.last.tokens
	}
	return max(lead.pilot.last.examples/whole, lead.curve.end()/(whole/float64(s.size)*s.Pace.At(s.size)))
}
