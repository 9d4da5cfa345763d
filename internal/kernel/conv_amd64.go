//go:build !purego

package kernel

// Convolutions by tiles whose k comes in runs: accumulators stay in registers for
// the whole chain, A is the image in place, B the weights.

// run computes one side on the tier in use.
func (d *side) run(c, a, b, bias []float32, examples int, s *Scratch) {
	if simd == nil {
		d.products(c, a, b, bias, examples, s)
		return
	}
	if d.depthwise {
		d.channels(c, a, b, bias, examples, s)
		return
	}
	most := examples
	if d.n < d.ldb { // each group reads the images again
		most = max(1, nearBytes/4/(d.axes[2].a+d.axes[2].c))
	}
	for e := 0; e < examples; e += most {
		n := min(most, examples-e)
		if d.n < d.ldb {
			s.tile.near(a[e*d.axes[2].a:][:n*d.axes[2].a])
			s.tile.near(c[e*d.axes[2].c:][:n*d.axes[2].c])
		}
		for g := range d.ldb / d.n {
			d.panels(c[e*d.axes[2].c:], a[e*d.axes[2].a:], b, bias, g, n, s)
		}
	}
	d.blanks(c, bias, examples)
}

// nearBytes is the size of images and results that are used several times while they are
// in the second cache.
const nearBytes = 384 << 10

// near reads x from end to end, for the second cache to have it: a group reads some
// lines here and there.
func (t *tileArgs) near(x []float32) {
	if t.k = len(x) / fetchStep; t.k > 0 {
		t.b = &x[0]
		fetch(&t.k)
	}
}

// panels runs group g, panel by panel.
func (d *side) panels(c, a, b, bias []float32, g, examples int, s *Scratch) {
	for j := 0; j < d.n; {
		nv := simd.vectors(len(simd.wide), d.n-j)
		at, left := g*d.n+j, d.n-j
		p := panel{tileArgs: &s.tile, side: d, kernels: simd.runs[nv], from: a[g*d.k:], to: c[at:], width: nv * simd.lanes}
		p.csa, p.reps, p.mask, p.init = 4, 1, simd.mask(left-p.width+simd.lanes), int(Zero)
		p.b, p.ldb = &b[at], 4*d.ldb
		if d.packs(nv, examples) {
			p.b, p.ldb = d.packed(b[at:], nv, left, s), 4*p.width
		}
		if bias != nil {
			p.init, p.bias = int(Bias), &bias[at]
		}
		p.images(examples)
		j += p.width
	}
}

// packs says whether the panel of nv vectors of B is copied: where its rows clash in
// the caches, or lie apart and leave most sets of the first one unused, if it is used
// often enough.
func (d *side) packs(nv, examples int) bool {
	apart := d.ldb >= 2*nv*simd.lanes
	return apart && examples*d.results() >= packRows
}

// results is the number of results of an example and channel.
func (d *side) results() int { return d.axes[2].c / d.ldb }

// packed copies cols columns of B, or as many as nv vectors have.
func (d *side) packed(b []float32, nv, cols int, s *Scratch) *float32 {
	width := nv * simd.lanes
	panel := s.F32(slotPanel, d.depth*width)
	if cols >= width {
		simd.pack(d.depth, nv, &b[0], 4*d.ldb, &panel[0])
		return &panel[0]
	}
	for i := range d.depth {
		copy(panel[i*width:], b[i*d.ldb:][:cols])
	}
	return &panel[0]
}

// channels runs a depthwise side: vectors go along channels.
func (d *side) channels(c, a, b, bias []float32, examples int, s *Scratch) {
	p := panel{tileArgs: &s.tile, side: d, kernels: simd.depth, width: d.ldb, depth: true}
	p.b, p.ldb, p.init = &b[0], 4*d.ldb, int(Zero)
	if bias != nil {
		p.init, p.bias = int(Bias), &bias[0]
	}
	most := max(1, nearBytes/4/(d.axes[2].a+d.axes[2].c))
	for e := 0; e < examples; e += most {
		p.from, p.to = a[e*d.axes[2].a:], c[e*d.axes[2].c:]
		p.images(min(most, examples-e))
	}
	d.blanks(c, bias, examples)
}

// setChannels cuts channels into fours of full vectors, if they may be, and single ones.
func (t *tileArgs) setChannels(channels int, fours bool) {
	vectors := ceilDiv(channels, simd.lanes)
	t.quads, t.mask = 0, simd.mask(channels-(vectors-1)*simd.lanes)
	if fours {
		t.quads = channels / simd.lanes / 4
	}
	t.k = vectors - 4*t.quads
}

