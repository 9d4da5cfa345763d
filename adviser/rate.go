package adviser

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/internal/portmath"
	"github.com/descent-ml/descent/optim"
)

// RateTest is a learning-rate range test: the loss while the rate grows from far too
// small to far too large, by the same factor in each update (Smith, WACV 2017, section
// 3.3), on several seeds.
type RateTest struct {
	Batch   int     `json:"batch"`
	Updates int     `json:"updates"` // of a full ramp
	Low     float64 `json:"low"`     // where the ramp begins
	High    float64 `json:"high"`    // where it would end

	Seeds []RateSeed `json:"seeds"`

	// Rate is the geometric mean of what the seeds suggest, and [From, To] its 95 %
	// interval by Student's t of the logarithms; 0 if there is no safe answer.
	Rate float64 `json:"rate"`
	From float64 `json:"from"`
	To   float64 `json:"to"`

	Unsafe string `json:"unsafe,omitempty"` // why there is no safe answer
}

// RateSeed is the outcome of one ramp; rates are 0 where it has none.
type RateSeed struct {
	Steepest float64 `json:"steepest"` // where the smoothed loss falls fastest
	Lowest   float64 `json:"lowest"`   // where it is lowest
	Break    float64 `json:"break"`    // where it was four times its best, or no number
	Gain     float64 `json:"gain"`     // by how much of its first value the loss fell at the lowest; 0: by no more than its noise
}

// Suggested is the rate that a ramp suggests: the geometric mean of the two usual
// readings, the rate of the steepest descent and a tenth of that of the lowest loss,
// and in any case a third of the one at which it broke.
func (s RateSeed) suggested() float64 {
	rate := math.Sqrt(s.Steepest * s.Lowest / 10)
	if s.Break > 0 {
		rate = min(rate, s.Break/3)
	}
	return rate
}

// middle is between where the loss falls fastest and where it is lowest, on all seeds where it fell:
// where a race has the best rate in its reach.
func (t *RateTest) middle() (rate float64, ok bool) {
	sum, n := 0.0, 0.0
	for _, s := range t.Seeds {
		if s.Gain < leastGain {
			continue
		}
		m := math.Sqrt(s.Steepest * s.Lowest)
		if s.Break > 0 {
			m = min(m, s.Break/3)
		}
		sum, n = sum+math.Log(m), n+1
	}
	return math.Exp(sum / n), n > 0
}

// borne is half the rate at which the loss is lowest, on the seeds where it fell: up to there a
// rate that somebody has chosen is no mistake.
func (t *RateTest) borne() float64 {
	var logs []float64
	for _, s := range t.Seeds {
		if s.Gain >= leastGain {
			logs = append(logs, math.Log(s.Lowest))
		}
	}
	if len(logs) == 0 {
		return 0
	}
	return math.Exp(mean(logs)) / 2
}

const (
	rampLeast   = 60  // updates of a ramp: fewer tell nothing
	rampMost    = 300 // more tell nothing new
	rampDecades = 6   // of the rate, three on each side of the one configured
	rampSeeds   = 3
	worse       = 4.0 // times the best smoothed loss: the ramp ends
	leastGain   = 0.02
	sure        = 5.0  // standard errors of a smoothed loss: no lowest of many falls so far by chance
	mostApart   = 10.0 // ratio of the suggestions of seeds that still agree
	widest      = 30.0 // ratio of the ends of an interval that still says something
)

// ramp is the loss of a batch before each update, and the rate of that update.
type ramp struct {
	rates, losses []float64
	broke         bool    // the last loss was no number
	average, norm float64 // of the running mean that ends it
	best          float64
}

// add notes an update and reports whether the ramp goes on: the running mean of the
// loss is not above four times its best. The mean is exponential with bias correction, as in Smith's
// test, over a tenth of a decade where he has 50 updates, which would be one
// and a half decades of this ramp.
func (r *ramp) add(rate, loss float64) bool {
	r.rates, r.losses = append(r.rates, rate), append(r.losses, loss)
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		r.broke = true
		return false
	}
	const keep = 0.8
	r.average, r.norm = keep*r.average+(1-keep)*loss, keep*r.norm+(1-keep)
	now := r.average / r.norm
	if len(r.losses) == 1 || now < r.best {
		r.best = now
	}
	r.broke = len(r.losses) > 5 && now > worse*r.best
	return !r.broke
}

