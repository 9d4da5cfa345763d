package kernel

import (
	"unsafe"

	"github.com/descent-ml/descent/internal/rng"
)

// maskBlock is how many elements one round of the kernel makes: eight Philox
// blocks of four words.
const maskBlock = 32

// DropoutMask fills dst (rows, cols). Row r belongs to position pos = first+r of
// the stream of key, whatever the batch it is in: element e of it takes word e%4
// of rng.Philox({lo(pos), hi(pos), e/4, 0}, key), and is scale where the word is
// at least threshold, else 0. The share of zeros is threshold/2³².
func DropoutMask(dst []float32, rows, cols int, key [2]uint32, first uint64, threshold uint32, scale float32) {
	if rows <= 0 || cols <= 0 {
		return
	}
	need("dst", len(dst), rows*cols)
	m := mask{key: key, threshold: threshold, scale: scale}
	m.schedule()
	for r := range rows {
		row, pos := dst[r*cols:][:cols], first+uint64(r)
		m.part(row, pos, 0)
	}
}

// mask has the layout that the kernel reads: see _asm/vec/rand.go.
type mask struct {
	keys      [10][2]uint32 // of each round
	pos       [2]uint32
	block     uint32 // the first block
	threshold uint32
	scale     float32
	key       [2]uint32
}

// part makes elements from, from+1, ... of the row at a position; from is a
// multiple of 4.
func (m *mask) part(row []float32, pos uint64, from int) {
	if vecTable == nil {
		m.ref(row, pos, from)
		return
	}
	m.fill(row, pos, from)
}

func (m *mask) ref(row []float32, pos uint64, from int) {
	for e := 0; e < len(row); e += 4 {
		words := rng.Philox([4]uint32{uint32(pos), uint32(pos >> 32), uint32((from + e) / 4), 0}, m.key)
		for i := range min(4, len(row)-e) {
			row[e+i] = pick(words[i] >= m.threshold, m.scale, 0)
		}
	}
}

func (m *mask) schedule() {
	for i := range uint32(10) {
		m.keys[i] = [2]uint32{m.key[0] + i*0x9E3779B9, m.key[1] + i*0xBB67AE85}
	}
}

// fill makes whole blocks in place and the last part by way of a buffer.
func (m *mask) fill(row []float32, pos uint64, from int) {
	m.pos = [2]uint32{uint32(pos), uint32(pos >> 32)}
	for e := 0; e < len(row); e += chunkSize {
		part := row[e:min(len(row), e+chunkSize)]
		n := len(part) &^ (maskBlock - 1)
		m.blocks(part[:n], from+e)
		if n < len(part) {
			var last [maskBlock]float32
			m.blocks(last[:], from+e+n)
			copy(part[n:], last[:])
		}
	}
}

// blocks fills dst, a multiple of maskBlock, from element e of the row on.
func (m *mask) blocks(dst []float32, e int) {
	if len(dst) == 0 {
		return
	}
	m.block = uint32(e / 4)
	a := vecArgs{rows: 1, cols: len(dst)}
	a.ptr[0], a.ptr[1] = unsafe.Pointer(m), unsafe.Pointer(&dst[0]) // by hand: set would let m and dst escape
	vecCall(vecTable[kMask], &a)
}
