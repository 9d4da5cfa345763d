package kernel

// Cached is causal Forward of the positions from past on: qkv (T, (H+2G)·D) and
// o (T, H·D) are theirs, and rows j < past of cache (.., 2G·D) hold the keys and
// then the values of those before. Both are read in place. Length, Segment and
// Drop have no part.
func (a *Attention) Cached(o, qkv, cache []float32, past int, s *Scratch) {
	need("qkv", len(qkv), a.Positions*a.width())
	need("cache", len(cache), past*2*a.KVHeads*a.Dim)
	need("o", len(o), a.Positions*a.out())
	c := cached{cache: cache, qkv: qkv, past: past, all: Attention{Heads: a.Heads, KVHeads: a.KVHeads, Dim: a.Dim,
		Positions: past + a.Positions, Length: past + a.Positions, Causal: true}}
	c.tiles = a.tiles(s)
	c.running = newRunning(s, a.Dim)
	for h := range a.Heads {
		c.scaleQueries(qkv, h)
		for i := 0; i < a.Positions; i += queryTile {
			c.forward(h, i, min(queryTile, a.Positions-i))
			c.finish(o, nil, h)
		}
	}
}

// cached is the state of one call.
type cached struct {
	tiles
	all        Attention // over the past and the new positions
	cache, qkv []float32
	past       int
}

// forward leaves in running the softmax and the mixed values of a tile of new
// queries.
func (c *cached) forward(head, i, rows int) {
	c.running.start(i, rows)
	for j := 0; j < c.past+i+rows; j += keyTile {
		x := c.all.cut(c.past+i, rows, j)
		for _, p := range c.parts(head/c.share, x) {
			GemmNT(rows, p.rows, c.Dim, c.q[i*c.Dim:], c.Dim, p.keys, p.ld, c.scores[p.at:], keyTile, Zero, nil, c.scratch)
		}
		c.all.hide(c.scores, x)
		c.running.step(c.scores, x.cols)
		for _, p := range c.parts(head/c.share, x) {
			c.running.mix(c.scores[p.at:], p.values, p.rows, p.ld, c.scratch)
		}
	}
}

// part is consecutive rows of keys and values, at a column of a tile.
type part struct {
	at, rows, ld int
	keys, values []float32
}

// parts returns what a tile takes from the cache, and from the new positions.
func (c *cached) parts(group int, x tile) (p [2]part) {
	ld, column := 2*c.KVHeads*c.Dim, group*c.Dim
	old := min(max(c.past-x.j, 0), x.cols)
	if old > 0 {
		row := c.cache[x.j*ld:]
		p[0] = part{0, old, ld, row[column:], row[c.KVHeads*c.Dim+column:]}
	}
	if old < x.cols {
		row := c.qkv[(x.j+old-c.past)*c.width():]
		p[1] = part{old, x.cols - old, c.width(), row[c.keyColumn(group):], row[c.valueColumn(group):]}
	}
	return p
}
