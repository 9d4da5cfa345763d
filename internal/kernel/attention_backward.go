package kernel

// backward is the state of a call of Backward beside its tiles.
type backward struct {
	tiles
	dqkv, qkv, stats, o, do []float32
	keys, values            turned    // of the current key head
	dscores                 []float32 // (queryTile, keyTile)
	delta                   []float32 // Σ do·o of each query of the current head
}

func (b *backward) open(a *Attention, s *Scratch) {
	b.tiles = a.tiles(s)
	b.dscores = s.F32(slotDScores, queryTile*keyTile)
	b.delta = s.F32(slotDelta, a.Positions)
}

// head adds the cotangents of a head, key tile by key tile.
func (b *backward) head(head int) {
	column := head * b.Dim
	RowDot(b.delta, b.do[column:], b.o[column:], b.Positions, b.Dim, b.out(), b.out())
	for j := 0; j < b.Length; j += keyTile {
		for i := 0; i < b.Positions; i += queryTile {
			end := min(i+queryTile, b.Positions)
			for x := b.cut(i, end, j); x.rows > 0; x = b.cut(x.i+x.rows, end, j) {
				if x.cols > 0 {
					b.tile(head, x)
				}
			}
		}
	}
}

// tile adds the cotangents of a tile: five products.
func (b *backward) tile(head int, x tile) {
	group, ld, out := head/b.share, b.width(), b.out()
	q, do := b.qkv[head*b.Dim:], b.do[head*b.Dim:]
	b.product(b.scores, x, q, ld, b.keys)
	b.hide(b.scores, x)
	b.product(b.dscores, x, do, out, b.values)
	b.drop(b.dscores, head, x)
	attendBack(b.scores, b.dscores, b.stats[head*b.Positions+x.i:], b.delta[x.i:], b.factor, x.rows, x.cols)
	b.drop(b.scores, head, x)
	keys, values, queries := x.j*ld+b.keyColumn(group), x.j*ld+b.valueColumn(group), x.i*ld+head*b.Dim
	GemmTN(x.cols, b.Dim, x.rows, b.scores, keyTile, do[x.i*out:], out, b.dqkv[values:], ld, Accumulate, nil, b.scratch)
	GemmTN(x.cols, b.Dim, x.rows, b.dscores, keyTile, q[x.i*ld:], ld, b.dqkv[keys:], ld, Accumulate, nil, b.scratch)
	GemmNN(x.rows, b.Dim, x.cols, b.dscores, keyTile, b.qkv[keys:], ld, b.dqkv[queries:], ld, Accumulate, nil, b.scratch)
}
