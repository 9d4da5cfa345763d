package cpu

import (
	"fmt"
	"unsafe"
)

// memory is a zeroed block, aligned to 64 bytes, addressed by byte offsets.
// Large blocks ask the system for huge pages.
type memory struct {
	block []byte
}

const hugePage = 2 << 20

// newMemory allocates a block for what, unless the machine cannot hold it:
// running out of memory later would end the process without a word.
func newMemory(what string, bytes int64) (memory, error) {
	if have := physical(); bytes < 0 || have > 0 && bytes > have {
		return memory{}, fmt.Errorf("engine/cpu: %s need %.1f GiB, this machine has %.1f GiB (make layers, the batch or exec.micro smaller)",
			what, float64(bytes)/(1<<30), float64(have)/(1<<30))
	}
	align := int64(64)
	if bytes >= hugePage {
		align = hugePage
	}
	b := make([]byte, max(bytes, 64)+align)
	skip := -int64(uintptr(unsafe.Pointer(&b[0]))) & (align - 1)
	b = b[skip : skip+max(bytes, 64)]
	if whole := bytes &^ (hugePage - 1); whole > 0 { // a part of a page would take all of it
		adviseHuge(b[:whole])
	}
	return memory{b}, nil
}

func (m memory) at(offset, bytes int64) unsafe.Pointer {
	if bytes == 0 {
		bytes = 1
	}
	return unsafe.Pointer(&m.block[offset : offset+bytes][0])
}

func (m memory) f32(offset int64, n int) []float32 {
	return unsafe.Slice((*float32)(m.at(offset, 4*int64(n))), n)
}

func (m memory) f64(offset int64, n int) []float64 {
	return unsafe.Slice((*float64)(m.at(offset, 8*int64(n))), n)
}

func (m memory) i32(offset int64, n int) []int32 {
	return unsafe.Slice((*int32)(m.at(offset, 4*int64(n))), n)
}
