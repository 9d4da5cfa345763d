package oracle

// dots: z[j] = Σᵢ x[i]·y[j, i].
func dots(c *call) {
	y, n := c.in[1], c.out.last()
	for at := range c.out.Data {
		c.out.Data[at] = dot(c.in[0].row(at/n), y.row(at))
	}
}

// mix: x[i] = Σⱼ z[j]·y[j, i].
func mix(c *call) {
	z, y, n := c.in[0], c.in[1], c.in[0].last()
	for at, v := range z.Data {
		axpy(c.out.row(at/n), v, y.row(at))
	}
}

// outer: y[j, i] = z[j]·x[i].
func outer(c *call) {
	n := c.in[0].last()
	for at, v := range c.in[0].Data {
		axpy(c.out.row(at), v, c.in[1].row(at/n))
	}
}

// eachPair calls f for the pairs of rows of x, with the place of each.
func eachPair(x Array, f func(k, i, j int)) {
	n, k := x.Dims[len(x.Dims)-2], 0
	for first := 0; first < len(x.Data)/x.last(); first += n {
		for i := range n {
			for j := range i {
				f(k, first+i, first+j)
				k++
			}
		}
	}
}

// pairDots: z[k] = Σ x[i]·x[j] for pair k.
func pairDots(c *call) {
	eachPair(c.in[0], func(k, i, j int) { c.out.Data[k] = dot(c.in[0].row(i), c.in[0].row(j)) })
}

// pairDotsGrad: each vector gets dz times the other of the pair.
func pairDotsGrad(c *call) {
	x, dz := c.in[0], c.in[1].Data
	eachPair(x, func(k, i, j int) {
		axpy(c.out.row(i), dz[k], x.row(j))
		axpy(c.out.row(j), dz[k], x.row(i))
	})
}
