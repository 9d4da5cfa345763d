package adviser

import (
	"math"
	"slices"
	"sort"
)

// curve is how a training gets better with time: the best score so far, which falls,
// at ascending times. A score is a loss, or a metric of which more is better with its sign
// turned.
type curve []point

type point struct {
	seconds float64 // of updates: their number times what one takes
	score   float64
}

// add notes a score; one that is worse than the best, or no number, leaves the best.
func (c *curve) add(seconds, score float64) {
	if len(*c) > 0 {
		if last := (*c)[len(*c)-1].score; !(score < last) {
			score = last
		}
	} else if math.IsNaN(score) {
		score = math.Inf(1)
	}
	*c = append(*c, point{seconds, score})
}

// best is the last score, +Inf if there is none.
func (c curve) best() float64 {
	if len(c) == 0 {
		return math.Inf(1)
	}
	return c[len(c)-1].score
}

// end is the time of the last score.
func (c curve) end() float64 {
	if len(c) == 0 {
		return 0
	}
	return c[len(c)-1].seconds
}

// reach is the time at which the curve is down to a score, on a straight line between two
// measurements; +Inf if it never is.
func (c curve) reach(score float64) float64 {
	i := sort.Search(len(c), func(i int) bool { return c[i].score <= score })
	switch {
	case i == len(c):
		return math.Inf(1)
	case i == 0 || math.IsInf(c[i-1].score, 0):
		return c[i].seconds
	}
	low, high := c[i-1], c[i]
	share := (low.score - score) / (low.score - high.score)
	return low.seconds + share*(high.seconds-low.seconds)
}

// at is the best score up to a time.
func (c curve) at(seconds float64) float64 {
	i := sort.Search(len(c), func(i int) bool { return c[i].seconds > seconds })
	return c[:i].best()
}

// envelope is the best of several curves at each time of any.
func envelope(curves []curve) curve {
	var all []point
	for _, c := range curves {
		all = append(all, c...)
	}
	slices.SortStableFunc(all, func(a, b point) int { return sign(a.seconds - b.seconds) })
	var e curve
	for _, p := range all {
		e.add(p.seconds, p.score)
	}
	return e
}

// lag is how many times as long as the envelope a curve took to where it is: 1 for the
// leader. One that has not begun, by a score, is behind only when the envelope has.
func (c curve) lag(e curve, begun float64) float64 {
	if math.IsInf(c.best(), 1) {
		return math.Inf(1)
	}
	return c.end() / max(e.reach(min(c.best(), begun)), 1e-12)
}

// ahead is where the curve would be at twice its time if it went on as in the last doubling: gains are
// about even in the logarithm of time.
func (c curve) ahead() float64 {
	before := c.at(c.end() / 2)
	if math.IsInf(before, 1) {
		return c.best()
	}
	return 2*c.best() - before
}

// forecast is when the curve will be down to a score if it gains in each doubling of the time what it
// gained in the last; +Inf if that was nothing, or if it would take more than three.
func (c curve) forecast(score float64) float64 {
	if t := c.reach(score); !math.IsInf(t, 1) {
		return t
	}
	gain := c.at(c.end()/2) - c.best()
	if !(gain > 0) || math.IsInf(gain, 1) {
		return math.Inf(1)
	}
	if doublings := (c.best() - score) / gain; doublings <= 3 {
		return c.end() * math.Exp2(doublings)
	}
	return math.Inf(1)
}

// flat reports whether a curve has gained less in the last 7/8 of its time than a share of the
// way from a first score to its best. A plateau at the beginning is none.
func (c curve) flat(share, first float64) bool {
	return len(c) > 4 && c.best() <= begun(first) && c.at(c.end()/8)-c.best() <= share*(first-c.best())
}

// begun is the score of a training that has left its beginning, at which some stay for long: a
// twentieth off the first score.
func begun(first float64) float64 { return first - 0.05*math.Abs(first) }

func sign(x float64) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}
