package kernel

import "slices"

// What is prepared for a convolution. Forward and Input are the same work on other
// sizes: a result sees some taps, and the results of an image fall into patches that
// see the same ones: the interior, the edges and corners, for Input with strides
// one set of these for each phase. A patch is a grid, so its results are rows of
// matrix products with fixed distances, one product for each run.

// side is Forward (A is x, C is y, B is w) or Input (A is dy, C is dx, B is wt).
type side struct {
	axes      [3]axis // distances between a patch's columns, its rows, and examples
	ldb       int     // from a row of B to the next: channels of C
	k, n      int     // channels of a group, in A and in C
	depth     int     // rows of B
	depthwise bool
	patches   []patch
}

// axis has the distances in A and C from one result of a patch to the next.
type axis struct{ a, c int }

// patch is a grid of rows x cols results: A of its first tap and C begin at a and c
// for the first.
type patch struct {
	rows, cols int
	a, c       int
	runs       []run // none where no tap is inside
	k          int   // steps of all runs
	last       int   // largest a of a run
}

// run is k steps of a chain: A's begin at a, from where the patch begins, and are
// csa apart; B's begin at row b. Kernels in assembly read it.
type run struct {
	a, b, k int
	taps    int // bits of the taps that take part, for sums of several taps
}

// line is what a patch is along one axis: count results from first on, taps[i]
// meeting the image at source[i] for the first.
type line struct {
	first, count int
	taps, source []int
}

// lines cuts the results [0, n) into those with the same taps, each of the step
// phases by itself. meets says where tap k of a result is.
func lines(n, step, taps int, meets func(at, k int) (int, bool)) (all []line) {
	for phase := range min(step, n) {
		begin := len(all)
		for at := phase; at < n; at += step {
			l := line{first: at, count: 1}
			for k := range taps {
				if source, ok := meets(at, k); ok {
					l.taps, l.source = append(l.taps, k), append(l.source, source)
				}
			}
			if last := len(all) - 1; last >= begin && slices.Equal(all[last].taps, l.taps) {
				all[last].count++
			} else {
				all = append(all, l)
			}
		}
	}
	return all
}

// planForward prepares Forward.
func (c *Conv) planForward() side {
	s := side{ldb: c.Out, k: c.in, n: c.out, depth: c.taps() * c.in, depthwise: c.depthwise()}
	s.axes = [3]axis{{c.Stride[1] * c.In, c.Out}, {c.Stride[0] * c.W * c.In, c.OutW * c.Out}, {c.image, c.made}}
	s.cut(c.forwardLines(0, c.H, c.OutH, c.Top), c.forwardLines(1, c.W, c.OutW, c.Left), c.Kernel[1], c.W, c.OutW)
	return s
}

// forwardLines cuts axis i of y.
func (c *Conv) forwardLines(i, size, out, before int) []line {
	return lines(out, 1, c.Kernel[i], func(at, k int) (int, bool) {
		in := at*c.Stride[i] - before + k*c.Dilation[i]
		return in, in >= 0 && in < size
	})
}

// planInput prepares Input.
func (c *Conv) planInput() side {
	s := side{ldb: c.In, k: c.out, n: c.in, depth: c.taps() * c.out, depthwise: c.depthwise()}
	s.axes = [3]axis{{c.Out, c.Stride[1] * c.In}, {c.OutW * c.Out, c.Stride[0] * c.W * c.In}, {c.made, c.image}}
	along := func(i, size, out, before int) []line {
		return lines(size, c.Stride[i], c.Kernel[i], func(at, k int) (int, bool) {
			from := at + before - k*c.Dilation[i]
			return from / c.Stride[i], from >= 0 && from%c.Stride[i] == 0 && from/c.Stride[i] < out
		})
	}
	s.cut(along(0, c.H, c.OutH, c.Top), along(1, c.W, c.OutW, c.Left), c.Kernel[1], c.OutW, c.W)
	return s
}

// cut makes the patches: kw taps in a row of the kernel, width the columns of A's
// image and widthC of C's.
func (s *side) cut(rows, cols []line, kw, width, widthC int) {
	groups := s.ldb / s.n
	for _, h := range rows {
		for _, w := range cols {
			p := patch{rows: h.count, cols: w.count, c: (h.first*widthC + w.first) * s.ldb}
			for i, kh := range h.taps {
				for j, k := range w.taps {
					r := run{a: (h.source[i]*width + w.source[j]) * s.k * groups, b: (kh*kw + k) * s.k, k: s.k}
					if len(p.runs) == 0 {
						p.a = r.a
					}
					r.a -= p.a
					p.last = max(p.last, r.a)
					p.runs, p.k = join(p.runs, r, 1), p.k+r.k
				}
			}
			s.patches = append(s.patches, p)
		}
	}
}

