package kernel

import (
	"fmt"
	"math"
	"unsafe"
)

// Access says how a stream covers the rows x cols elements of a Run.
type Access uint8

const (
	Full   Access = iota // element (r, c) at Data[r*Stride+c]
	Row                  // one vector of cols, the same for every row
	Col                  // one value for each row
	Listed               // row r is a row of a table, named by a list: RunListed alone
)

// Stream is one vector operand of a Run. Outputs are Full. An output may alias
// an input exactly (same Data, same Stride), if the program does not read that
// input after it has assigned the output; otherwise streams do not overlap an
// output.
type Stream struct {
	Data   []float32
	Access Access
	Stride int // elements from row to row; Full only
}

// Elementwise is a compiled program: immutable, for any number of goroutines.
type Elementwise struct {
	program Program
	outputs [MaxStreams]bool
	late    [][2]uint8 // {output, input} that must not alias: the input is read after the assignment
	fused   match      // the generated kernel; kernel is 0 if there is none
	steps   []step
	buffers int // tiles that the interpreter holds: scalars, then temporaries
}

// step is one instruction of the interpreter; its operands and result are cells.
// Cells are the streams, then the buffers.
type step struct {
	op    Op
	cells [4]uint8
}

// Compile prepares a program. It panics if the program is not valid.
func Compile(p *Program) *Elementwise {
	if err := p.Validate(); err != nil {
		panic(err)
	}
	e := &Elementwise{program: *p, outputs: p.outputs(), late: p.readsLate(), fused: findFused(p)}
	e.program.Code = append([]Instr(nil), p.Code...)
	e.allocate()
	return e
}

// Fused reports whether Run uses one generated kernel on the active tier: the
// program is in the table, or it is a single op on streams.
func (e *Elementwise) Fused() bool { return vecTable != nil && (e.fused.kernel > 0 || e.single()) }

func (e *Elementwise) single() bool { return len(e.steps) == 1 && e.buffers == 0 }

// inTable reports whether Run uses a kernel of the table.
func (e *Elementwise) inTable() bool { return vecTable != nil && e.fused.kernel > 0 }

// allocate makes the steps and gives each temporary a buffer, which is free
// again after its last use.
func (e *Elementwise) allocate() {
	p := &e.program
	last := map[Ref]int{}
	for i := range p.Code {
		for _, r := range p.Code[i].operands() {
			last[r] = i
		}
	}
	cells := map[Ref]uint8{}
	for i := range p.Streams {
		cells[StreamRef(i)] = uint8(i)
	}
	for i := range p.Scalars {
		cells[ScalarRef(i)] = uint8(p.Streams + i)
	}
	next, free := uint8(p.Streams+p.Scalars), []uint8(nil)
	for i := range p.Code {
		in := &p.Code[i]
		s := step{op: in.Op}
		for j, r := range in.operands() {
			s.cells[j] = cells[r]
		}
		for _, r := range in.operands() {
			if c, ok := cells[r]; ok && r.Kind == KindTemp && last[r] == i {
				free = append(free, c)
				delete(cells, r)
			}
		}
		if in.Dst.Kind == KindTemp {
			if len(free) == 0 {
				free = append(free, next)
				next++
			}
			cells[in.Dst], free = free[len(free)-1], free[:len(free)-1]
		}
		s.cells[in.Op.Arity()] = cells[in.Dst]
		e.steps = append(e.steps, s)
	}
	e.buffers = int(next) - p.Streams
}

const (
	tileSize  = 1024    // elements of a tile of the interpreter: 4 KB, so that ten fit L1
	chunkSize = 1 << 15 // most elements of one call of a fused kernel: kernels are not preempted
	slotTiles = 8       // Scratch slots
	slotCols  = 9

	slotRepeated = 11
)

