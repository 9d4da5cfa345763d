package kernel

// Convolutions as matrix products, one for each run of each row of a patch, for the
// plain Go tier. Chains go on from product to product.

// products runs one side: C of A with B, bias nil or for each channel of C.
func (d *side) products(c, a, b, bias []float32, examples int, s *Scratch) {
	if d.depthwise {
		d.channelsGo(c, a, b, bias, examples)
		return
	}
	p := product{n: d.n, rsa: d.axes[0].a, csa: 1, rsb: d.ldb, csb: 1, ldc: d.axes[0].c}
	for g := range d.ldb / d.n {
		for e := range examples {
			for i := range d.patches {
				q := &d.patches[i]
				p.m = q.cols
				for h := range q.rows {
					p.c = c[q.c+e*d.axes[2].c+h*d.axes[1].c+g*d.n:]
					p.begin(bias, g*d.n)
					for _, r := range q.runs {
						p.k, p.a, p.b = r.k, a[q.a+r.a+e*d.axes[2].a+h*d.axes[1].a+g*d.k:], b[r.b*d.ldb+g*d.n:]
						p.run(s)
					}
				}
			}
		}
	}
}

// blanks writes the results that see no tap.
func (d *side) blanks(c, bias []float32, examples int) {
	p := product{n: d.ldb, ldc: d.axes[0].c}
	for i := range d.patches {
		if q := &d.patches[i]; len(q.runs) == 0 {
			p.m = q.cols
			for eh := range examples * q.rows {
				p.c = c[q.c+eh/q.rows*d.axes[2].c+eh%q.rows*d.axes[1].c:]
				p.begin(bias, 0)
			}
		}
	}
}

// channelsGo runs a depthwise side channel by channel.
func (d *side) channelsGo(c, a, b, bias []float32, examples int) {
	for e := range examples {
		for i := range d.patches {
			q := &d.patches[i]
			for hw := range q.rows * q.cols {
				row, col := hw/q.cols, hw%q.cols
				at := q.a + e*d.axes[2].a + row*d.axes[1].a + col*d.axes[0].a
				out := c[q.c+e*d.axes[2].c+row*d.axes[1].c+col*d.axes[0].c:][:d.ldb]
				for j := range out {
					acc := float32(0)
					if bias != nil {
						acc = bias[j]
					}
					for _, r := range q.runs {
						acc = fma32(a[at+r.a+j], b[r.b*d.ldb+j], acc)
					}
					out[j] = acc
				}
			}
		}
	}
}

// begin starts the chains at 0 or bias and makes the next run go on with them.
func (p *product) begin(bias []float32, first int) {
	p.init = Zero
	if bias != nil {
		p.init, p.bias = Bias, bias[first:]
	}
	p.startChains()
	p.init = Accumulate
}

// weightProducts computes rows [r0, r1) of dw.
func (c *Conv) weightProducts(dw, x, dy []float32, examples, r0, r1 int, init Init, s *Scratch) {
	if init == Zero {
		clear(dw[r0*c.Out : r1*c.Out])
	}
	p := product{n: c.out, rsa: 1, csa: c.Stride[1] * c.In, rsb: c.Out, csb: 1, ldc: c.Out, init: Accumulate}
	for g := range c.Groups {
		for _, sum := range c.sums {
			first, end := max(r0, sum.first), min(r1, sum.first+sum.count)
			if p.m = end - first; p.m <= 0 {
				continue
			}
			p.c = dw[first*c.Out+g*c.out:]
			for e := range examples {
				for _, r := range sum.runs {
					p.k, p.a, p.b = r.k, x[e*c.image+r.a+first-sum.first+g*c.in:], dy[e*c.made+r.b*c.Out+g*c.out:]
					p.run(s)
				}
			}
		}
	}
}
