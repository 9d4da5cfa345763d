package adviser

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

// Noise is the noise scale φ = tr Σ/‖G‖² along a short training, in examples
// (McCandlish et al. 2018). It grows as the loss falls: what it says of the
// best batch size holds for the part of a training that was measured.
type Noise struct {
	Setting
	Points []NoisePoint `json:"points"`
	// Size is √(a/b·φ) at the last point, the batch size at which 1 + φ/B updates of a + b·B
	// seconds each take least, and [From, To] that of the ends of φ's interval; 0 if
	// they are not known.
	Size float64 `json:"size"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// NoisePoint is φ and its 95 % interval after so many examples; 0 where it is above
// what the measurements resolve.
type NoisePoint struct {
	Examples float64 `json:"examples"`
	Scale    float64 `json:"scale"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

const (
	noiseEvery  = 2   // updates between measurements
	noiseGrowth = 2.0 // of the examples between points
	noiseFirst  = 30  // updates before the first point
	noiseLeast  = 16  // examples of a batch: halves of fewer say little
)

// measureNoise trains at the rate that the range test suggests and watches the noise.
func (a *adviser) measureNoise(ctx context.Context) error {
	size := min(max(a.size, noiseLeast), a.Memory.Batch)
	x := Setting{size, a.Current.LR}
	if a.Rate != nil && a.Rate.Rate > 0 {
		x.LR = rounded(a.Rate.Rate*math.Sqrt(float64(size)/float64(a.Rate.Batch)), 3)
	}
	until := a.at(noiseEnds)
	if a.Pace.At(size)*noiseFirst > time.Until(until).Seconds() {
		a.note("no noise scale: %d updates of %d examples take too long", noiseFirst, size)
		return nil
	}
	a.tell("the noise of gradients")
	c, err := a.config(x.Batch, x.LR, a.base.Seed)
	if err != nil {
		return err
	}
	c.Noise = train.Noise{Mode: train.NoiseOn, Every: batch.Updates(noiseEvery)}
	p := launch(ctx, c)
	defer p.close()
	n := &Noise{Setting: x}
	for next := float64(noiseFirst * size); time.Now().Before(until) && p.advance(); {
		if p.last.examples >= next {
			n.add(p)
			next *= noiseGrowth
		}
	}
	if p.err != nil && !p.broke() || ctx.Err() != nil {
		return cmp.Or(ctx.Err(), p.err)
	}
	if p.rest != nil && !p.broke() {
		n.add(p)
	}
	n.predict(&a.Pace)
	if len(n.Points) > 0 {
		a.Noise = n
	}
	return nil
}

// add notes what the meter says now.
func (n *Noise) add(p *pilot) {
	m := p.rest.Noise()
	if m.Samples() < 3 {
		return
	}
	x := NoisePoint{Examples: p.last.examples}
	x.Scale, _ = m.Scale()
	x.Low, x.High = m.Interval()
	for _, v := range []*float64{&x.Scale, &x.Low, &x.High} {
		if math.IsInf(*v, 0) || math.IsNaN(*v) {
			*v = 0
		}
	}
	n.Points = append(n.Points, x)
}

// last is the last point with a noise scale.
func (n *Noise) last() (NoisePoint, bool) {
	if n == nil {
		return NoisePoint{}, false
	}
	for i := len(n.Points) - 1; i >= 0; i-- {
		if n.Points[i].Scale > 0 {
			return n.Points[i], true
		}
	}
	return NoisePoint{}, false
}

// predict finds the size that takes least.
func (n *Noise) predict(p *Pace) {
	x, ok := n.last()
	if h := p.Half(); ok && !math.IsInf(h, 0) {
		n.Size, n.From, n.To = math.Sqrt(h*x.Scale), math.Sqrt(h*x.Low), math.Sqrt(h*x.High)
	}
}

// relative is the time that the model gives for a size at a noise scale: 1 + φ/B updates,
// of what an update takes. It has no unit.
func (p *Pace) relative(size int, phi float64) float64 {
	return (1 + phi/float64(size)) * p.At(size)
}

// plausible reports whether a size may be the best of some at a noise scale between a half of the
// least and 8 times the most that was measured: at one of them it takes at most
// 1.5 times as long as the best. So far up, because the scale grows in training, and
// with momentum rates go on growing with the batch well beyond it (Zhang et
// al., NeurIPS 2019). Without a noise scale all are.
func (n *Noise) plausible(size int, of []int, p *Pace) bool {
	x, ok := n.last()
	if !ok {
		return true
	}
	high := max(x.High, x.Scale) * 8
	for phi := max(1, x.Low/2); ; phi *= 2 {
		best := math.Inf(1)
		for _, other := range of {
			best = min(best, p.relative(other, phi))
		}
		if p.relative(size, phi) <= 1.5*best {
			return true
		}
		if phi > high {
			return false
		}
	}
}
