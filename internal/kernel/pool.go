package kernel

import "fmt"

// Pooling of images x (H, W, C), channels last: windows are rectangles of rows
// and columns, each channel is pooled by itself, so vectors run along channels.
// A sum is that of its terms in ascending order: the elements of a window by rows
// from the first; the windows of an element by rows of windows from +0.

// Span is a window along one axis: the elements [From, To), and how many an
// average counts, padding with them.
type Span struct{ From, To, Count int }

// Pool is the pooling of images of one size. It is safe for concurrent use.
type Pool struct {
	rows, cols []Span
	h, w, c    int
	runs       []poolRun // of cols
	square     bool      // windows of 2 by 2 that share no element
	whole      bool      // every element is in a window
}

// NewPool prepares windows of images (h, w, c): every pair of a row of windows
// and a column of them. Neither decreases.
func NewPool(rows, cols []Span, h, w, c int) *Pool {
	for axis, n := range [2]int{h, w} {
		for i, s := range [2][]Span{rows, cols}[axis] {
			if s.From < 0 || s.From >= s.To || s.To > n || s.Count < s.To-s.From {
				panic(fmt.Sprintf("kernel: pool: window %d of axis %d is %v, want elements of %d", i, axis, s, n))
			}
		}
	}
	p := &Pool{rows: rows, cols: cols, h: h, w: w, c: c, runs: poolRuns(cols)}
	p.square = pairs(rows) && pairs(cols)
	p.whole = covers(rows, h) && covers(cols, w)
	return p
}

// pairs reports whether all windows have two elements, and none is in another.
func pairs(s []Span) bool {
	for i := range s {
		if s[i].To-s[i].From != 2 || i > 0 && s[i].From < s[i-1].To {
			return false
		}
	}
	return true
}

// covers reports whether all of n elements are in a window.
func covers(s []Span, n int) bool {
	to := 0
	for i := range s {
		if s[i].From > to {
			return false
		}
		to = max(to, s[i].To)
	}
	return to == n
}

// Size returns the elements of a pooled image: windows times channels.
func (p *Pool) Size() int { return len(p.rows) * len(p.cols) * p.c }

// image is the number of elements of an image.
func (p *Pool) image() int { return p.h * p.w * p.c }

// Max sets y to the maximum of each window of x; NaN if any is, of zeros the
// first.
func (p *Pool) Max(y, x []float32, examples int) {
	p.fold(y, x, examples, (*Pool).maxRef, maxFold)
}

// Avg sets y to the sum of each window of x over its count.
func (p *Pool) Avg(y, x []float32, examples int) {
	p.fold(y, x, examples, (*Pool).avgRef, avgFold)
}

// fold makes pooled images y of images x.
func (p *Pool) fold(y, x []float32, examples int, ref func(p *Pool, y, x []float32), fast func() *poolFold) {
	size, image := p.Size(), p.image()
	need("y", len(y), examples*size)
	need("x", len(x), examples*image)
	for e := range examples {
		if one, of := y[e*size:][:size], x[e*image:][:image]; vecTable == nil {
			ref(p, one, of)
		} else {
			p.foldFast(one, of, fast())
		}
	}
}

// MaxGrad sets dx to the gradient of Max: each element is the sum of dy over the
// windows in which it is the first that equals y.
func (p *Pool) MaxGrad(dx, x, y, dy []float32, examples int, s *Scratch) {
	size, image := p.Size(), p.image()
	need("dx", len(dx), examples*image)
	need("x", len(x), examples*image)
	need("y", len(y), examples*size)
	need("dy", len(dy), examples*size)
	for e := range examples {
		g := poolGrad{dx: dx[e*image:][:image], x: x[e*image:][:image], y: y[e*size:][:size], dy: dy[e*size:][:size]}
		if vecTable == nil {
			p.maxGradRef(g)
		} else {
			p.maxGradFast(g, s)
		}
	}
}

// AvgGrad sets dx to the gradient of Avg: each element is the sum of dy/count
// over the windows that it is in.
func (p *Pool) AvgGrad(dx, dy []float32, examples int) {
	size, image := p.Size(), p.image()
	need("dx", len(dx), examples*image)
	need("dy", len(dy), examples*size)
	for e := range examples {
		g := poolGrad{dx: dx[e*image:][:image], dy: dy[e*size:][:size]}
		if vecTable == nil {
			p.avgGradRef(g)
		} else {
			p.avgGradFast(g)
		}
	}
}

// poolGrad is what the gradient of one image is made of; x and y are those of
// maxima.
type poolGrad struct{ dx, x, y, dy []float32 }
