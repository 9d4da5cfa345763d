package kernel

// backward is the state of Attention.Backward beside its tiles.
type backward struct {
	tiles
	dqkv, qkv, stats, do []float32
	vT                   []float32 // (D, T) values of the current key head
	dscores              []float32 // (queryTile, keyTile)
	delta                []float32 // Σ do·o of each query of the current head
}

// open takes the tiles and the buffers.
func (b *backward) open(a *Attention, s *Scratch) {
	b.tiles = a.tiles(s)
	b.vT = s.F32(slotValuesT, b.Dim*b.ldT)
	b.dscores = s.F32(slotDScores, queryTile*keyTile)
	b.delta = b.factor[16:]
}

// turnValues makes the values of a key head the columns of vT.
func (b *backward) turnValues(group int) {
	Transpose(b.Positions, b.Dim, b.qkv[b.valueColumn(group):], b.width(), b.vT, b.ldT)
}

// head adds the cotangents of a head, key tile by key tile.
func (b *backward) head(head int, o []float32) {
	column := head * b.Dim
	RowDot(b.delta, b.do[column:], o[column:], b.Positions, b.Dim, b.out(), b.out())
	for j := 0; j < b.Length; j += keyTile {
		for i := 0; i < b.Positions; i += queryTile {
			if x := b.cut(i, min(queryTile, b.Positions-i), j); x.cols > 0 {
				b.tile(head, x)
			}
		}
	}
}

// tile adds the cotangents of a tile: five products.
func (b *backward) tile(head int, x tile) {
	group, ld, out := head/b.share, b.width(), b.out()
	do, q := b.do[x.i*out+head*b.Dim:], b.q[x.i*b.Dim:]
	keys := x.j*ld + b.keyColumn(group)
	values := x.j*ld + b.valueColumn(group)
	b.score(x)
	GemmNN(x.rows, x.cols, b.Dim, do, out, b.vT[x.j:], b.ldT, b.dscores, keyTile, Zero, nil, b.scratch)
	b.drop(b.dscores, head, x)
	attendBack(b.scores, b.dscores, b.stats[head*b.Positions+x.i:], b.delta[x.i:], x.rows, x.cols)
	b.drop(b.scores, head, x)
	GemmTN(x.cols, b.Dim, x.rows, b.scores, keyTile, do, out, b.dqkv[values:], ld, Accumulate, nil, b.scratch)
	GemmTN(x.cols, b.Dim, x.rows, b.dscores, keyTile, q, b.Dim, b.dqkv[keys:], ld, Accumulate, nil, b.scratch)
	GemmNN(x.rows, b.Dim, x.cols, b.dscores, keyTile, b.qkv[keys:], ld, b.dqkv[x.i*ld+head*b.Dim:], ld, Accumulate, nil, b.scratch)
}
