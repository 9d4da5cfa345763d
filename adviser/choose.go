package adviser

import (
	"fmt"
	"math"
)

// Choice is the recommendation.
type Choice struct {
	Setting
	// Safe is false if the measurements give no answer; the setting is then that of
	// the configuration.
	Safe bool `json:"safe"`
	// Keep says that the setting of the configuration is as good as any.
	Keep    bool     `json:"keep"`
	Reasons []string `json:"reasons"`
}

const (
	asGood   = 1.05 // times as long as the best: the configured setting is kept
	borne    = 1.25 // times as long: a rate that still does
	fewSeeds = 3    // with fewer the answer is told to be unsure
)

// choose recommends by what there is: the race; the range test; nothing.
func (a *Advice) choose() {
	switch {
	case a.Race != nil && len(a.Race.Raced) > 0 && a.Race.Deep:
		a.Choice = a.chooseByRace()
	case a.Rate != nil && a.Rate.Unsafe == "":
		a.Choice = a.chooseByRate()
	default:
		a.Choice = Choice{Setting: a.Current}
		a.Choice.because("%s", a.whyNoRace())
		if a.Rate != nil {
			a.Choice.because("the range test has no safe answer: %s", a.Rate.Unsafe)
		}
	}
}

// whyNoRace tells why no race decides.
func (a *Advice) whyNoRace() string {
	if a.Race == nil || a.Race.Deep {
		return "the measurements had no time for a race of settings: give them more (--for) to compare"
	}
	return fmt.Sprintf("the race came through %.1f %% of the budget only, and what is best at the very beginning, a small batch and a large rate, is not for long: give it more time (--for) to compare",
		100*a.Race.Share)
}

func (a *Advice) chooseByRace() Choice {
	best := a.Race.Raced[0]
	c := Choice{Setting: best.Setting, Safe: true}
	now, raced := a.Race.of(a.Current)
	switch {
	case raced && now.Seconds <= asGood*best.Seconds:
		c.Setting, c.Keep = a.Current, true
		c.because("your setting gets to a %s of %s as fast as any of %d others that were raced", a.Race.Metric, number(a.Race.Level), a.Race.Entered-1)
		best = now
	case raced:
		c.because("it gets to a %s of %s in %s s of updates, your setting in %s s: %.2g times as fast", a.Race.Metric, number(a.Race.Level), number(best.Seconds), number(now.Seconds), now.Seconds/best.Seconds)
	default:
		c.because("it gets to a %s of %s in %s s of updates; your setting did not get there in time", a.Race.Metric, number(a.Race.Level), number(best.Seconds))
	}
	if a.Race.Missed != "" {
		c.because("nothing reached %s in the time of the race: that is a forecast from how the loss fell at last; give it more time (--for) to be sure", a.Race.Missed)
	}
	if best.Seeds < fewSeeds && a.Race.Missed == "" {
		c.because("that is of %d seeds only: with more time (--for) the answer may change", best.Seeds)
	}
	if low, high := a.Race.sizes(best); low < high {
		c.because("batches from %d to %d, each with its own best rate, take at most %.0f %% longer", low, high, 100*(borne-1))
	}
	if low, high := a.Race.rates(best); low < high {
		c.because("at this size, rates from %s to %s take at most %.0f %% longer", number(low), number(high), 100*(borne-1))
	}
	c.Reasons = append(c.Reasons, a.aboutSize(c.Batch)...)
	return c
}

func (a *Advice) chooseByRate() Choice {
	t := a.Rate
	size := a.Current.Batch
	c := Choice{Setting: Setting{size, rounded(t.Rate*math.Sqrt(float64(size)/float64(t.Batch)), 2)}, Safe: true}
	c.because("%s", a.whyNoRace())
	c.because("the range test suggests rates between %s and %s for a batch of %d; the size is yours", number(t.From), number(t.To), t.Batch)
	switch high := max(t.To, t.borne()); {
	case a.Race != nil && len(a.Race.Raced) > 0 && a.Race.Raced[0].Setting == a.Current:
		c.Setting, c.Keep = a.Current, true
		c.because("as far as the race came, your setting led")
	case t.From <= a.Current.LR && a.Current.LR <= high:
		c.Setting, c.Keep = a.Current, true
		c.because("the loss falls well at your rate, as at any from %s to %s", number(t.From), number(high))
	}
	c.Reasons = append(c.Reasons, a.aboutSize(size)...)
	return c
}

// aboutSize tells what the measurements of time and noise say of a size.
func (a *Advice) aboutSize(size int) (why []string) {
	tau := a.Pace.At(size)
	if tau > 0 && a.Pace.Fixed/tau > 0.02 {
		why = append(why, fmt.Sprintf("an update of %d examples takes %s ms; %.0f %% of that is what any update costs, however few its examples",
			size, number(1e3*tau), 100*min(1, a.Pace.Fixed/tau)))
	}
	if n := a.Noise; n != nil && n.Size > 0 && a.Race != nil && a.Race.Deep && math.Abs(math.Log2(n.Size/float64(size))) > 1 {
		why = append(why, fmt.Sprintf("time and noise alone would suggest about %s; %s", number(n.Size), a.Race.verdict(n.Size)))
	}
	return why
}

// verdict tells how the size next to one did in a race.
func (c *Contest) verdict(size float64) string {
	near := 0
	for _, x := range c.Sizes {
		if near == 0 || math.Abs(math.Log(float64(x)/size)) < math.Abs(math.Log(float64(near)/size)) {
			near = x
		}
	}
	for _, x := range c.Raced {
		if x.Batch == near {
			return fmt.Sprintf("in the race a batch of %d took %.2g times as long as the best", near, x.Seconds/c.Raced[0].Seconds)
		}
	}
	return fmt.Sprintf("in the race a batch of %d was among the slow", near)
}

func (c *Choice) because(format string, args ...any) {
	c.Reasons = append(c.Reasons, fmt.Sprintf(format, args...))
}

// of finds a setting.
func (c *Contest) of(s Setting) (Raced, bool) {
	for _, x := range c.Raced {
		if x.Setting == s {
			return x, true
		}
	}
	return Raced{}, false
}

// sizes are the least and the largest size that take little longer than the best.
func (c *Contest) sizes(best Raced) (low, high int) {
	low, high = best.Batch, best.Batch
	for _, x := range c.Raced {
		if x.Seconds <= borne*best.Seconds {
			low, high = min(low, x.Batch), max(high, x.Batch)
		}
	}
	return low, high
}

// rates are the least and the largest rate of a size that were raced and take little
// longer than the best.
func (c *Contest) rates(best Raced) (low, high float64) {
	low, high = best.LR, best.LR
	for _, x := range c.Raced {
		if x.Batch == best.Batch && x.Seconds <= borne*best.Seconds {
			low, high = min(low, x.LR), max(high, x.LR)
		}
	}
	return low, high
}
