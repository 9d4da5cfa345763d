package kernel

// Cached is causal Forward of the positions from past on: qkv (T, (H+2G)·D) and
// o (T, H·D) are theirs, and rows j < past of cache (.., 2G·D) hold the keys and
// then the values of those before. Both are read in place. Segment must be 0;
// Length and Drop are not used.
func (a *Attention) Cached(o, qkv, cache []float32, past int, s *Scratch) {
	need("qkv", len(qkv), a.Positions*a.width())
	need("cache", len(cache), past*2*a.KVHeads*a.Dim)
	need("o", len(o), a.Positions*a.out())
	all := *a
	all.Positions, all.Length, all.Causal = past+a.Positions, past+a.Positions, true
	c := cached{all: all, cache: cache, qkv: qkv, past: past}
	c.open(a, o, s)
	for h := range a.Heads {
		c.start()
		for i := 0; i < a.Positions; i += queryTile {
			c.rows(h, i, min(i+queryTile, a.Positions))
		}
		c.finish(nil, h)
	}
}

// cached is the state of a call of Cached.
type cached struct {
	forward
	all        Attention // over the past and the new positions
	cache, qkv []float32
	past       int
}

// rows runs the new queries [i, end) of a head over the keys that they see.
func (c *cached) rows(head, i, end int) {
	q := c.qkv[i*c.width()+head*c.Dim:]
	for j := 0; j < c.past+end; j += keyTile {
		x := c.all.within(c.past+i, c.past+end, j)
		now := tile{i, x.rows, x.j, x.cols}
		parts := c.parts(head/c.share, x)
		for _, p := range parts {
			GemmNT(x.rows, p.rows, c.Dim, q, c.width(), p.keys, p.ld, c.scores[p.at:], keyTile, Zero, nil, c.scratch)
		}
		c.all.hide(c.scores, x)
		init := c.step(head, now)
		for _, p := range parts {
			if p.rows > 0 {
				c.mix(head, now, c.scores[p.at:], p.values, p.rows, p.ld, init)
				init = Accumulate
			}
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
