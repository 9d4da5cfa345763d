package kernel

// The tiles of attention: which keys they have, and their scores. Rows of a tile
// are queries, columns keys.

// Scratch slots of attention.
const (
	slotKeysT   = 16 // of a key head, turned: (D, T)
	slotValuesT = 17
	slotScores  = 18 // (queryTile, keyTile)
	slotDScores = 19
	slotKeep    = 20 // the same of a dropout mask
	slotRunning = 21 // numbers of each query of a head, and of a tile
	slotDelta   = 22 // Σ do·o of each query of a head
)

// tiles is what all calls share.
type tiles struct {
	*Attention
	scratch *Scratch
	share   int       // query heads to a key head
	factor  float32   // 1/√D
	scores  []float32 // (queryTile, keyTile)
	keep    mask
}

func (a *Attention) tiles(s *Scratch) tiles {
	t := tiles{Attention: a, scratch: s, share: a.Heads / a.KVHeads, factor: a.scale(), scores: s.F32(slotScores, queryTile*keyTile)}
	if a.Drop.Scale > 0 {
		t.keep = mask{key: a.Drop.Key, threshold: a.Drop.Threshold, scale: a.Drop.Scale}
		t.keep.schedule()
	}
	return t
}

// turned is a matrix (D, T) whose columns are the keys, or values, of a head.
type turned struct {
	data []float32
	ld   int
}

// turn transposes what packed rows have at a column. The row distance is one
// with which rows do not share the sets of a cache.
func (t *tiles) turn(qkv []float32, column, slot int) turned {
	ld := roundUp16(t.Positions)
	if ld%512 == 0 {
		ld += 16
	}
	x := turned{t.scratch.F32(slot, t.Dim*ld), ld}
	Transpose(t.Positions, t.Dim, qkv[column:], t.width(), x.data, ld)
	return x
}

func roundUp16(n int) int { return (n + 15) &^ 15 }

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

// tile is queries [i, i+rows) by keys [j, j+cols), those that some of them see:
// j is a multiple of 16, so that a key has its lane of a sum in every tile.
type tile struct{ i, rows, j, cols int }

// cut returns the tile that begins at query i, of those before end, and takes
// its keys from the key tile at j: as many queries as there are if all see the
// same of them, else fineTile, to leave out what they do not see. Its keys may
// be none.
func (a *Attention) cut(i, end, j int) tile {
	if x := a.within(i, end, j); x.cols == 0 || a.sameKeys(x) {
		return x
	}
	return a.within(i, min(i+fineTile, end), j)
}

func (a *Attention) within(i, end, j int) tile {
	lo, hi := a.span(i, end)
	from := max(j, lo&^15)
	if lo == hi {
		hi = from
	}
	return tile{i, end - i, from, max(0, min(hi, j+keyTile)-from)}
}

// sameKeys reports whether every query of a tile sees all of its keys.
func (a *Attention) sameKeys(x tile) bool {
	_, first := a.span(x.i, x.i+1)
	last, _ := a.span(x.i+x.rows-1, x.i+x.rows)
	return first >= x.j+x.cols && last <= x.j
}

// product sets dst, a tile, to the rows of x (T, D) times the columns of y.
func (t *tiles) product(dst []float32, at tile, x []float32, ld int, y turned) {
	GemmNN(at.rows, at.cols, t.Dim, x[at.i*ld:], ld, y.data[at.j:], y.ld, dst, keyTile, Zero, nil, t.scratch)
}

// hide sets to -Inf the scores of a tile whose key the query does not see.
func (a *Attention) hide(scores []float32, x tile) {
	if a.sameKeys(x) {
		return
	}
	for r := range x.rows {
		lo, hi := a.span(x.i+r, x.i+r+1)
		row := scores[r*keyTile:][:x.cols]
		for c := 0; c < min(lo-x.j, x.cols); c++ {
			row[c] = -inf32
		}
		for c := max(hi-x.j, 0); c < x.cols; c++ {
			row[c] = -inf32
		}
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
