package kernel

// The definitions of the three convolutions, a chain at a time.

func (c *Conv) forwardRef(y, x, w, bias []float32, examples int) {
	for i := range examples * c.made {
		co := i % c.Out
		acc := float32(0)
		if bias != nil {
			acc = bias[co]
		}
		pixel := i / c.Out % (c.OutH * c.OutW)
		oh, ow := pixel/c.OutW, pixel%c.OutW
		for kh := range c.Kernel[0] {
			for kw := range c.Kernel[1] {
				ih := oh*c.Stride[0] + kh*c.Dilation[0] - c.Top
				iw := ow*c.Stride[1] + kw*c.Dilation[1] - c.Left
				if ih < 0 || ih >= c.H || iw < 0 || iw >= c.W {
					continue
				}
				at := i/c.made*c.image + (ih*c.W+iw)*c.In + co/c.out*c.in
				for ci := range c.in {
					acc = fma32(x[at+ci], w[((kh*c.Kernel[1]+kw)*c.in+ci)*c.Out+co], acc)
				}
			}
		}
		y[i] = acc
	}
}

func (c *Conv) inputRef(dx, dy, wt []float32, examples int) {
	for i := range examples * c.image {
		ci, acc := i%c.In, float32(0)
		pixel := i / c.In % (c.H * c.W)
		ih, iw := pixel/c.W, pixel%c.W
		for kh := range c.Kernel[0] {
			for kw := range c.Kernel[1] {
				h, w := ih+c.Top-kh*c.Dilation[0], iw+c.Left-kw*c.Dilation[1]
				oh, ow := h/c.Stride[0], w/c.Stride[1]
				if h < 0 || w < 0 || h%c.Stride[0] != 0 || w%c.Stride[1] != 0 || oh >= c.OutH || ow >= c.OutW {
					continue
				}
				at := i/c.image*c.made + (oh*c.OutW+ow)*c.Out + ci/c.in*c.out
				for co := range c.out {
					acc = fma32(dy[at+co], wt[((kh*c.Kernel[1]+kw)*c.out+co)*c.In+ci], acc)
				}
			}
		}
		dx[i] = acc
	}
}

func (c *Conv) weightsRef(dw, x, dy []float32, examples, r0, r1 int, init Init) {
	for i := r0 * c.Out; i < r1*c.Out; i++ {
		co, ci, tap := i%c.Out, i/c.Out%c.in, i/c.Out/c.in
		acc := float32(0)
		if init == Accumulate {
			acc = dw[i]
		}
		for o := range examples * c.OutH * c.OutW {
			example, oh, ow := o/(c.OutH*c.OutW), o/c.OutW%c.OutH, o%c.OutW
			ih := oh*c.Stride[0] + tap/c.Kernel[1]*c.Dilation[0] - c.Top
			iw := ow*c.Stride[1] + tap%c.Kernel[1]*c.Dilation[1] - c.Left
			if ih < 0 || ih >= c.H || iw < 0 || iw >= c.W {
				continue
			}
			acc = fma32(x[example*c.image+(ih*c.W+iw)*c.In+co/c.out*c.in+ci], dy[o*c.Out+co], acc)
		}
		dw[i] = acc
	}
}
