package adviser

import (
	"math"
	"slices"
)

// Contest is what the race of settings found.
type Contest struct {
	HeldOut string  `json:"held_out"` // what scores are measured on
	Metric  string  `json:"metric"`
	Level   float64 `json:"level"`            // of the metric: the time to it counts
	Given   bool    `json:"given"`            // the level is the target of the configuration
	Missed  string  `json:"missed,omitempty"` // the target, if nothing got there in time; times are then forecasts
	Entered int     `json:"entered"`
	Sizes   []int   `json:"sizes"` // that were entered
	Rounds  int     `json:"rounds"`
	// Share is how much of the budget the first round came through: of its examples, or of the
	// time that they take as configured, whichever is more. Deep reports whether that is
	// enough, or nothing was left to gain, to tell sizes and rates for a whole training: what is best at the
	// very beginning is a small batch and a large rate.
	Share float64 `json:"share"`
	Deep  bool    `json:"deep"`
	Raced []Raced `json:"raced"` // the best first; those that were dropped early are left out
}

// Raced is a setting and its time to the level, in seconds of updates: the mean
// over seeds and its 95 % interval, of logarithms.
type Raced struct {
	Setting
	Seconds float64 `json:"seconds"`
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	Seeds   int     `json:"seeds"`
}

// standings are those of the settings that are worth telling of: the one configured, and those not
// twice as slow as the best.
func (s *search) standings() []standing {
	all := s.book.standings()
	return slices.DeleteFunc(all, func(x standing) bool { return x.log > all[0].log+math.Ln2 && x.Setting != s.Current })
}

// report fills in the contest.
func (s *search) report() {
	c := s.contest
	for _, x := range s.tried {
		c.Sizes = append(c.Sizes, x.Batch)
	}
	slices.Sort(c.Sizes)
	c.Sizes = slices.Compact(c.Sizes)
	c.Level, c.Rounds = s.levels[len(s.levels)/2], s.book.rounds
	if s.judge.higher {
		c.Level = -c.Level
	}
	for _, x := range s.standings() {
		half := 1.96 * x.error
		c.Raced = append(c.Raced, Raced{x.Setting, math.Exp(x.log), math.Exp(x.log - half), math.Exp(x.log + half), x.runs})
	}
	s.Race = c
}
