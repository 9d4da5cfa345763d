package kernel

// The tiles of attention: which keys they have, and the products that lead from
// one to the next. Rows of a tile are queries, columns keys.

// Scratch slots of attention.
const (
	slotQueries   = 16 // of a head, scaled: (T, D)
	slotKeysT     = 17 // of a key head, turned: (D, T)
	slotValuesT   = 18
	slotScores    = 19 // (queryTile, keyTile)
	slotDScores   = 20
	slotKeep      = 21 // of the dropout mask
	slotRunning   = 22 // of each query of a tile: numbers, and its o
	slotAttention = 23 // the factor of the scores; Σ do·o of each query of a head
)

// tiles is the state of one call.
type tiles struct {
	*Attention
	scratch *Scratch
	share   int       // query heads to a key head
	factor  []float32 // 1/√D
	q       []float32 // (T, D) scaled queries of the current head
	kT      []float32 // (D, T) keys of the current key head
	ldT     int
	scores  []float32 // (queryTile, keyTile)
	keep    mask
	running running
}

func (a *Attention) tiles(s *Scratch) tiles {
	t := tiles{Attention: a, scratch: s, share: a.Heads / a.KVHeads}
	t.factor = s.F32(slotAttention, 16+a.Positions)
	t.factor[0] = a.scaleFactor()
	t.q = s.F32(slotQueries, a.Positions*a.Dim)
	t.ldT = turnedRows(a.Positions)
	t.kT = s.F32(slotKeysT, a.Dim*t.ldT)
	t.scores = s.F32(slotScores, queryTile*keyTile)
	if a.Drop.Scale > 0 {
		t.keep = mask{key: a.Drop.Key, threshold: a.Drop.Threshold, scale: a.Drop.Scale}
		t.keep.schedule()
	}
	return t
}

// turnedRows is the row distance of a turned matrix with n columns: one whose
// rows do not share the sets of a cache.
func turnedRows(n int) int {
	if n = roundUp16(n); n%512 == 0 {
		n += 16
	}
	return n
}

func roundUp16(n int) int { return (n + 15) &^ 15 }

// turnKeys makes the keys of a key head the columns of kT.
func (t *tiles) turnKeys(qkv []float32, group int) {
	Transpose(t.Positions, t.Dim, qkv[t.keyColumn(group):], t.width(), t.kT, t.ldT)
}

// scaleQueries makes q the queries of a head, times 1/√D.
func (t *tiles) scaleQueries(qkv []float32, head int) {
	t.scale(t.q, qkv[head*t.Dim:], t.Positions, t.Dim, t.Dim, t.width())
}

// scale sets y (rows, cols) to x/√D.
func (t *tiles) scale(y, x []float32, rows, cols, ldy, ldx int) {
	scaleRows(y, x, t.factor, rows, cols, ldy, ldx, 0)
}

// span returns the keys [lo, hi) that some of the queries [i, end) see. Of one
// query it is all that it sees. Both bounds grow with the queries.
func (a *Attention) span(i, end int) (lo, hi int) {
	hi = a.Length
	if a.Causal {
		hi = min(hi, end)
	}
	if s := a.Segment; s > 0 {
		lo, hi = i/s*s, min(hi, ((end-1)/s+1)*s)
	}
	return lo, max(lo, hi)
}

// tile is queries [i, i+rows) by keys [j, j+cols), those of them that are seen:
// j is a multiple of 16, so that a key has its lane of a sum in every tile.
type tile struct{ i, rows, j, cols int }

// cut returns the part of the key tile at j, a multiple of keyTile, that some of
// the queries [i, i+rows) see; it may be empty.
func (a *Attention) cut(i, rows, j int) tile {
	lo, hi := a.span(i, i+rows)
	if lo == hi {
		return tile{}
	}
	from := max(j, lo&^15)
	return tile{i, rows, from, min(hi, j+keyTile) - from}
}

// score fills the scores of a tile, -Inf where a key is not seen.
func (t *tiles) score(x tile) {
	GemmNN(x.rows, x.cols, t.Dim, t.q[x.i*t.Dim:], t.Dim, t.kT[x.j:], t.ldT, t.scores, keyTile, Zero, nil, t.scratch)
	t.hide(t.scores, x)
}

// hide sets to -Inf the scores of a tile whose key the query does not see.
func (a *Attention) hide(scores []float32, x tile) {
	_, first := a.span(x.i, x.i+1)
	if last, _ := a.span(x.i+x.rows-1, x.i+x.rows); first >= x.j+x.cols && last <= x.j {
		return
	}
	for r := range x.rows {
		lo, hi := a.span(x.i+r, x.i+r+1)
		row := scores[r*keyTile:][:x.cols]
		fillInf(row[:min(max(lo-x.j, 0), x.cols)])
		fillInf(row[min(max(hi-x.j, 0), x.cols):])
	}
}

func fillInf(x []float32) {
	for i := range x {
		x[i] = -inf32
	}
}

// drop multiplies a tile of probabilities, or of their cotangents, by the mask.
func (t *tiles) drop(x []float32, head int, at tile) {
	if t.Drop.Scale == 0 {
		return
	}
	ld := roundUp16(t.Positions)
	keep := t.scratch.F32(slotKeep, queryTile*keyTile)
	for r := range at.rows {
		t.keep.part(keep[r*keyTile:][:(at.cols+maskBlock-1)/maskBlock*maskBlock], t.Drop.Position, (head*t.Positions+at.i+r)*ld+at.j)
	}
	mulRows(x, keep, at.rows, at.cols, keyTile)
}

// forward leaves in running the softmax of a tile of queries and, if wanted, the
// values that it mixes.
func (t *tiles) forward(qkv []float32, head, i, rows int, mix bool) {
	t.running.start(i, rows)
	lo, hi := t.span(i, i+rows)
	for j := lo / keyTile * keyTile; lo < hi && j < hi; j += keyTile {
		x := t.cut(i, rows, j)
		t.score(x)
		t.running.step(t.scores, x.cols)
		if !mix {
			continue
		}
		t.drop(t.scores, head, x)
		values := qkv[x.j*t.width()+t.valueColumn(head/t.share):]
		t.running.mix(t.scores, values, x.cols, t.width(), t.scratch)
	}
}

// finish writes what is asked for of a tile of queries.
func (t *tiles) finish(o, stats []float32, head int) {
	n := &t.running
	n.end()
	if o != nil {
		scaleRows(o[n.i*t.out()+head*t.Dim:], n.o, n.factor, n.rows, t.Dim, t.out(), t.Dim, 1)
	}
	if stats != nil {
		copy(stats[head*t.Positions+n.i:], n.stats[:n.rows])
	}
}
