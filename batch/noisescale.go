package batch

import (
	"errors"
	"fmt"
	"math"
)

// NoiseScale follows the gradient noise scale φ: B = φ, where an update gains
// half of what the true gradient would (McCandlish, Kaplan and Amodei 2018,
// arXiv 1812.06162, eq. 2.6), or B = √(Rφ) with R the examples that an update
// is worth beyond its own (appendix D): the fixed cost of an update in units of
// an example's, a/b. It grows and shrinks, at most twofold at once, where φ's
// 95 % interval excludes the present size or is narrow.
type NoiseScale struct {
	Bounds Bounds
	R      float64 // examples; 0: B = φ
}

// Validate lists the faults of the settings.
func (n NoiseScale) Validate() error { return errors.Join(n.Bounds.Validate(), positive("r", n.R)) }

func (n NoiseScale) Max(examples int) int { return n.Bounds.largest(examples) }
func (n NoiseScale) NeedsNoise() bool     { return true }
func (n NoiseScale) String() string       { return n.Bounds.text("noise_scale", "r", n.R) }

// Next implements Policy.
func (n NoiseScale) Next(s State, p Progress) (State, string) {
	b := n.Bounds.withDefaults(p.Data)
	if s.Size == 0 {
		return s.to(b.Start, p), ""
	}
	if p.Noise.Samples() < s.Samples+fresh {
		return s, ""
	}
	size, phi := b.follow(s.Size, p.Noise, func(phi float64) float64 {
		if n.R > 0 {
			return math.Sqrt(n.R * phi)
		}
		return phi
	})
	if size == s.Size {
		return s, ""
	}
	return s.to(size, p), fmt.Sprintf("the noise scale is %s", phi)
}
