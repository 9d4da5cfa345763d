package kernel

// windows calls f for each window, ascending: where its element of the first
// channel is in a pooled image, the window's rows and columns, and what an
// average divides by.
func (p *Pool) windows(f func(at int, rows, cols Span, count float32)) {
	at := 0
	for _, r := range p.rows {
		for _, c := range p.cols {
			f(at, r, c, float32(r.Count*c.Count))
			at += p.c
		}
	}
}

// inside calls f for each element of a window, of channel 0, by rows.
func (p *Pool) inside(rows, cols Span, f func(at int)) {
	for i := rows.From; i < rows.To; i++ {
		for j := cols.From; j < cols.To; j++ {
			f((i*p.w + j) * p.c)
		}
	}
}

// foldRef sets out to op(op(x₀, x₁), x₂) … of the elements of a window.
func (p *Pool) foldRef(out, x []float32, rows, cols Span, op func(v, sum float32) float32) {
	first := (rows.From*p.w + cols.From) * p.c
	copy(out, x[first:])
	p.inside(rows, cols, func(from int) {
		if from == first {
			return
		}
		for c, v := range x[from:][:p.c] {
			out[c] = op(v, out[c])
		}
	})
}

func (p *Pool) maxRef(y, x []float32) {
	p.windows(func(at int, rows, cols Span, _ float32) { p.foldRef(y[at:][:p.c], x, rows, cols, max32) })
}

func (p *Pool) avgRef(y, x []float32) {
	p.windows(func(at int, rows, cols Span, count float32) {
		out := y[at:][:p.c]
		p.foldRef(out, x, rows, cols, func(v, sum float32) float32 { return sum + v })
		for c := range out {
			out[c] /= count
		}
	})
}

func (p *Pool) maxGradRef(g poolGrad) {
	clear(g.dx)
	p.windows(func(at int, rows, cols Span, _ float32) {
		for c := range p.c {
			p.firstMax(g.dx[c:], g.x[c:], g.y[at+c], g.dy[at+c], rows, cols)
		}
	})
}

// firstMax adds dy to the first element of a window of one channel that equals y.
func (p *Pool) firstMax(dx, x []float32, y, dy float32, rows, cols Span) {
	for i := rows.From; i < rows.To; i++ {
		for j := cols.From; j < cols.To; j++ {
			if at := (i*p.w + j) * p.c; x[at] == y {
				dx[at] += dy
				return
			}
		}
	}
}

func (p *Pool) avgGradRef(g poolGrad) {
	clear(g.dx)
	p.windows(func(at int, rows, cols Span, count float32) {
		p.inside(rows, cols, func(to int) {
			for c := range p.c {
				g.dx[to+c] += g.dy[at+c] / count
			}
		})
	})
}
