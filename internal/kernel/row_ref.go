package kernel

// lanes are the partial sums of a row.
type lanes [16]float32

func (l lanes) sum() float32 {
	for w := 8; w > 0; w /= 2 {
		for i := range w {
			l[i] += l[i+w]
		}
	}
	return l[0]
}

func rowSum(x []float32) float32 {
	var l lanes
	for i, v := range x {
		l[i%16] += v
	}
	return l.sum()
}

func rowSum2(x, _ []float32) float32 { return rowSum(x) }

func rowDot(x, y []float32) float32 {
	var l lanes
	for i, v := range x {
		l[i%16] = fma32(v, y[i], l[i%16])
	}
	return l.sum()
}

// rowMax2 keeps the first NaN of a lane; the tree is that of a sum.
func rowMax2(x, _ []float32) float32 { return laneMax(x, max32) }

// rowTop is the maximum of a row without NaN, and anything for one with NaN.
func rowTop(x []float32) float32 {
	return laneMax(x, func(a, b float32) float32 { return pick(a > b, a, b) })
}

func laneMax(x []float32, larger func(a, b float32) float32) float32 {
	var l lanes
	for i := range l {
		l[i] = -inf32
	}
	for i, v := range x {
		l[i%16] = larger(l[i%16], v)
	}
	for w := 8; w > 0; w /= 2 {
		for i := range w {
			l[i] = larger(l[i], l[i+w])
		}
	}
	return l[0]
}

// expRow sets y = e^(x-m) and returns m, the maximum, and the sum of y.
func expRow(y, x []float32) (m, sum float32) {
	m = rowTop(x)
	var l lanes
	for i, v := range x {
		y[i] = exp32(v - m)
		l[i%16] += y[i]
	}
	return m, l.sum()
}

func softmaxRow(y, x []float32) {
	_, sum := expRow(y, x)
	r := 1 / sum
	for i := range y {
		y[i] *= r
	}
}

func logSoftmaxRow(y, x []float32) {
	m := rowTop(x)
	var l lanes
	for i, v := range x {
		l[i%16] += exp32(v - m)
	}
	ln := log32(l.sum())
	for i, v := range x {
		y[i] = (v - m) - ln
	}
}

func softmaxGradRow(dx, y, dy []float32) {
	d := rowDot(y, dy)
	for i, v := range y {
		dx[i] = v * (dy[i] - d)
	}
}

func logSoftmaxGradRow(dx, y, dy []float32) {
	d := rowSum(dy)
	for i, v := range y {
		dx[i] = fma32(-exp32(v), d, dy[i])
	}
}
