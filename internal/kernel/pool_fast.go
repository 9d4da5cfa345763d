package kernel

import (
	"sync"
	"unsafe"
)

// The fast executions of pooling are fused element-wise programs: their rows are
// the windows of a run, side by side, their columns the channels, and each element
// of a window is a stream of its own. Streams are set by hand: a run is short, and
// what Run checks takes as long as it.

// poolRun is n windows of one width in a row of them, each step elements behind
// the one before.
type poolRun struct {
	first, n int  // number of the first window, and of windows
	span     Span // of the first
	step     int
}

// poolRuns cuts the windows along an axis into runs. Windows that do not follow
// others at their distance are alone.
func poolRuns(s []Span) (runs []poolRun) {
	for i, one := range s {
		if k := len(runs) - 1; k >= 0 && runs[k].takes(one) {
			runs[k].step = one.From - s[i-1].From
			runs[k].n++
			continue
		}
		runs = append(runs, poolRun{first: i, n: 1, span: one})
	}
	return runs
}

func (r *poolRun) takes(s Span) bool {
	next := r.span.From + r.n*r.step
	return s.To-s.From == r.span.To-r.span.From && s.Count == r.span.Count && (r.n == 1 && s.From > r.span.From || r.n > 1 && s.From == next)
}

// poolProgram is a fused program that is called without Run.
type poolProgram struct {
	kernel  int
	streams []uint8 // of the program, for each of the kernel
}

// program returns the kernel of a key: one of the table, or of a single op.
func program(key string) poolProgram {
	e := lazily(key)()
	for i, j := range e.fused.scalars {
		if i != int(j) {
			panic("kernel: pool: the table has other scalars: " + key)
		}
	}
	if e.fused.kernel > 0 {
		return poolProgram{e.fused.kernel, e.fused.streams}
	}
	if !e.single() {
		panic("kernel: pool: not in the table: " + key)
	}
	s := e.steps[0]
	return poolProgram{int(s.op), s.cells[:s.op.Arity()+1]}
}

// poolFold are the programs of a reduction.
type poolFold struct {
	of   [5]poolProgram // of 2, 3 and 4 elements
	mean bool           // divided by the count at the end
	four poolProgram    // the mean of four
	over poolProgram    // the division
}

var maxFold = sync.OnceValue(func() *poolFold {
	return &poolFold{of: [5]poolProgram{2: program("x2=max(x1,x0)"), 3: program("t0=max(x1,x0);x3=max(x2,t0)"),
		4: program("t0=max(x1,x0);t1=max(x2,t0);x4=max(x3,t1)")}}
})

var avgFold = sync.OnceValue(func() *poolFold {
	return &poolFold{of: [5]poolProgram{2: program("x2=add(x0,x1)"), 3: program("t0=add(x0,x1);x3=add(t0,x2)"),
		4: program("t0=add(x0,x1);t1=add(t0,x2);x4=add(t1,x3)")},
		mean: true, four: program("t0=add(x0,x1);t1=add(t0,x2);t2=add(t1,x3);x4=div(t2,s0)"), over: program("x1=div(x0,s0)")}
})

// poolGrads are the programs of the gradients.
type poolGrads struct {
	two, lastTwo poolProgram // of a maximum of four, two by two; what is left goes from the first to the last
	mark, give   poolProgram // of any: the number of the first that has it, from 1; its share
	spread, add  poolProgram // of an average of four; of one element of any
}

var gradPrograms = sync.OnceValue(func() *poolGrads {
	return &poolGrads{
		two:     program("t0=eq(x0,x2);t1=select(t0,x3,s0);x4=add(t1,s0);t2=select(t0,s0,x3);t3=eq(x1,x2);t4=select(t3,t2,s0);x5=add(t4,s0);x6=select(t3,s0,t2)"),
		lastTwo: program("t0=eq(x0,x2);t1=select(t0,x3,s0);x4=add(t1,s0);t2=select(t0,s0,x3);t3=eq(x1,x2);t4=select(t3,t2,s0);x5=add(t4,s0)"),
		mark:    program("t0=eq(x0,x1);x2=select(t0,s0,x2)"),
		give:    program("t0=eq(x0,s0);t1=select(t0,x1,s1);x2=add(x2,t1)"),
		spread:  program("t0=div(x0,s0);x1=add(t0,s1);x2=add(t0,s1);x3=add(t0,s1);x4=add(t0,s1)"),
		add:     program("t0=div(x0,s0);x1=add(x1,t0)"),
	}
})

// poolCall is windows of one run in one row of them: what a call works on.
type poolCall struct {
	vecArgs
	p        *Pool
	row, k   int // of windows, and of runs
	from     int // the first window of the run
	n        int // windows
	window   [2]Span
	elements int // of a window
}

