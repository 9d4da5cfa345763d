package kernel

import "math"

const maxFloat32 = math.MaxFloat32

// attendRow is a row of attendRows.
func attendRow(s []float32, m, scale float32) (next, sum float32) {
	next = float32(rowTop(s) * scale)
	next = pick(next > m, next, m)
	var l lanes
	for i, v := range s {
		s[i] = exp32(fma32(v, scale, -next))
		l[i%16] += s[i]
	}
	return next, l.sum()
}

// attendBackRow is a row of attendBack.
func attendBackRow(s, dp []float32, stats, delta, scale float32) {
	for i, v := range s {
		s[i] = exp32(fma32(v, scale, -stats))
		dp[i] = float32(s[i]*(dp[i]-delta)) * scale
	}
}

// attentionRef is the definition of Forward, a query at a time.
func attentionRef(a *Attention, o, stats, qkv []float32) {
	for h := range a.Heads {
		for i := range a.Positions {
			y := o[i*a.out()+h*a.Dim:][:a.Dim]
			stats[h*a.Positions+i] = a.queryRef(y, qkv, h, i)
		}
	}
}

// queryRef sets y to what head h mixes at position i, and returns ln Σ eˢ.
func (a *Attention) queryRef(y, qkv []float32, h, i int) float32 {
	clear(y)
	lo, hi := a.span(i, i+1)
	if lo == hi {
		return 0
	}
	m, l := float32(-maxFloat32), float32(0)
	for j := lo / keyTile * keyTile; j < hi; j += keyTile {
		p := a.scoresRef(qkv, h, i, j)
		next, sum := attendRow(p, m, a.scale())
		moved := exp32(m - next)
		l = fma32(l, moved, sum)
		for d := range y {
			y[d] *= moved
			for c, v := range p {
				y[d] = fma32(v*a.keepRef(h, i, j+c), a.valueRef(qkv, h, j+c)[d], y[d])
			}
		}
		m = next
	}
	for d := range y {
		y[d] *= 1 / l
	}
	return m + log32(l)
}

// scoresRef are q·k for the keys of a tile from j on, -Inf where not seen.
func (a *Attention) scoresRef(qkv []float32, h, i, j int) []float32 {
	s := make([]float32, min(keyTile, a.Positions-j))
	lo, hi := a.span(i, i+1)
	for c := range s {
		s[c] = -inf32
		if j+c >= lo && j+c < hi {
			s[c] = fmaChain(a.headQueryRef(qkv, h, i), a.keyRef(qkv, h, j+c), 0)
		}
	}
	return s
}

func fmaChain(x, y []float32, acc float32) float32 {
	for i, v := range x {
		acc = fma32(v, y[i], acc)
	}
	return acc
}

func (a *Attention) headQueryRef(qkv []float32, h, i int) []float32 {
	return qkv[i*a.width()+h*a.Dim:][:a.Dim]
}

func (a *Attention) keyRef(qkv []float32, h, j int) []float32 {
	return qkv[j*a.width()+a.keyColumn(h*a.KVHeads/a.Heads):][:a.Dim]
}

func (a *Attention) valueRef(qkv []float32, h, j int) []float32 {
	return qkv[j*a.width()+a.valueColumn(h*a.KVHeads/a.Heads):][:a.Dim]
}

// keepRef is the dropout mask of a probability.
func (a *Attention) keepRef(h, i, j int) float32 {
	if a.Drop.Scale == 0 {
		return 1
	}
	m := mask{key: a.Drop.Key, threshold: a.Drop.Threshold, scale: a.Drop.Scale}
	at := (h*a.Positions+i)*roundUp16(a.Positions) + j
	var words [4]float32
	m.ref(words[:], a.Drop.Position, at&^3)
	return words[at%4]
}

// attentionGradRef is the definition of Backward: queries ascending within
// heads ascending, and for each the keys ascending.
func attentionGradRef(a *Attention, dqkv, qkv, stats, o, do []float32) {
	clear(dqkv)
	for h := range a.Heads {
		for i := range a.Positions {
			at := i*a.out() + h*a.Dim
			g := do[at:][:a.Dim]
			delta, lse := rowDot(g, o[at:][:a.Dim]), stats[h*a.Positions+i]
			lo, hi := a.span(i, i+1)
			for j := lo; j < hi; j++ {
				p := exp32(fma32(fmaChain(a.headQueryRef(qkv, h, i), a.keyRef(qkv, h, j), 0), a.scale(), -lse))
				dp := fmaChain(g, a.valueRef(qkv, h, j), 0) * a.keepRef(h, i, j)
				ds := float32(p*(dp-delta)) * a.scale()
				addRef(a.headQueryRef(dqkv, h, i), ds, a.keyRef(qkv, h, j))
				addRef(a.keyRef(dqkv, h, j), ds, a.headQueryRef(qkv, h, i))
				addRef(a.valueRef(dqkv, h, j), p*a.keepRef(h, i, j), g)
			}
		}
	}
}

// addRef adds f·x to y.
func addRef(y []float32, f float32, x []float32) {
	for d, v := range x {
		y[d] = fma32(f, v, y[d])
	}
}
