package kernel

// LayerNorm sets, for each row, mean = Σx/cols, rstd = 1/√(Σ(x-mean)²/cols + eps)
// and y = (x-mean)·rstd·gamma + beta. gamma and beta (cols) may be nil: 1 and 0.
// mean and rstd (rows) are kept for the gradient. (Ba, Kiros, Hinton: Layer
// normalization, 2016.)
func LayerNorm(y, mean, rstd, x, gamma, beta []float32, rows, cols int, eps float32) {
	if !rowsReady(rows, cols, "y", y, "x", x) {
		return
	}
	need("mean", len(mean), rows)
	need("rstd", len(rstd), rows)
	k := kLayerNorm + normVariant(gamma, beta, cols)
	if vecTable == nil {
		for i := range rows {
			r := x[i*cols:][:cols]
			mean[i], rstd[i] = moments(r, eps)
			scaleRow(y[i*cols:][:cols], r, mean[i], rstd[i], gamma, beta)
		}
		return
	}
	a := vecArgs{cols: cols}
	a.scal[0] = eps
	a.set(0, x, cols)
	a.set(1, y, cols)
	a.set(2, gamma, 0)
	a.set(3, beta, 0)
	a.set(4, rstd, 1)
	a.set(5, mean, 1)
	a.callRows(k, rows)
}

// RMSNorm sets rstd = 1/√(Σx²/cols + eps) and y = x·rstd·gamma; gamma (cols) may
// be nil. (Zhang, Sennrich: Root mean square layer normalization, 2019.)
func RMSNorm(y, rstd, x, gamma []float32, rows, cols int, eps float32) {
	if !rowsReady(rows, cols, "y", y, "x", x) {
		return
	}
	need("rstd", len(rstd), rows)
	k := kRMSNorm + normVariant(gamma, nil, cols)
	if vecTable == nil {
		for i := range rows {
			r := x[i*cols:][:cols]
			rstd[i] = recipStd(rowDot(r, r), cols, eps)
			scaleRow(y[i*cols:][:cols], r, 0, rstd[i], gamma, nil)
		}
		return
	}
	a := vecArgs{cols: cols}
	a.scal[0] = eps
	a.set(0, x, cols)
	a.set(1, y, cols)
	a.set(2, gamma, 0)
	a.set(4, rstd, 1)
	a.callRows(k, rows)
}

// LayerNormGrad sets, with g = dy·gamma and x̂ = (x-mean)·rstd,
// dx = rstd·(g - (Σg + x̂·Σ g·x̂)/cols). The gradients of gamma and beta are the
// sums over examples of dy·x̂ and dy: element-wise programs and SumRows.
func LayerNormGrad(dx, x, mean, rstd, gamma, dy []float32, rows, cols int) {
	need("mean", len(mean), max(rows, 0))
	normGrad(kLayerNormGrad, dx, x, mean, rstd, gamma, dy, rows, cols)
}

// RMSNormGrad sets, with g = dy·gamma and x̂ = x·rstd,
// dx = rstd·(g - x̂·Σ g·x̂ / cols).
func RMSNormGrad(dx, x, rstd, gamma, dy []float32, rows, cols int) {
	normGrad(kRMSNormGrad, dx, x, nil, rstd, gamma, dy, rows, cols)
}

func normGrad(kernel int, dx, x, mean, rstd, gamma, dy []float32, rows, cols int) {
	if !rowsReady(rows, cols, "dx", dx, "x", x) {
		return
	}
	need("dy", len(dy), rows*cols)
	need("rstd", len(rstd), rows)
	kernel += normVariant(gamma, nil, cols)
	if vecTable == nil {
		for i := range rows {
			lo, hi := i*cols, (i+1)*cols
			var m *float32
			if mean != nil {
				m = &mean[i]
			}
			normGradRow(dx[lo:hi], x[lo:hi], m, rstd[i], gamma, dy[lo:hi])
		}
		return
	}
	a := vecArgs{cols: cols}
	a.set(0, x, cols)
	a.set(1, dy, cols)
	a.set(2, gamma, 0)
	a.set(3, dx, cols)
	a.set(4, rstd, 1)
	a.set(5, mean, 1)
	a.callRows(kernel, rows)
}

// normVariant is 1 for gamma plus 2 for beta: the order of the kernels.
func normVariant(gamma, beta []float32, cols int) int {
	v := 0
	if gamma != nil {
		need("gamma", len(gamma), cols)
		v++
	}
	if beta != nil {
		need("beta", len(beta), cols)
		v += 2
	}
	return v
}

func recipStd(sum float32, cols int, eps float32) float32 {
	return 1 / sqrt32(sum/float32(cols)+eps)
}

func moments(x []float32, eps float32) (mean, rstd float32) {
	mean = rowSum(x) / float32(len(x))
	var l lanes
	for i, v := range x {
		d := v - mean
		l[i%16] = fma32(d, d, l[i%16])
	}
	return mean, recipStd(l.sum(), len(x), eps)
}

// scaleRow sets y = (x-mean)·rstd·gamma + beta. x-0 is x.
func scaleRow(y, x []float32, mean, rstd float32, gamma, beta []float32) {
	for i, v := range x {
		v = float32((v - mean) * rstd)
		switch {
		case gamma != nil && beta != nil:
			v = fma32(v, gamma[i], beta[i])
		case gamma != nil:
			v *= gamma[i]
		case beta != nil:
			v += beta[i]
		}
		y[i] = v
	}
}

// normGradRow is the gradient of one row; mean is nil for RMSNorm.
func normGradRow(dx, x []float32, mean *float32, rstd float32, gamma, dy []float32) {
	at := func(i int) (g, h float32) {
		g, h = dy[i], x[i]
		if gamma != nil {
			g = float32(g * gamma[i])
		}
		if mean != nil {
			h -= *mean
		}
		return g, float32(h * rstd)
	}
	var sum, dot lanes
	for i := range x {
		g, h := at(i)
		sum[i%16] += g
		dot[i%16] = fma32(g, h, dot[i%16])
	}
	a, b := float32(0), dot.sum()/float32(len(x))
	if mean != nil {
		a = sum.sum() / float32(len(x))
	}
	for i := range x {
		g, h := at(i)
		dx[i] = rstd * fma32(-h, b, g-a)
	}
}