// next moves c to the next call, by rows of windows; c begins with n = 0. Calls
// are cut: kernels are not preempted.
func (c *poolCall) next() bool {
	c.from += c.n
	if c.k < len(c.p.runs) && c.from == c.p.runs[c.k].n {
		c.k, c.from = c.k+1, 0
	}
	if c.k == len(c.p.runs) {
		c.row, c.k, c.from = c.row+1, 0, 0
	}
	if c.row == len(c.p.rows) || len(c.p.runs) == 0 {
		return false
	}
	run := &c.p.runs[c.k]
	c.n = min(run.n-c.from, max(1, chunkSize/c.p.c))
	c.window = [2]Span{c.p.rows[c.row], run.span}
	c.window[1].From += c.from * run.step
	c.window[1].To += c.from * run.step
	c.elements = (c.window[0].To - c.window[0].From) * (c.window[1].To - c.window[1].From)
	return true
}

// count is what an average divides by.
func (c *poolCall) count() float32 { return float32(c.window[0].Count * c.window[1].Count) }

// poolStream is an operand: an element of each window.
type poolStream struct {
	at     *float32
	stride int // elements from window to window
}

// in is element k of each window, by rows, in an image.
func (c *poolCall) in(image []float32, k int) poolStream {
	width := c.window[1].To - c.window[1].From
	i, j := c.window[0].From+k/width, c.window[1].From+k%width
	return poolStream{&image[(i*c.p.w+j)*c.p.c], c.p.runs[c.k].step * c.p.c}
}

// out is the element of each window in a pooled image.
func (c *poolCall) out(pooled []float32) poolStream {
	return poolStream{&pooled[(c.row*len(c.p.cols)+c.p.runs[c.k].first+c.from)*c.p.c], c.p.c}
}

// beside is an element of each window in memory of the call's own.
func (c *poolCall) beside(x []float32) poolStream { return poolStream{&x[0], c.p.c} }

// do runs a program.
func (c *poolCall) do(f *poolProgram, s ...poolStream) {
	c.rows, c.cols = c.n, c.p.c
	for i, j := range f.streams {
		c.ptr[i], c.stride[i] = unsafe.Pointer(s[j].at), 4*s[j].stride
	}
	vecCall(vecTable[f.kernel], &c.vecArgs)
}

func (p *Pool) foldFast(y, x []float32, f *poolFold) {
	for c := (poolCall{p: p}); c.next(); {
		out := c.out(y)
		c.scal[0] = c.count()
		switch {
		case f.mean && c.elements == 1:
			c.do(&f.over, c.in(x, 0), out)
		case f.mean && c.elements == 4:
			c.do(&f.four, c.in(x, 0), c.in(x, 1), c.in(x, 2), c.in(x, 3), out)
		case f.mean:
			c.fold(out, x, f)
			c.do(&f.over, out, out)
		default:
			c.fold(out, x, f)
		}
	}
}

// fold sets out to the reduction of each window, at most four elements at a time:
// out itself is the first from the second time on. One element is itself twice,
// which its maximum allows.
func (c *poolCall) fold(out poolStream, x []float32, f *poolFold) {
	var s [5]poolStream
	n := 0
	for k := range max(2, c.elements) {
		s[n] = c.in(x, min(k, c.elements-1))
		if n++; n == 4 || k == max(2, c.elements)-1 {
			s[n] = out
			c.do(&f.of[n], s[:n+1]...)
			s[0], n = out, 1
		}
	}
}

func (p *Pool) maxGradFast(g poolGrad, s *Scratch) {
	f := gradPrograms()
	if !p.square || !p.whole {
		clear(g.dx)
	}
	for c := (poolCall{p: p}); c.next(); {
		y, dy := c.out(g.y), c.out(g.dy)
		rest := s.F32(slotDown, c.n*p.c)
		at := c.beside(rest)
		if p.square {
			c.scal[0] = 0
			c.do(&f.two, c.in(g.x, 0), c.in(g.x, 1), y, dy, c.in(g.dx, 0), c.in(g.dx, 1), at)
			c.do(&f.lastTwo, c.in(g.x, 2), c.in(g.x, 3), y, at, c.in(g.dx, 2), c.in(g.dx, 3))
			continue
		}
		clear(rest)
		for k := c.elements - 1; k >= 0; k-- {
			c.scal[0] = float32(k + 1)
			c.do(&f.mark, c.in(g.x, k), y, at)
		}
		c.scal[1] = 0
		for k := c.elements - 1; k >= 0; k-- { // backwards, so that the windows of an element ascend
			c.scal[0] = float32(k + 1)
			c.do(&f.give, at, dy, c.in(g.dx, k))
		}
	}
}

func (p *Pool) avgGradFast(g poolGrad) {
	f := gradPrograms()
	if !p.square || !p.whole {
		clear(g.dx)
	}
	for c := (poolCall{p: p}); c.next(); {
		dy := c.out(g.dy)
		c.scal[0], c.scal[1] = c.count(), 0
		if p.square {
			c.do(&f.spread, dy, c.in(g.dx, 0), c.in(g.dx, 1), c.in(g.dx, 2), c.in(g.dx, 3))
			continue
		}
		for k := c.elements - 1; k >= 0; k-- { // backwards, so that the windows of an element ascend
			c.do(&f.add, dy, c.in(g.dx, k))
		}
	}
}
