package kernel

import "unsafe"

// Scratch is the working memory of kernels: one per goroutine. It grows on
// first use of a size and then allocates no more. The zero value is ready.
//
// A slot is one buffer; a kernel may hold several at once. Slots 0 to 7 belong
// to gemm, 8 to 15 to the element-wise and row kernels, 16 to 23 to attention.
type Scratch struct {
	slots [24][]float32
	tile  tileArgs
}

// F32 returns slot's buffer with n elements, 64-byte aligned. The contents are
// what the last user left. The next F32 or F64 of the slot ends its use.
func (s *Scratch) F32(slot, n int) []float32 {
	if cap(s.slots[slot]) < n {
		s.slots[slot] = alignedF32(n + n/4)
	}
	return s.slots[slot][:n]
}

// F64 is F32 for float64 elements, over the same memory.
func (s *Scratch) F64(slot, n int) []float64 {
	b := s.F32(slot, 2*n)
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// alignedF32 allocates at least n elements from a 64-byte boundary.
func alignedF32(n int) []float32 {
	b := make([]float32, n+16)
	skip := int(-uintptr(unsafe.Pointer(&b[0])) & 63 / 4)
	return b[skip:]
}
