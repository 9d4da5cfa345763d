package kernel

// Convolutions as sums of matrix products: one for each tap and row of the output,
// or of each example for dw, whose operands are the images in place. Chains go on
// from product to product, so the bits are those of the definition.

// forward runs tap by tap over the rows of y.
func (c *Conv) forward(y, x, w, bias []float32, examples int, s *Scratch) {
	start := product{m: examples * c.OutH * c.OutW, n: c.Out, c: y, ldc: c.Out, init: Zero}
	if bias != nil {
		start.init, start.bias = Bias, bias
	}
	start.startChains()
	c.eachRow(examples, 0, c.taps(), func(t tapRow) {
		p := product{m: t.count, n: c.out, k: c.in, rsa: c.Stride[1] * c.In, csa: 1, rsb: c.Out, csb: 1, ldc: c.Out, init: Accumulate}
		p.a, p.b, p.c = x[t.x+t.group*c.in:], w[t.tap*c.in*c.Out+t.group*c.out:], y[t.y+t.group*c.out:]
		p.run(s)
	})
}

// input runs tap by tap over the rows of dy.
func (c *Conv) input(dx, dy, wt []float32, examples int, s *Scratch) {
	clear(dx[:examples*c.image])
	c.eachRow(examples, 0, c.taps(), func(t tapRow) {
		p := product{m: t.count, n: c.in, k: c.out, rsa: c.Out, csa: 1, rsb: c.In, csb: 1, ldc: c.Stride[1] * c.In, init: Accumulate}
		p.a, p.b, p.c = dy[t.y+t.group*c.out:], wt[t.tap*c.out*c.In+t.group*c.in:], dx[t.x+t.group*c.in:]
		p.run(s)
	})
}

// weights runs over the rows of dy for each tap.
func (c *Conv) weights(dw, x, dy []float32, examples, r0, r1 int, init Init, s *Scratch) {
	if init == Zero {
		clear(dw[r0*c.Out : r1*c.Out])
	}
	c.eachRow(examples, r0/c.in, (r1-1)/c.in+1, func(t tapRow) {
		first, end := max(r0, t.tap*c.in), min(r1, (t.tap+1)*c.in) // rows of dw
		p := product{m: end - first, n: c.out, k: t.count, rsa: 1, csa: c.Stride[1] * c.In, rsb: c.Out, csb: 1, ldc: c.Out, init: Accumulate}
		p.a, p.b, p.c = x[t.x+t.group*c.in+first-t.tap*c.in:], dy[t.y+t.group*c.out:], dw[first*c.Out+t.group*c.out:]
		p.run(s)
	})
}

// tapRow is one tap of the consecutive outputs of one row for which it is inside:
// x and y are the offsets of the first one.
type tapRow struct {
	tap, group, count int
	x, y              int
}

// eachRow calls f for taps [first, end) in order, for each over examples, rows of
// the output and groups.
func (c *Conv) eachRow(examples, first, end int, f func(tapRow)) {
	for tap := first; tap < end; tap++ {
		kh, kw := tap/c.Kernel[1], tap%c.Kernel[1]
		cols := c.cols[kw]
		if cols.lo == cols.hi {
			continue
		}
		iw := cols.lo*c.Stride[1] + kw*c.Dilation[1] - c.Left
		for e := range examples {
			for oh := c.rows[kh].lo; oh < c.rows[kh].hi; oh++ {
				ih := oh*c.Stride[0] + kh*c.Dilation[0] - c.Top
				for g := range c.Groups {
					f(tapRow{tap, g, cols.hi - cols.lo, e*c.image + (ih*c.W+iw)*c.In, e*c.made + (oh*c.OutW+cols.lo)*c.Out})
				}
			}
		}
	}
}
