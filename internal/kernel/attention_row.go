package kernel

// The row kernels of attention, over tiles whose rows are keyTile apart.

// scaleRows sets row r of y (rows, cols) to that of x times f[r·step]. y may be
// x.
func scaleRows(y, x, f []float32, rows, cols, ldy, ldx, step int) {
	if vecTable == nil {
		for r := range rows {
			for c, v := range x[r*ldx:][:cols] {
				y[r*ldy+c] = v * f[r*step]
			}
		}
		return
	}
	a := vecArgs{cols: cols}
	a.set(0, x, ldx)
	a.set(1, y, ldy)
	a.set(2, f, step)
	a.callRows(kScaleRows, rows)
}

// mulRows sets x to x∘y, both (rows, cols) with row distance ld.
func mulRows(x, y []float32, rows, cols, ld int) {
	a := vecArgs{rows: rows, cols: cols}
	a.set(0, x, ld)
	a.set(1, y, ld)
	a.set(2, x, ld)
	runOp(Mul, &a)
}

// attendRows takes a tile of scores: next = max(m, scale·max s), sum = Σ16
// e^(scale·s - next), and leaves e^(scale·s - next) in s.
func attendRows(s, m, next, sum []float32, scale float32, rows, cols int) {
	if vecTable == nil {
		for r := range rows {
			next[r], sum[r] = attendRow(s[r*keyTile:][:cols], m[r], scale)
		}
		return
	}
	a := vecArgs{cols: cols}
	a.scal[0] = scale
	a.set(0, s, keyTile)
	a.set(1, m, 1)
	a.set(2, next, 1)
	a.set(3, sum, 1)
	a.callTile(kAttendRows, kAttendTile, rows)
}

// attendSums sets factor = e^(m-next) and l = fma(l, factor, sum).
func attendSums(m, next, factor, l, sum []float32, rows int) {
	if vecTable == nil {
		for r := range rows {
			factor[r] = exp32(m[r] - next[r])
			l[r] = fma32(l[r], factor[r], sum[r])
		}
		return
	}
	a := vecArgs{rows: 1, cols: rows}
	for i, x := range [...][]float32{m, next, factor, l, sum} {
		a.set(i, x, 0)
	}
	vecCall(vecTable[kAttendSums], &a)
}

// attendEnd sets factor = 1/l and stats = m + ln l.
func attendEnd(m, l, factor, stats []float32, rows int) {
	if vecTable == nil {
		for r := range rows {
			factor[r], stats[r] = 1/l[r], m[r]+log32(l[r])
		}
		return
	}
	a := vecArgs{rows: 1, cols: rows}
	for i, x := range [...][]float32{m, l, factor, stats} {
		a.set(i, x, 0)
	}
	vecCall(vecTable[kAttendEnd], &a)
}

// attendBack takes a tile of scores s and cotangents dp of the probabilities,
// and leaves p = e^(scale·s - stats) and p·(dp - delta)·scale there.
func attendBack(s, dp, stats, delta []float32, scale float32, rows, cols int) {
	if vecTable == nil {
		for r := range rows {
			attendBackRow(s[r*keyTile:][:cols], dp[r*keyTile:], stats[r], delta[r], scale)
		}
		return
	}
	a := vecArgs{cols: cols}
	a.scal[0] = scale
	a.set(0, s, keyTile)
	a.set(1, dp, keyTile)
	a.set(2, stats, 1)
	a.set(3, delta, 1)
	a.callTile(kAttendBack, kAttendBackTile, rows)
}

// tileRows are how many rows a tile kernel takes at once, by vectors of a row:
// together in _asm/vec/attention.go.
var tileRows = [...]int{1: 4, 2: 4, 3: 2, 4: 2}

// callTile runs a kernel over the rows of a tile: the tile kernel, which takes
// some rows at once, over as many as it can, if a row is whole vectors.
func (a *vecArgs) callTile(kernel, tile, rows int) {
	if n := a.cols / 16; a.cols%16 == 0 && vecTable[tile+n-1] != 0 {
		if a.rows = rows / tileRows[n] * tileRows[n]; a.rows > 0 {
			vecCall(vecTable[tile+n-1], a)
		}
		if rows -= a.rows; rows > 0 {
			a.skip(a.rows)
		}
	}
	a.callRows(kernel, rows)
}