// panel is some columns of C of one side.
type panel struct {
	*tileArgs
	side     *side
	kernels  []func(args *int)
	from, to []float32 // A and C
	width    int
	depth    bool
}

// images runs the patches of each example whose tiles go along columns or rows, then
// the small ones, whose tiles go along examples.
func (p *panel) images(examples int) {
	for e := range examples {
		for i := range p.side.patches {
			if q := &p.side.patches[i]; p.along(q, examples) != 2 {
				p.patch(q, p.along(q, examples), e, 1)
			}
		}
	}
	for i := range p.side.patches {
		if q := &p.side.patches[i]; p.along(q, examples) == 2 {
			p.patch(q, 2, 0, examples)
		}
	}
}

// along chooses the axis of the rows of tiles: the first with three quarters of
// the full height, else the one with the highest tiles.
func (p *panel) along(q *patch, examples int) int {
	highest := len(p.kernels) - 1
	least := 12 * highest // in sixteenths of a row
	if p.depth {
		least = 16 * (quadRows + 1)
	}
	best, height := 0, 0
	for i, n := range [3]int{q.cols, q.rows, examples} {
		h := 16 * n / ceilDiv(n, highest)
		if h >= least {
			return i
		}
		if h > height {
			best, height = i, h
		}
	}
	return best
}

// across has the other two axes: lines of tiles in one call, and calls.
var across = [3][2]int{{1, 2}, {0, 2}, {0, 1}}

// patch runs the results of some examples from example e on, tiles along an axis.
func (p *panel) patch(q *patch, along, e, examples int) {
	if len(q.runs) == 0 {
		return
	}
	axes, counts := &p.side.axes, [3]int{q.cols, q.rows, examples}
	line, call := across[along][0], across[along][1]
	p.runs, p.nruns = &q.runs[0], len(q.runs)
	p.rsa, p.ldc = 4*axes[along].a, 4*axes[along].c
	p.lineA, p.lineC = 4*axes[line].a, 4*axes[line].c
	p.ahead = 4*q.last + p.lineA
	highest := len(p.kernels) - 1
	tiles := ceilDiv(counts[along], highest)
	height, higher := counts[along]/tiles, counts[along]%tiles // the first tiles are one row higher
	most := max(1, callWork/(tiles*highest*p.width*q.k))       // lines of a call
	a, c := q.a+e*axes[2].a, q.c+e*axes[2].c
	for i := range counts[call] {
		for j := 0; j < counts[line]; j += most {
			n := min(most, counts[line]-j)
			a, c := a+i*axes[call].a+j*axes[line].a, c+i*axes[call].c+j*axes[line].c
			p.tilesOf(height+1, higher, n, a, c)
			skip := (height + 1) * higher
			p.tilesOf(height, tiles-higher, n, a+skip*axes[along].a, c+skip*axes[along].c)
		}
	}
}

// quadRows is the height up to which depthwise tiles have four vectors.
const quadRows = 3

// tilesOf runs lines of tiles of one height, from elements a and c on.
func (p *panel) tilesOf(height, tiles, lines, a, c int) {
	if tiles == 0 {
		return
	}
	p.a, p.c = &p.from[a], &p.to[c]
	p.stepA, p.stepC = height*p.rsa, height*p.ldc
	p.tiles, p.lines = tiles, lines
	if p.depth {
		p.setChannels(p.width, height <= quadRows)
	}
	p.kernels[height](&p.k)
}

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
				c.sumRows(t, dw[first*c.Out+g*c.out:], x[first-q.first+g*c.in:], dy[g*c.out:], end-first)
			case init == Zero:
				clear(dw[first*c.Out : end*c.Out])
			}
		}
	}
}

// sumRows runs the tiles of some rows of dw.
func (c *Conv) sumRows(t *tileArgs, dw, x, dy []float32, rows int) {
	for j := 0; j < c.out; {
		nv := simd.vectors(len(simd.wide), c.out-j)
		kernels := simd.runs[nv]
		t.b, t.mask = &dy[j], simd.mask(c.out-j-(nv-1)*simd.lanes)
		tiles := ceilDiv(rows, len(kernels)-1)
		height, higher := rows/tiles, rows%tiles
		for done, row := 0, 0; done < tiles; {
			h, n := height, tiles-done
			if done < higher {
				h, n = height+1, higher-done
			}
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
