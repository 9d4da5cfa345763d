package adviser

import (
	"math"
	"slices"
)

// book holds the times that settings took to the level, each round on a seed of its own.
type book struct {
	settings []Setting
	times    [][]float64 // by setting and round; NaN where it was not in the round
	rounds   int
}

// note enters a time. A setting that did not get to the level has that at which it
// was given up, or more.
func (b *book) note(s Setting, round int, seconds float64) {
	b.rounds = max(b.rounds, round+1)
	i := slices.Index(b.settings, s)
	if i < 0 {
		i = len(b.settings)
		b.settings, b.times = append(b.settings, s), append(b.times, nil)
	}
	for len(b.times[i]) <= round {
		b.times[i] = append(b.times[i], math.NaN())
	}
	b.times[i][round] = math.Log(seconds)
}

// standing is what is known of a setting.
type standing struct {
	Setting
	log   float64 // mean logarithm of its time, as if it had been in all rounds
	error float64 // standard error of log; +Inf if there is no saying
	runs  int
}

// standings tell the settings' own part of the times from that of the rounds, whose seeds are lucky
// for all or for none: log time = setting + round + error, by least squares. They
// are ordered by what is safe to say: the mean and one standard error.
func (b *book) standings() []standing {
	own, round := make([]float64, len(b.settings)), make([]float64, b.rounds)
	for range 50 {
		for i := range own {
			own[i] = b.mean(i, round)
		}
		for r := range round {
			round[r] = b.meanOfRound(r, own)
		}
	}
	overall := mean(round)
	spread := b.spread(own, round)
	all := make([]standing, len(own))
	for i, s := range b.settings {
		n := b.runs(i)
		all[i] = standing{s, own[i] + overall, spread / math.Sqrt(float64(n)), n}
	}
	slices.SortStableFunc(all, func(x, y standing) int { return sign(x.log + x.error - y.log - y.error) })
	return all
}

func (b *book) mean(i int, round []float64) float64 {
	sum, n := 0.0, 0.0
	for r, t := range b.times[i] {
		if !math.IsNaN(t) {
			sum, n = sum+t-round[r], n+1
		}
	}
	return sum / n
}

func (b *book) meanOfRound(r int, own []float64) float64 {
	sum, n := 0.0, 0.0
	for i, times := range b.times {
		if r < len(times) && !math.IsNaN(times[r]) {
			sum, n = sum+times[r]-own[i], n+1
		}
	}
	return sum / max(n, 1)
}

func (b *book) runs(i int) (n int) {
	for _, t := range b.times[i] {
		if !math.IsNaN(t) {
			n++
		}
	}
	return n
}

// usualSpread is the standard deviation of the logarithm of a time to a level between seeds,
// before two rounds tell: times differ by about a tenth.
const usualSpread = 0.1

// spread is the standard deviation of the errors.
func (b *book) spread(own, round []float64) float64 {
	sum, n := 0.0, 0
	for i, times := range b.times {
		for r, t := range times {
			if !math.IsNaN(t) {
				d := t - own[i] - round[r]
				sum, n = sum+d*d, n+1
			}
		}
	}
	free := n - len(own) - b.rounds + 1
	if free < 3 {
		return usualSpread
	}
	return math.Sqrt(sum / float64(free))
}
