package dataset

import (
	"math"
	"slices"
)

// clipAt is where robustly scaled numbers are clipped.
const clipAt = 3

// fitRobust scales by the median and the distance of the quartiles; where that
// is 0, by half the range (Holzmüller, Grinsztajn, Steinwart: RealMLP, NeurIPS
// 2024, section 3). sorted is the training values.
func (c *ColumnSchema) fitRobust(sorted []float64) {
	c.Clip = clipAt
	if len(sorted) == 0 {
		c.Mean, c.Std = 0, 0
		return
	}
	c.Mean = quantile(sorted, 0.5)
	c.Fill = c.Mean
	if c.Std = quantile(sorted, 0.75) - quantile(sorted, 0.25); c.Std == 0 {
		c.Std = (sorted[len(sorted)-1] - sorted[0]) / 2
	}
}

// smoothClip is z/√(1+(z/c)²).
func smoothClip(z, c float64) float64 {
	r := z / c
	return z / math.Sqrt(1+float64(r*r))
}

// quantile interpolates in a sorted list.
func quantile(sorted []float64, q float64) float64 {
	at := float64(q * float64(len(sorted)-1))
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + float64((at-float64(i))*(sorted[i+1]-sorted[i]))
}

// binEdges returns the distinct edges of bins of equal counts of the encoded
// values, or nil if there are fewer than two bins. Gorishniy, Rubachev, Babenko:
// On embeddings for numerical features, NeurIPS 2022, section 3.2.1.
func binEdges(sorted []float64, bins int, encode func(float64) float32) []float32 {
	if len(sorted) == 0 {
		return nil
	}
	var edges []float32
	for i := range bins + 1 {
		e := encode(sorted[i*(len(sorted)-1)/bins])
		if n := len(edges); n == 0 || e > edges[n-1] {
			edges = append(edges, e)
		}
	}
	if len(edges) < 3 {
		return nil
	}
	return slices.Clip(edges)
}
