package oracle

// linear: y[.., j] = b[j] + Σᵢ x[.., i]·W[i, j].
func linear(c *call) {
	x, w := c.in[0], c.in[1]
	for r := range len(x.Data) / x.last() {
		y := c.out.row(r)
		if len(c.in) == 3 {
			copy(y, c.in[2].Data)
		}
		for i, xi := range x.row(r) {
			for j, wij := range w.row(i) {
				y[j] += xi * wij
			}
		}
	}
}

// linearT: y[.., i] = Σⱼ x[.., j]·W[i, j].
func linearT(c *call) {
	x, w := c.in[0], c.in[1]
	for r := range len(x.Data) / x.last() {
		y := c.out.row(r)
		for i := range y {
			for j, xj := range x.row(r) {
				y[i] += xj * w.row(i)[j]
			}
		}
	}
}

// dotExamples: z[i, j] += Σₑ x[e, i]·y[e, j].
func dotExamples(c *call) {
	x, y := c.in[0], c.in[1]
	for e := range len(x.Data) / x.last() {
		for i, xi := range x.row(e) {
			for j, yj := range y.row(e) {
				c.out.row(i)[j] += xi * yj
			}
		}
	}
}

// sumExamples: what is kept is the end of each row, so that element i of x
// goes to element i mod size of the result.
func sumExamples(c *call) {
	for i, x := range c.in[0].Data {
		c.out.Data[i%len(c.out.Data)] += x
	}
}

// scatterExamples: row index[e] of the result += y[e].
func scatterExamples(c *call) {
	for e, index := range c.in[0].Data {
		row := c.out.row(int(index))
		for j, y := range c.in[1].row(e) {
			row[j] += y
		}
	}
}

// gather: y[e] = row index[e] of the table.
func gather(c *call) {
	for e, index := range c.in[1].Data {
		copy(c.out.row(e), c.in[0].row(int(index)))
	}
}
