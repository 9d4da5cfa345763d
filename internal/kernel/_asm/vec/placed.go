package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Rows of a table that a list names. Stream 1 is the table, its stride the bytes
// from row to row; stream 2 is the list, of int32, and stream 3 another one of as
// many rows, which are fetched ahead, into L2: more of them are then on the way at
// once than L1 allows. Both lists have stride 4.
const (
	streamTable = 1
	streamList  = 2
	streamNext  = 3
)

// placed emits a kernel over rows of the table and rows of stream 0. enter is
// given the number in the list, body a vector of each pass. rows of vecArgs is then
// how many are left.
func (g *gen) placed(name string, enter func(f *frame, number reg.GPVirtual), shift uint64, body func(b block)) {
	streams := []int{0, streamList, streamNext}
	g.rowKernel(name, streams, func(f *frame) {
		row, next := g.GP64(), g.GP64()
		g.MOVLQSX(Mem{Base: f.ptr[streamList]}, row)
		enter(f, row)
		f.addressOf(row, shift)
		f.ptr[streamTable] = row
		g.MOVLQSX(Mem{Base: f.ptr[streamNext]}, next)
		f.addressOf(next, shift)
		f.pass(func(b block) {
			if b.part == 0 {
				b.PREFETCHT1(Mem{Base: next, Index: b.idx, Scale: 1})
			}
			body(b)
		})
		g.DECQ(f.arg(offRows))
	})
}

// addressOf makes a number of the list, less shift bits, the address of its row.
func (f *frame) addressOf(number reg.GPVirtual, shift uint64) {
	if shift > 0 {
		f.SARQ(Imm(shift), number)
	}
	f.IMULQ(f.arg(offStride+8*streamTable), number)
	f.ADDQ(f.arg(offPtr+8*streamTable), number)
}

// gatherRows copies rows of the table to stream 0, setRows the other way.
func gatherRows(g *gen, name string) {
	g.placed(name, func(*frame, reg.GPVirtual) {}, 0, func(b block) { b.store(0, b.load(streamTable)) })
}

func setRows(g *gen, name string) {
	g.placed(name, func(*frame, reg.GPVirtual) {}, 0, func(b block) { b.store(streamTable, b.load(0)) })
}

// fetchRows fetches the rows that the second list names, and does no more.
func fetchRows(g *gen, name string) {
	g.placed(name, func(*frame, reg.GPVirtual) {}, 0, func(block) {})
}

// addRows adds rows of stream 0 to rows of the table. The list is of codes
// (rowplace.go): place<<2, and 1 for a row that is 0 so far, whatever it holds. It
// ends before a code with 2.
func addRows(g *gen, name string) {
	end := g.label("end")
	var keep vec
	g.placed(name, func(f *frame, code reg.GPVirtual) {
		g.TESTQ(U32(2), code)
		g.JNZ(LabelRef(end))
		m, x := g.GP64(), g.XMM()
		g.MOVQ(code, m)
		g.ANDQ(Imm(1), m)
		g.DECQ(m)
		g.VMOVD(m.As32(), x)
		keep = g.reg()
		g.VBROADCASTSS(x, keep)
	}, 2, func(b block) {
		b.store(streamTable, b.add(b.and(b.load(streamTable), keep), b.load(0)))
	})
	g.Label(end)
	g.VZEROUPPER()
	g.RET()
}
