package kernel

// forward is the state of a call of Forward or Cached beside its tiles.
type forward struct {
	tiles
	keys      turned    // of the current key head
	o         []float32 // (T, H·D), or nil
	m, l      []float32 // of each query of a head: the largest score so far, Σ e^(s-m)
	end       []float32 // likewise: 1/l, and ln Σ eˢ where it is not asked for
	next, sum []float32 // of each query of a tile: m with the next keys, their Σ e^(s-next)
	moved     []float32 // likewise: e^(m-next)
}

func (f *forward) open(a *Attention, o []float32, s *Scratch) {
	f.tiles, f.o = a.tiles(s), o
	b := s.F32(slotRunning, 4*a.Positions+3*queryTile)
	take := func(n int) (x []float32) { x, b = b[:n], b[n:]; return x }
	f.m, f.l, f.end = take(a.Positions), take(a.Positions), take(2*a.Positions)
	f.next, f.sum, f.moved = take(queryTile), take(queryTile), take(queryTile)
}

// start begins a head.
func (f *forward) start() {
	for i := range f.m {
		f.m[i], f.l[i] = -maxFloat32, 0
	}
}

// rows runs the queries [i, end) of a head over the keys that they see.
func (f *forward) rows(qkv []float32, head, i, end int) {
	lo, hi := f.span(i, end)
	values := qkv[f.valueColumn(head/f.share):]
	for j := lo / keyTile * keyTile; j < hi; j += keyTile {
		for x := f.cut(i, end, j); x.rows > 0; x = f.cut(x.i+x.rows, end, j) {
			if x.cols == 0 {
				continue
			}
			f.product(f.scores, x, qkv[head*f.Dim:], f.width(), f.keys)
			f.hide(f.scores, x)
			init := f.step(head, x)
			if f.o != nil {
				f.drop(f.scores, head, x)
				f.mix(head, x, f.scores, values[x.j*f.width():], x.cols, f.width(), init)
			}
		}
	}
}

// step takes in the scores of a tile and leaves e^(s-m) there. It returns how o
// goes on: from nothing, if these are the first keys of the queries.
func (f *forward) step(head int, x tile) Init {
	m, l := f.m[x.i:x.i+x.rows], f.l[x.i:x.i+x.rows]
	attendRows(f.scores, m, f.next, f.sum, f.factor, x.rows, x.cols)
	if lo, _ := f.span(x.i, x.i+1); x.j < lo/keyTile*keyTile+keyTile {
		copy(m, f.next)
		copy(l, f.sum) // fma(0, α, sum)
		return Zero
	}
	attendSums(m, f.next, f.moved, l, f.sum, x.rows)
	copy(m, f.next)
	if f.o != nil && !allOne(f.moved[:x.rows]) {
		o := f.o[x.i*f.out()+head*f.Dim:]
		scaleRows(o, o, f.moved, x.rows, f.Dim, f.out(), f.out(), 1)
	}
	return Accumulate
}

func allOne(x []float32) bool {
	for _, v := range x {
		if v != 1 {
			return false
		}
	}
	return true
}

// mix adds to o the values (cols, D) of a tile, each times its e^(s-m).
func (f *forward) mix(head int, x tile, p, values []float32, cols, ld int, init Init) {
	GemmNN(x.rows, f.Dim, cols, p, keyTile, values, ld, f.o[x.i*f.out()+head*f.Dim:], f.out(), init, nil, f.scratch)
}

// forget makes o 0 for a query that sees no key.
func (f *forward) forget(head, i int) {
	f.end[i] = 0
	if f.o != nil {
		clear(f.o[i*f.out()+head*f.Dim:][:f.Dim])
	}
}

// finish divides o by the sums of a head and writes its stats (T), if wanted. A
// query that sees no key has 0 in both.
func (f *forward) finish(stats []float32, head int) {
	t := f.Positions
	recip := f.end[:t]
	if stats == nil {
		stats = f.end[t:]
	}
	attendEnd(f.m, f.l, recip, stats, t)
	for i, l := range f.l {
		if l == 0 {
			stats[i] = 0
			f.forget(head, i)
		}
	}
	if f.o != nil {
		o := f.o[head*f.Dim:]
		scaleRows(o, o, recip, t, f.Dim, f.out(), f.out(), 1)
	}
}
