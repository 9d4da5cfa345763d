package kernel

// running is the softmax of a tile of queries over the keys so far, and the
// values mixed by it.
type running struct {
	i, rows, dim int
	begun        bool      // a tile is mixed
	m, next      []float32 // of each query: the largest score, and with the next tile
	l            []float32 // Σ e^(s-m)
	sum          []float32 // that of the next tile, from its largest score on
	factor       []float32 // what o is multiplied by: e^(m-next), then 1/l
	stats        []float32 // m + ln l
	o            []float32 // (rows, D) Σ e^(s-m)·v
}

func newRunning(s *Scratch, dim int) running {
	b := s.F32(slotRunning, queryTile*(6+dim))
	take := func() (x []float32) { x, b = b[:queryTile], b[queryTile:]; return x }
	return running{dim: dim, m: take(), next: take(), l: take(), sum: take(), factor: take(), stats: take(), o: b}
}

// start begins a tile of queries.
func (n *running) start(i, rows int) {
	n.i, n.rows, n.begun = i, rows, false
	for r := range rows {
		n.m[r], n.l[r] = -maxFloat32, 0
	}
}

// step takes in a tile of scores and leaves e^(s-m) there.
func (n *running) step(scores []float32, cols int) {
	attendRows(scores, n.m, n.next, n.sum, n.rows, cols)
	attendSums(n.m, n.next, n.factor, n.l, n.sum, n.rows)
	n.m, n.next = n.next, n.m
	if n.begun && n.moved() {
		scaleRows(n.o, n.o, n.factor, n.rows, n.dim, n.dim, n.dim, 1)
	}
}

// mix adds the values (cols, dim) of a tile, or of a part of it, each times its
// e^(s-m).
func (n *running) mix(p, values []float32, cols, ld int, s *Scratch) {
	init := Zero
	if n.begun {
		init = Accumulate
	}
	if cols > 0 {
		GemmNN(n.rows, n.dim, cols, p, keyTile, values, ld, n.o, n.dim, init, nil, s)
		n.begun = true
	}
}

// moved reports whether a largest score has grown: else all factors are 1.
func (n *running) moved() bool {
	for _, f := range n.factor[:n.rows] {
		if f != 1 {
			return true
		}
	}
	return false
}

// end makes factor 1/l and stats m + ln l; both 0 for a query without keys.
func (n *running) end() {
	attendEnd(n.m, n.l, n.factor, n.stats, n.rows)
	for r, l := range n.l[:n.rows] {
		if l == 0 {
			n.factor[r], n.stats[r] = 0, 0
		}
	}
	if !n.begun {
		clear(n.o[:n.rows*n.dim])
	}
}