// join appends a run, to the last one where it goes on with that.
func join(runs []run, r run, csa int) []run {
	if last := len(runs) - 1; last >= 0 && r.a == runs[last].a+runs[last].k*csa && r.b == runs[last].b+runs[last].k {
		runs[last].k += r.k
		return runs
	}
	return append(runs, r)
}

// sums is consecutive rows of dw with the same products: one tap, or those of a row
// of the kernel where all meet the same outputs. The runs are those of an example.
type sums struct {
	first, count int
	runs         []run // a for the first row of dw; as many for each of the rows of the output, unless joined
	rows         span  // of the output
	k            int   // steps of all runs
}

// of returns the runs of some rows of the output.
func (s *sums) of(rows span) []run {
	lo, hi := max(rows.lo, s.rows.lo), min(rows.hi, s.rows.hi)
	if lo >= hi || len(s.runs) == 0 {
		return nil
	}
	each := len(s.runs) / (s.rows.hi - s.rows.lo)
	return s.runs[(lo-s.rows.lo)*each : (hi-s.rows.lo)*each]
}

// planWeights prepares Weights.
func (c *Conv) planWeights() (all []sums) {
	cols := make([]span, c.Kernel[1])
	for k := range cols {
		cols[k] = inside(c.Left-k*c.Dilation[1], c.Stride[1], c.W, c.OutW)
	}
	together := 1 // taps
	if c.Groups == 1 && c.Dilation[1] == 1 && cols[0] == cols[len(cols)-1] {
		together = c.Kernel[1]
	}
	for kh := range c.Kernel[0] {
		rows := inside(c.Top-kh*c.Dilation[0], c.Stride[0], c.H, c.OutH)
		for kw := 0; kw < c.Kernel[1]; kw += together {
			s := sums{first: (kh*c.Kernel[1] + kw) * c.in, count: together * c.in, rows: rows}
			for oh := rows.lo; oh < rows.hi && cols[kw].lo < cols[kw].hi; oh++ {
				ih, iw := oh*c.Stride[0]+kh*c.Dilation[0]-c.Top, cols[kw].lo*c.Stride[1]+kw*c.Dilation[1]-c.Left
				r := run{a: (ih*c.W + iw) * c.In, b: oh*c.OutW + cols[kw].lo, k: cols[kw].hi - cols[kw].lo, taps: 1}
				s.k += r.k
				if c.depthwise() {
					s.runs = append(s.runs, r)
				} else {
					s.runs = join(s.runs, r, c.Stride[1]*c.In)
				}
			}
			all = append(all, s)
		}
	}
	return all
}

// planTapRows prepares Weights of a depthwise convolution for the taps of each row of
// the kernel together: a run is outputs of a row that see the same taps, a where tap 0
// would be.
func (c *Conv) planTapRows() (all []sums) {
	cols := c.forwardLines(1, c.W, c.OutW, c.Left)
	for kh := range c.Kernel[0] {
		rows := inside(c.Top-kh*c.Dilation[0], c.Stride[0], c.H, c.OutH)
		s := sums{first: kh * c.Kernel[1], count: c.Kernel[1], rows: rows}
		for oh := rows.lo; oh < rows.hi; oh++ {
			ih := oh*c.Stride[0] + kh*c.Dilation[0] - c.Top
			for _, w := range cols {
				r := run{a: (ih*c.W + w.first*c.Stride[1] - c.Left) * c.In, b: oh*c.OutW + w.first, k: w.count}
				for _, k := range w.taps {
					r.taps |= 1 << k
				}
				if r.taps != 0 {
					s.runs = append(s.runs, r)
				}
			}
		}
		all = append(all, s)
	}
	return all
}

// A span is the outputs [lo, hi) along one axis for which a tap is inside the image.
type span struct{ lo, hi int }

// inside returns the o of [0, out) with 0 <= o·stride - before < size.
func inside(before, stride, size, out int) span {
	lo := min(out, max(0, ceilDiv(before, stride)))
	return span{lo, max(lo, min(out, ceilDiv(size+before, stride)))}
}

// ceilDiv is a/b rounded up, b > 0.
func ceilDiv(a, b int) int {
	if a <= 0 {
		return -(-a / b)
	}
	return (a + b - 1) / b
}