// Run applies the program to rows x cols elements. It does not allocate once s
// has grown. It panics if a stream is too short, an output is not Full, or an
// output aliases an input that the program reads afterwards.
func (e *Elementwise) Run(rows, cols int, streams []Stream, scalars []float32, s *Scratch) {
	if rows <= 0 || cols <= 0 {
		return
	}
	flat, splat := e.check(rows, cols, streams, scalars)
	if splat && e.scaleRows(rows, cols, streams) {
		return
	}
	if many := wideRow / cols; !flat && !splat && many > 1 && rows >= 2*many && contiguous(cols, streams) {
		e.runRepeated(rows, cols, many, streams, scalars, s)
		return
	}
	e.run(rows, cols, flat, splat, streams, scalars, s)
}

// wideRow is what short rows are joined to. A row costs about as much as two vectors
// of it beside them.
const wideRow = 256

// contiguous reports whether the rows of streams lie one behind the other.
func contiguous(cols int, streams []Stream) bool {
	for i := range streams {
		if x := &streams[i]; x.Access == Listed || x.Access == Full && x.Stride != cols {
			return false
		}
	}
	return true
}

// runRepeated takes many rows as one, over copies of the streams that all rows read,
// side by side. It is for the channels of images: 16 of them are one vector.
func (e *Elementwise) runRepeated(rows, cols, many int, streams []Stream, scalars []float32, s *Scratch) {
	var wide, rest [MaxStreams]Stream
	whole := rows / many
	copies := s.F32(slotRepeated, len(streams)*many*cols)
	for i, x := range streams {
		wide[i], rest[i] = x, x
		wide[i].Stride = many * cols
		switch x.Access {
		case Full:
			rest[i].Data = x.Data[whole*many*cols:]
		case Row:
			wide[i].Data = copies[i*many*cols:][:many*cols]
			for c := range many {
				copy(wide[i].Data[c*cols:], x.Data[:cols])
			}
		}
	}
	e.run(whole, many*cols, false, false, wide[:len(streams)], scalars, s)
	e.run(rows-whole*many, cols, false, false, rest[:len(streams)], scalars, s)
}

// run is Run behind its checks.
func (e *Elementwise) run(rows, cols int, flat, splat bool, streams []Stream, scalars []float32, s *Scratch) {
	if flat {
		rows, cols = 1, rows*cols
	}
	size := tileSize
	if e.Fused() && !splat {
		size = chunkSize
	}
	nc := min(cols, size)
	nr := min(rows, max(1, size/nc))
	t := tiler{e: e, nr: nr, nc: nc}
	if splat {
		t.splats = s.F32(slotCols, max(len(streams), len(e.fused.streams))*nr*nc)
	}
	if e.inTable() {
		for i, j := range e.fused.scalars {
			t.args.scal[i] = scalars[j]
		}
	} else {
		t.buffers = s.F32(slotTiles, e.buffers*nr*nc)
		for i, v := range scalars {
			splatTo(t.buffer(i)[:nc], v)
		}
	}
	for r := 0; r < rows; r += nr {
		for c := 0; c < cols; c += nc {
			t.run(streams, r, c, min(nr, rows-r), min(nc, cols-c))
		}
	}
}

// scaleRows runs a program that is one product of rows and a number for each of
// them, without writing the numbers out to rows. It reports whether it is one.
func (e *Elementwise) scaleRows(rows, cols int, streams []Stream) bool {
	if !e.single() || e.program.Code[0].Op != Mul || vecTable == nil {
		return false
	}
	c := &e.steps[0].cells
	x, f, y := &streams[c[0]], &streams[c[1]], &streams[c[2]]
	if x.Access == Col {
		x, f = f, x
	}
	if x.Access != Full || f.Access != Col {
		return false
	}
	scaleRows(y.Data, x.Data, f.Data, rows, cols, y.Stride, x.Stride, 1)
	return true
}

