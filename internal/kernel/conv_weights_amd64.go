//go:build !purego

package kernel

// The weights' gradient: a tile is rows of dw, its runs are rows of the output, repeated
// over the examples of the call.

// sumProducts computes rows [r0, r1) of dw on the tier in use.
func (c *Conv) sumProducts(dw, x, dy []float32, examples, r0, r1 int, init Init, s *Scratch) {
	if simd == nil {
		c.weightProducts(dw, x, dy, examples, r0, r1, init, s)
		return
	}
	t := &s.tile
	t.rsa, t.csa, t.ldb, t.ldc = 4, 4*c.Stride[1]*c.In, 4*c.Out, 4*c.Out
	t.init, t.reps, t.repA, t.repB = int(init), examples, 4*c.image, 4*c.made
	if c.tapRows != nil {
		c.sumTaps(t, dw, x, dy, examples, r0, r1)
		return
	}
	for g := range c.Groups {
		for i := range c.sums {
			q := &c.sums[i]
			first, end := max(r0, q.first), min(r1, q.first+q.count)
			switch {
			case first >= end:
			case len(q.runs) > 0:
				t.runs, t.nruns = &q.runs[0], len(q.runs)
				c.sumRows(t, dw[first*c.Out+g*c.out:], x[first-q.first+g*c.in:], dy[g*c.out:], end-first, q.k*examples)
			case init == Zero:
				clear(dw[first*c.Out : end*c.Out])
			}
		}
	}
}

// sumRows runs the tiles of some rows of dw, whose chains have k steps.
func (c *Conv) sumRows(t *tileArgs, dw, x, dy []float32, rows, k int) {
	for j := 0; j < c.out; {
		nv := simd.vectors(len(simd.wide), c.out-j)
		kernels := simd.runs[nv]
		t.b, t.mask = &dy[j], simd.mask(c.out-j-(nv-1)*simd.lanes)
		tiles := ceilDiv(rows, len(kernels)-1)
		height, higher := rows/tiles, rows%tiles
		most := max(1, callWork/(len(kernels)*nv*simd.lanes*k)) // tiles of a call
		for done, row := 0, 0; done < tiles; {
			h, n := height, tiles-done
			if done < higher {
				h, n = height+1, higher-done
			}
			n = min(n, most)
			t.a, t.c, t.tiles, t.lines = &x[row], &dw[row*c.Out+j], n, 1
			t.stepA, t.stepC = h*t.rsa, h*t.ldc
			kernels[h](&t.k)
			done, row = done+n, row+n*h
		}
		j += nv * simd.lanes
	}
}

// sumTaps computes rows [r0, r1), which are taps, for all channels. An image that the
// second cache does not hold is taken some rows of the output at a time.
func (c *Conv) sumTaps(t *tileArgs, dw, x, dy []float32, examples, r0, r1 int) {
	t.rsa = 4 * c.Dilation[1] * c.In
	rows := c.OutH * nearBytes / 4 / (c.image + c.made)
	if rows >= c.OutH {
		t.reps = examples
		c.sumTapRows(t, dw, x, dy, r0, r1, span{0, c.OutH})
		return
	}
	if t.init == int(Zero) {
		clear(dw[r0*c.Out : r1*c.Out])
	}
	t.init, t.reps, rows = int(Accumulate), 1, max(1, rows)
	for e := range examples {
		for oh := 0; oh < c.OutH; oh += rows {
			end := min(oh+rows, c.OutH)
			ih, endIn := min(c.H, oh*c.Stride[0]), min(c.H, end*c.Stride[0])
			t.near(x[e*c.image+ih*c.W*c.In : e*c.image+endIn*c.W*c.In])
			t.near(dy[e*c.made+oh*c.OutW*c.Out : e*c.made+end*c.OutW*c.Out])
			c.sumTapRows(t, dw, x[e*c.image:], dy[e*c.made:], r0, r1, span{oh, end})
		}
	}
}

// sumTapRows adds some rows of the output: the taps of a row of the kernel together if
// there is a kernel for so many, else each by itself.
func (c *Conv) sumTapRows(t *tileArgs, dw, x, dy []float32, r0, r1 int, rows span) {
	t.setChannels(c.Out, true)
	together := c.Kernel[1] < len(simd.depthSums) && simd.depthSums[c.Kernel[1]] != nil
	for r := r0; r < r1; {
		q := &c.sums[r]
		if row := &c.tapRows[r/c.Kernel[1]]; together && row.first == r && r+row.count <= r1 {
			q = row
		}
		if runs := q.of(rows); len(runs) > 0 {
			t.runs, t.nruns, t.a, t.b, t.c = &runs[0], len(runs), &x[0], &dy[0], &dw[r*c.Out]
			simd.depthSums[q.count](&t.k)
		} else if t.init == int(Zero) {
			clear(dw[r*c.Out : (r+q.count)*c.Out])
		}
		r += q.count
	}
}
