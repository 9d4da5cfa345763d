package oracle

import "math"

// rows applies a function to each row along the last axis.
func rows(f func(y, x []float64, eps float64)) func(*call) {
	return func(c *call) {
		for r := range len(c.out.Data) / c.out.last() {
			f(c.out.row(r), c.in[0].row(r), c.n.Attr.Float)
		}
	}
}

// rowGrads applies a function of two operands to each row along the last axis.
func rowGrads(f func(dx, x, dy []float64, eps float64)) func(*call) {
	return func(c *call) {
		for r := range len(c.out.Data) / c.out.last() {
			f(c.out.row(r), c.in[0].row(r), c.in[1].row(r), c.n.Attr.Float)
		}
	}
}

// reduce applies a function to the last Attr.Int axes.
func reduce(f func(x []float64) float64) func(*call) {
	return func(c *call) {
		size := 1
		for _, d := range c.in[0].Dims[len(c.in[0].Dims)-c.n.Attr.Int:] {
			size *= d
		}
		for r := range c.out.Data {
			c.out.Data[r] = f(c.in[0].Data[r*size : (r+1)*size])
		}
	}
}

func sumSquares(c *call) { c.out.Data[0] = dot(c.in[0].Data, c.in[0].Data) }

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func dot(x, y []float64) float64 {
	s := 0.0
	for i := range x {
		s += x[i] * y[i]
	}
	return s
}

func mean(x []float64) float64 { return sum(x) / float64(len(x)) }

func maximum(x []float64) float64 {
	m := x[0]
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

// logSumExp is ln Σ eˣ, shifted by the maximum.
func logSumExp(x []float64) float64 {
	m, s := maximum(x), 0.0
	for _, v := range x {
		s += math.Exp(v - m)
	}
	return m + math.Log(s)
}

func softmax(y, x []float64, _ float64) {
	m, s := maximum(x), 0.0
	for i, v := range x {
		y[i] = math.Exp(v - m)
		s += y[i]
	}
	for i := range y {
		y[i] /= s
	}
}

func softmaxGrad(dx, y, dy []float64, _ float64) {
	s := dot(y, dy)
	for i := range dx {
		dx[i] = y[i] * (dy[i] - s)
	}
}

func logSoftmax(y, x []float64, _ float64) {
	l := logSumExp(x)
	for i := range y {
		y[i] = x[i] - l
	}
}

func logSoftmaxGrad(dx, y, dy []float64, _ float64) {
	s := sum(dy)
	for i := range dx {
		dx[i] = dy[i] - math.Exp(y[i])*s
	}
}

// normalizeRow also returns the factor 1/√(var + eps).
func normalizeRow(y, x []float64, eps float64) (factor float64) {
	m := mean(x)
	for i := range y {
		y[i] = x[i] - m
	}
	factor = 1 / math.Sqrt(dot(y, y)/float64(len(y))+eps)
	for i := range y {
		y[i] *= factor
	}
	return factor
}

func normalize(y, x []float64, eps float64) { normalizeRow(y, x, eps) }

func normalizeGrad(dx, x, dy []float64, eps float64) {
	y := make([]float64, len(x))
	factor := normalizeRow(y, x, eps)
	mdy, mdyy := mean(dy), dot(dy, y)/float64(len(y))
	for i := range dx {
		dx[i] = (dy[i] - mdy - y[i]*mdyy) * factor
	}
}

func rmsFactor(x []float64, eps float64) float64 {
	return 1 / math.Sqrt(dot(x, x)/float64(len(x))+eps)
}

func rmsNormalize(y, x []float64, eps float64) {
	factor := rmsFactor(x, eps)
	for i := range y {
		y[i] = x[i] * factor
	}
}

func rmsNormalizeGrad(dx, x, dy []float64, eps float64) {
	factor := rmsFactor(x, eps)
	mdyy := dot(dy, x) * factor / float64(len(x))
	for i := range dx {
		dx[i] = (dy[i] - x[i]*factor*mdyy) * factor
	}
}

// target is q: the label's one-hot row, smoothed.
func target(classes, label int, smoothing float64) []float64 {
	q := make([]float64, classes)
	for j := range q {
		q[j] = smoothing / float64(classes)
	}
	q[label] += 1 - smoothing
	return q
}

func crossEntropy(c *call) {
	for r, label := range c.in[1].Data {
		x := c.in[0].row(r)
		c.out.Data[r] = logSumExp(x)
		for j, q := range target(len(x), int(label), c.n.Attr.Float) {
			if q > 0 { // a class that is ruled out, x = -Inf, has no part in the others' loss
				c.out.Data[r] -= q * x[j]
			}
		}
	}
}

func crossEntropyGrad(c *call) {
	for r, label := range c.in[1].Data {
		dx, q := c.out.row(r), target(c.out.last(), int(label), c.n.Attr.Float)
		softmax(dx, c.in[0].row(r), 0)
		for j := range dx {
			dx[j] = (dx[j] - q[j]) * c.in[2].Data[r]
		}
	}
}
