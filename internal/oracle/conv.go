package oracle

// taps calls f for each pixel under a tap of a convolution: pixel i of the image and
// element o of the result, both of an example and without their channels, and the
// number of the tap, in the order of the chains of conv.
func taps(c *call, image, result Array, f func(i, o, tap int)) {
	a := c.n.Attr.Conv
	h, w, oh, ow := image.Dims[1], image.Dims[2], result.Dims[1], result.Dims[2]
	each([]int{image.Dims[0], oh, ow, a.Kernel[0], a.Kernel[1]}, func(_ int, at []int) {
		y := at[1]*a.Stride[0] + at[3]*a.Dilation[0] - a.Pad[0]
		x := at[2]*a.Stride[1] + at[4]*a.Dilation[1] - a.Pad[2]
		if y >= 0 && y < h && x >= 0 && x < w {
			f((at[0]*h+y)*w+x, (at[0]*oh+at[1])*ow+at[2], at[3]*a.Kernel[1]+at[4])
		}
	})
}

// channels calls f for each pair of channels of a group that a tap joins: ci of the
// image, co of the result, and ci within its group.
func (c *call) channels(in, out int, f func(ci, co, within int)) {
	groups := c.n.Attr.Conv.Groups
	in, out = in/groups, out/groups
	for g := range groups {
		for ci := range in {
			for co := range out {
				f(g*in+ci, g*out+co, ci)
			}
		}
	}
}

// conv: y[oh, ow, co] = bias[co] + Σ x[ih, iw, ci]·w[kh, kw, ci, co].
func conv(c *call) {
	x, w, y := c.in[0], c.in[1], c.out
	if len(c.in) == 3 {
		for o := range len(y.Data) / y.last() {
			copy(y.row(o), c.in[2].Data)
		}
	}
	taps(c, x, y, func(i, o, tap int) {
		c.channels(x.last(), y.last(), func(ci, co, within int) {
			y.row(o)[co] += x.row(i)[ci] * w.row(tap*w.Dims[2] + within)[co]
		})
	})
}

// convInput: x[ih, iw, ci] = Σ y[oh, ow, co]·wt[kh, kw, co, ci].
func convInput(c *call) {
	y, wt, x := c.in[0], c.in[1], c.out
	taps(c, x, y, func(i, o, tap int) {
		c.channels(y.last(), x.last(), func(co, ci, within int) {
			x.row(i)[ci] += y.row(o)[co] * wt.row(tap*wt.Dims[2] + within)[ci]
		})
	})
}

// convWeights: w[kh, kw, ci, co] += Σ x[ih, iw, ci]·dy[oh, ow, co].
func convWeights(c *call) {
	x, dy, w := c.in[0], c.in[1], c.out
	taps(c, x, dy, func(i, o, tap int) {
		c.channels(x.last(), dy.last(), func(ci, co, within int) {
			w.row(tap*w.Dims[2] + within)[co] += x.row(i)[ci] * dy.row(o)[co]
		})
	})
}
