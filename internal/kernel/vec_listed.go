package kernel

import (
	"fmt"
	"unsafe"
)

// listedAhead is how many rows ahead of its own RunListed fetches, and
// listedGroup how many it fetches at once.
const (
	listedAhead = 16
	listedGroup = 4
)

// InPlace reports whether RunListed can run rows of cols elements: the active
// tier has a generated kernel of the program, and a row is worth a call of it.
func (e *Elementwise) InPlace(cols int) bool { return e.inTable() && cols >= 16 }

// RunListed is Run over one row for each number of a list. Row i of a stream with
// access Listed is row idx[i] of its data, a table of rows of cols elements, which
// is read and written where it lies. The list names no row twice. Streams are
// Listed, Full with stride cols, or Row. It panics as Run does, if a row is
// outside its table, and if not InPlace.
func (e *Elementwise) RunListed(idx []int32, cols int, streams []Stream, scalars []float32) {
	if len(idx) == 0 {
		return
	}
	e.checkListed(idx, cols, streams, scalars)
	var a vecArgs
	for i, j := range e.fused.scalars {
		a.scal[i] = scalars[j]
	}
	for r := 0; r < len(idx); r += listedGroup {
		n := min(listedGroup, len(idx)-r)
		if ahead := idx[min(r+listedAhead, len(idx)):]; len(ahead) > 0 {
			e.fetch(ahead[:min(len(ahead), listedGroup)], cols, streams)
		}
		e.runListed(&a, idx[r:r+n], r, cols, streams)
	}
}

// runListed runs the rows of idx, the first of which is row r.
func (e *Elementwise) runListed(a *vecArgs, idx []int32, r, cols int, streams []Stream) {
	for k, row := range idx {
		a.rows, a.cols = 1, cols
		for i, j := range e.fused.streams {
			x := &streams[j]
			at := 0
			switch x.Access {
			case Listed:
				at = int(row) * cols
			case Full:
				at = (r + k) * cols
			}
			a.ptr[i] = unsafe.Pointer(&x.Data[at])
		}
		vecCall(vecTable[e.fused.kernel], a)
	}
}

// fetch brings rows of the tables into L2.
func (e *Elementwise) fetch(idx []int32, cols int, streams []Stream) {
	for i := range streams {
		if streams[i].Access == Listed {
			a := vecArgs{rows: len(idx), cols: cols}
			a.set(1, streams[i].Data, cols)
			a.ptr[2], a.ptr[3] = unsafe.Pointer(&idx[0]), unsafe.Pointer(&idx[0])
			a.stride[2], a.stride[3] = 4, 4
			vecCall(vecTable[kFetchRows], &a)
		}
	}
}

// checkListed panics unless RunListed can run.
func (e *Elementwise) checkListed(idx []int32, cols int, streams []Stream, scalars []float32) {
	if len(streams) != e.program.Streams || len(scalars) != e.program.Scalars || !e.InPlace(cols) {
		panic(fmt.Sprintf("kernel: elementwise: rows of %d, %d streams and %d scalars, want %d and %d",
			cols, len(streams), len(scalars), e.program.Streams, e.program.Scalars))
	}
	for i := range streams {
		x := &streams[i]
		want := cols
		switch x.Access {
		case Listed:
			inTable(x.Data, idx, cols)
		case Full:
			want *= len(idx)
		case Col:
			panic("kernel: elementwise: a list of rows with one value for each")
		}
		if len(x.Data) < want || e.outputs[i] && x.Access == Row {
			panic(fmt.Sprintf("kernel: elementwise: stream %d (access %d): len %d, want %d", i, x.Access, len(x.Data), want))
		}
	}
	e.checkLate(streams)
}