// check reports whether the elements of every stream lie in one line, and
// whether a stream has one value for each row.
func (e *Elementwise) check(rows, cols int, streams []Stream, scalars []float32) (flat, splat bool) {
	if len(streams) != e.program.Streams || len(scalars) != e.program.Scalars {
		panic(fmt.Sprintf("kernel: elementwise: %d streams and %d scalars, want %d and %d",
			len(streams), len(scalars), e.program.Streams, e.program.Scalars))
	}
	flat = true
	for i := range streams {
		x := &streams[i]
		want := cols
		switch x.Access {
		case Full:
			want += (rows - 1) * x.Stride
			flat = flat && (x.Stride == cols || rows == 1)
		case Row:
			flat = flat && rows == 1
		case Col:
			want = rows
			flat, splat = flat && rows == 1, true
		case Listed:
			want = math.MaxInt
		}
		if len(x.Data) < want || x.Stride < 0 || e.outputs[i] && (x.Access != Full || x.Stride < cols && rows > 1) {
			panic(fmt.Sprintf("kernel: elementwise: stream %d (access %d, stride %d): len %d, want %d x %d; an output is Full",
				i, x.Access, x.Stride, len(x.Data), rows, cols))
		}
	}
	e.checkLate(streams)
	return flat, splat
}

// checkLate panics if an input that is read late is one with an output.
func (e *Elementwise) checkLate(streams []Stream) {
	for _, l := range e.late {
		if &streams[l[0]].Data[0] == &streams[l[1]].Data[0] {
			panic(fmt.Sprintf("kernel: elementwise: stream %d is read after its alias %d is assigned", l[1], l[0]))
		}
	}
}

// tiler is the state of one Run.
type tiler struct {
	e       *Elementwise
	nr, nc  int // full tile
	buffers []float32
	splats  []float32
	args    vecArgs
}

func (t *tiler) buffer(i int) []float32 { return t.buffers[i*t.nr*t.nc:][:t.nr*t.nc] }

// run computes rows [r, r+nr), columns [c, c+nc).
func (t *tiler) run(streams []Stream, r, c, nr, nc int) {
	a := &t.args
	a.rows, a.cols = nr, nc
	if t.e.inTable() {
		for i, j := range t.e.fused.streams {
			t.place(i, &streams[j], r, c)
		}
		vecCall(vecTable[t.e.fused.kernel], a)
		return
	}
	for i := range streams {
		t.place(i, &streams[i], r, c)
	}
	t.interpret(a)
}

// place makes x the operand i of the tile at (r, c).
func (t *tiler) place(i int, x *Stream, r, c int) {
	a := &t.args
	switch x.Access {
	case Full:
		a.ptr[i], a.stride[i] = unsafe.Pointer(&x.Data[r*x.Stride+c]), x.Stride*4
	case Row:
		a.ptr[i], a.stride[i] = unsafe.Pointer(&x.Data[c]), 0
	case Col:
		tile := t.splats[i*t.nr*t.nc:]
		for j, v := range x.Data[r : r+a.rows] {
			splatTo(tile[j*a.cols:][:a.cols], v)
		}
		a.ptr[i], a.stride[i] = unsafe.Pointer(&tile[0]), a.cols*4
	}
}

// interpret runs the steps over the tile whose streams are a.
func (t *tiler) interpret(a *vecArgs) {
	o := vecArgs{rows: a.rows, cols: a.cols}
	streams := t.e.program.Streams
	for i := range t.e.steps {
		s := &t.e.steps[i]
		for j := range s.op.Arity() + 1 {
			c := int(s.cells[j])
			if c < streams {
				o.ptr[j], o.stride[j] = a.ptr[c], a.stride[c]
				continue
			}
			o.ptr[j], o.stride[j] = unsafe.Pointer(&t.buffers[(c-streams)*t.nr*t.nc]), a.cols*4
			if c < streams+t.e.program.Scalars {
				o.stride[j] = 0
			}
		}
		runOp(s.op, &o)
	}
}

func runOp(op Op, a *vecArgs) {
	if vecTable == nil {
		op.refTile(a)
		return
	}
	vecCall(vecTable[op], a)
}

// splatTo sets x to v. The copies double: it runs at memmove's speed.
func splatTo(x []float32, v float32) {
	if len(x) == 0 {
		return
	}
	head := x[:min(16, len(x))]
	for i := range head {
		head[i] = v
	}
	for n := len(head); n < len(x); n *= 2 {
		copy(x[n:], x[:n])
	}
}
