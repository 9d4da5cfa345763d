package nn

import "github.com/descent-ml/descent/graph"

// Estimate says how the running statistics of one batch normalization are
// computed anew. Add its two outputs over the batches of a graph of Estimation;
// Of makes statistics of the sums.
type Estimate struct {
	Mean, Variance string // the variables
	Sums, Count    string // the outputs: f64 (2·channels), and a number
	grouped        bool
}

// Estimation builds the graph that re-estimates the running statistics of a
// model: it normalizes with the statistics of each batch, as in training,
// without dropout, and changes no variable. There is no estimate for a model
// without batch normalization, or with Frozen ones only.
func Estimation(model Layer, fields ...Input) (*graph.Graph, []Estimate, error) {
	var b graph.Builder
	c := NewContext(&b, false, fields...)
	c.Stats = Estimated
	c.Model(model)
	g, err := b.Build()
	return g, c.estimates, err
}

// estimate makes the sums of a batch normalization outputs.
func (c *Context) estimate(mean, variance *graph.Node, s graph.BatchStats, grouped bool) {
	e := Estimate{Mean: mean.Attr.Name, Variance: variance.Attr.Name, Sums: c.Path("sums"), Count: c.Path("count"), grouped: grouped}
	c.Output(e.Sums, s.Sums)
	c.Output(e.Count, s.Count)
	c.estimates = append(c.estimates, e)
}

// Of returns the mean and the unbiased variance of a population from its sums;
// shift is the running mean that the graph ran with. The variance is that of
// all values around their common mean; in groups it is the mean of the groups'
// (Wu, Johnson, arXiv:2105.07576, section 3).
func (e Estimate) Of(sums []float64, count float64, shift []float32) (mean, variance []float32) {
	channels := len(sums) / 2
	mean, variance = make([]float32, channels), make([]float32, channels)
	for j := range channels {
		m := sums[j] / count
		if e.grouped {
			mean[j], variance[j] = float32(m), float32(sums[channels+j]/count)
			continue
		}
		v := max(0, sums[channels+j]/count-float64(m*m))
		mean[j], variance[j] = float32(float64(shift[j])+m), float32(v*count/max(count-1, 1))
	}
	return mean, variance
}
