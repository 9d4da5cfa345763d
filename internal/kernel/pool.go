package kernel

import "fmt"

// Pooling of images x (H, W, C), channels last: windows are rectangles of rows
// and columns, each channel is pooled by itself, so vectors run along channels.
// What is summed is summed from +0 in ascending order: the elements of a window
// by rows, the windows of an element by rows of windows.

// Span is a window along one axis: the elements [From, To), and how many an
// average counts, padding with them.
type Span struct{ From, To, Count int }

// Pool is the pooling of images of one size. It is safe for concurrent use.
type Pool struct {
	rows, cols []Span
	h, w, c    int
}

// NewPool prepares windows of images (h, w, c): every pair of a row of windows
// and a column of them.
func NewPool(rows, cols []Span, h, w, c int) *Pool {
	for axis, n := range [2]int{h, w} {
		for i, s := range [2][]Span{rows, cols}[axis] {
			if s.From < 0 || s.From >= s.To || s.To > n || s.Count < s.To-s.From {
				panic(fmt.Sprintf("kernel: pool: window %d of axis %d is %v, want elements of %d", i, axis, s, n))
			}
		}
	}
	return &Pool{rows: rows, cols: cols, h: h, w: w, c: c}
}

// Size returns the elements of a pooled image: windows times channels.
func (p *Pool) Size() int { return len(p.rows) * len(p.cols) * p.c }

// image is the number of elements of an image.
func (p *Pool) image() int { return p.h * p.w * p.c }

// Max sets y to the maximum of each window of x; NaN if any is, of zeros the
// first.
func (p *Pool) Max(y, x []float32, examples int) {
	need("y", len(y), examples*p.Size())
	need("x", len(x), examples*p.image())
	p.each(y, x, examples, p.maxRef)
}

// Avg sets y to the sum of each window of x over its count.
func (p *Pool) Avg(y, x []float32, examples int) {
	need("y", len(y), examples*p.Size())
	need("x", len(x), examples*p.image())
	p.each(y, x, examples, p.avgRef)
}

// MaxGrad sets dx to the gradient of Max: each element is the sum of dy over the
// windows in which it is the first that equals y.
func (p *Pool) MaxGrad(dx, x, y, dy []float32, examples int) {
	need("dx", len(dx), examples*p.image())
	need("x", len(x), examples*p.image())
	need("y", len(y), examples*p.Size())
	need("dy", len(dy), examples*p.Size())
	for e := range examples {
		big, small := e*p.image(), e*p.Size()
		p.maxGradRef(dx[big:][:p.image()], x[big:], y[small:], dy[small:])
	}
}

// AvgGrad sets dx to the gradient of Avg: each element is the sum of dy/count
// over the windows that it is in.
func (p *Pool) AvgGrad(dx, dy []float32, examples int) {
	need("dx", len(dx), examples*p.image())
	need("dy", len(dy), examples*p.Size())
	p.each(dy, dx, examples, p.avgGradRef)
}

// each calls f for the pooled image and the image of each example.
func (p *Pool) each(small, big []float32, examples int, f func(small, big []float32)) {
	for e := range examples {
		f(small[e*p.Size():][:p.Size()], big[e*p.image():][:p.image()])
	}
}
