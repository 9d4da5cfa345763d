//go:build !purego

package kernel

// Convolutions by tiles whose k comes in runs: accumulators stay in registers for
// the whole chain, A is the image in place, B the weights.

// run computes one side on the tier in use. Groups share images that are near.
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
	if d.n < d.ldb {
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

// near reads x from end to end, for the second cache to have what is then read in
// pieces.
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

// packs says whether the panel of nv vectors of B is copied: where its rows lie apart,
// which may leave most sets of the caches unused, if enough results use it.
func (d *side) packs(nv, examples int) bool {
	results := d.axes[2].c / d.ldb // of an example and channel
	return d.ldb >= 2*nv*simd.lanes && examples*results >= packRows
}

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

// along chooses the axis of the rows of tiles: the first with three quarters of the
// full height, or as many as hide the latency of a depthwise one, which has the images of
// a call in the second cache; else the one with the highest tiles.
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
