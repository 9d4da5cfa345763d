package oracle

import "math"

// momentSums: [Σ d, Σ d²] of each channel, d = x - shift.
func momentSums(c *call) {
	x, shift := c.in[0], c.in[1].Data
	for r := range len(x.Data) / x.last() {
		for j, v := range x.row(r) {
			d := v - shift[j]
			c.out.Data[j] += d
			c.out.Data[len(shift)+j] += d * d
		}
	}
}

// gradSums: [Σ dy, Σ dy·(x - mean)] of each channel.
func gradSums(c *call) {
	x, dy, mean := c.in[0], c.in[1], c.in[2].Data
	for r := range len(x.Data) / x.last() {
		for j, g := range dy.row(r) {
			c.out.Data[j] += g
			c.out.Data[len(mean)+j] += g * (x.row(r)[j] - mean[j])
		}
	}
}

// channel returns the mean without the shift, and the biased variance.
func (c *call) channel(j int) (mean, variance float64) {
	s, n := c.in[0].Data, c.in[1].Data[0]
	mean = s[j] / n
	return mean, max(0, s[len(s)/2+j]/n-mean*mean)
}

func moment(c *call) {
	n, shift, gamma := c.in[1].Data[0], c.in[2].Data, c.in[3].Data
	for j := range c.out.Data {
		m, v := c.channel(j)
		switch c.n.Attr.Name {
		case "mean":
			c.out.Data[j] = shift[j] + m
		case "scale":
			c.out.Data[j] = gamma[j] / math.Sqrt(v+c.n.Attr.Float)
		case "variance":
			if n > 1 {
				c.out.Data[j] = v * n / (n - 1)
			}
		case "second":
			c.out.Data[j] = c.in[0].Data[len(gamma)+j] / n
		}
	}
}

func momentGrad(c *call) {
	n, g, gamma := c.in[1].Data[0], c.in[2].Data, c.in[3].Data
	for j := range c.out.Data {
		_, v := c.channel(j)
		r := 1 / math.Sqrt(v+c.n.Attr.Float)
		switch c.n.Attr.Name {
		case "center":
			c.out.Data[j] = -gamma[j] * r * g[j] / n
		case "slope":
			c.out.Data[j] = -gamma[j] * r * r * r * g[len(gamma)+j] / n
		case "gamma":
			c.out.Data[j] = r * g[len(gamma)+j]
		case "beta":
			c.out.Data[j] = g[j]
		}
	}
}

// eachColumn calls f with the rows of each group and each channel.
func (c *call) eachColumn(f func(rows []int, j int)) {
	x := c.in[0]
	all := len(x.Data) / x.last()
	per := all / x.Dims[0] * c.n.Attr.Int // rows of a group
	for from := 0; from < all; from += per {
		var rows []int
		for r := from; r < min(from+per, all); r++ {
			rows = append(rows, r)
		}
		for j := range x.last() {
			f(rows, j)
		}
	}
}

// column returns elements j of the rows of x.
func column(x Array, rows []int, j int) []float64 {
	var v []float64
	for _, r := range rows {
		v = append(v, x.row(r)[j])
	}
	return v
}

func groupNormalize(c *call) {
	c.eachColumn(func(rows []int, j int) {
		y := make([]float64, len(rows))
		normalize(y, column(c.in[0], rows, j), c.n.Attr.Float)
		for i, r := range rows {
			c.out.row(r)[j] = y[i]
		}
	})
}

func groupNormalizeGrad(c *call) {
	c.eachColumn(func(rows []int, j int) {
		dx := make([]float64, len(rows))
		normalizeGrad(dx, column(c.in[0], rows, j), column(c.in[1], rows, j), c.n.Attr.Float)
		for i, r := range rows {
			c.out.row(r)[j] = dx[i]
		}
	})
}

func groupSums(c *call) {
	channels := c.in[0].last()
	c.eachColumn(func(rows []int, j int) {
		x, n := column(c.in[0], rows, j), float64(len(rows))
		m := mean(x)
		c.out.Data[j] += sum(x)
		if len(rows) > 1 {
			v := 0.0
			for _, e := range x {
				v += (e - m) * (e - m)
			}
			c.out.Data[channels+j] += n * v / (n - 1)
		}
	})
}