// read finds the two rates. It smooths by means over windows that reach as far to both sides,
// which shift nothing, of a third of a decade each.
func (r *ramp) read(perDecade float64) (s RateSeed) {
	n := len(r.losses)
	if r.broke {
		s.Break = r.rates[n-1]
		n-- // the last one is an effect
	}
	reach := max(1, int(perDecade/6))
	smooth := make([]float64, n)
	for i := range smooth {
		smooth[i] = mean(r.losses[max(0, i-reach):min(n, i+reach+1)])
	}
	if n < 4*reach {
		return s
	}
	lowest := slices.Index(smooth, slices.Min(smooth))
	first := mean(r.losses[:2*reach+1])
	if fall := first - smooth[lowest]; fall > sure*noiseOf(r.losses[:max(n/10, 2)])/math.Sqrt(float64(2*reach+1)) {
		s.Gain = fall / first
	}
	s.Lowest, s.Steepest = r.rates[lowest], r.rates[0]
	fall := 0.0
	for i := reach; i+reach <= lowest; i++ {
		if f := smooth[i-reach] - smooth[i+reach]; f > fall {
			fall, s.Steepest = f, r.rates[i]
		}
	}
	return s
}

// noiseOf is the standard deviation of numbers around a curve that changes slowly, from
// their successive differences.
func noiseOf(x []float64) float64 {
	sum := 0.0
	for i := range x[1:] {
		sum += (x[i+1] - x[i]) * (x[i+1] - x[i])
	}
	return math.Sqrt(sum / float64(2*(len(x)-1)))
}

// conclude judges the seeds together.
func (t *RateTest) conclude() {
	t.Rate, t.From, t.To, t.Unsafe = 0, 0, 0, ""
	var logs []float64
	for _, s := range t.Seeds {
		if s.Gain >= leastGain {
			logs = append(logs, math.Log(s.suggested()))
		}
	}
	least, most := 0.0, 0.0
	if len(logs) > 0 {
		least, most = math.Exp(slices.Min(logs)), math.Exp(slices.Max(logs))
	}
	switch {
	case len(t.Seeds) < 2:
		t.Unsafe = "there was no time for two ramps"
	case len(logs) < len(t.Seeds):
		t.Unsafe = fmt.Sprintf("on %d of %d seeds no rate lowered the loss by %.0f %%", len(t.Seeds)-len(logs), len(t.Seeds), 100*leastGain)
	case most > mostApart*least:
		t.Unsafe = fmt.Sprintf("the seeds disagree: they suggest %s to %s", number(least), number(most))
	default:
		m, half := interval(logs)
		if from, to := math.Exp(m-half), math.Exp(m+half); to > widest*from {
			t.Unsafe = fmt.Sprintf("%d seeds leave everything from %s to %s", len(logs), number(from), number(to))
		} else {
			t.Rate, t.From, t.To = math.Exp(m), from, to
		}
	}
}

// interval returns the mean of at least two numbers and half the width of its 95 %
// interval.
func interval(x []float64) (m, half float64) {
	m = mean(x)
	sum := 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	n := float64(len(x))
	return m, portmath.Student975(len(x)-1) * math.Sqrt(sum/(n-1)/n)
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// measureRate does the range test with batches of a size that leaves time for it: the one
// configured, or a smaller one.
func (a *adviser) measureRate(ctx context.Context) error {
	until := a.at(rateEnds)
	left := time.Until(until).Seconds()
	size := a.size
	for size > 1 && rampSeeds*rampLeast*a.Pace.At(size) > left {
		size /= 2
	}
	n := min(rampMost, int(left/(rampSeeds*a.Pace.At(size))))
	if n < rampLeast {
		a.note("no range test of the learning rate: %d updates take too long", rampSeeds*rampLeast)
		return nil
	}
	a.tell("learning rates: %d ramps of %d updates with batches of %d", rampSeeds, n, size)
	span := math.Pow(10, rampDecades/2.0)
	t := &RateTest{Batch: size, Updates: n, Low: a.Current.LR / span, High: a.Current.LR * span}
	for seed := range uint64(rampSeeds) {
		r, err := a.ramp(ctx, t, a.base.Seed+seed)
		if err != nil {
			return err
		}
		t.Seeds = append(t.Seeds, r.read(float64(n)/rampDecades))
		if time.Now().After(until) {
			break
		}
	}
	t.conclude()
	a.Rate = t
	return nil
}

// ramp trains while the rate grows.
func (a *adviser) ramp(ctx context.Context, t *RateTest, seed uint64) (*ramp, error) {
	c, err := a.config(t.Batch, t.Low, seed)
	if err != nil {
		return nil, err
	}
	factor := t.High / t.Low
	c.Budget = batch.Updates(t.Updates)
	c.Optimizer.Schedule = optim.Exponential(factor)
	p := launch(ctx, c)
	defer p.close()
	r := &ramp{}
	for i := range t.Updates {
		if !p.advance() {
			break
		}
		if !r.add(t.Low*math.Pow(factor, float64(i)/float64(t.Updates)), p.last.loss) {
			return r, nil
		}
	}
	if p.broke() && len(r.losses) > 0 {
		r.broke = true
		return r, nil
	}
	return r, cmp.Or(ctx.Err(), p.err)
}
