package kernel

import (
	"testing"
	"unsafe"
)

func TestScratch(t *testing.T) {
	var s Scratch
	for _, n := range []int{0, 1, 15, 16, 1000, 7, 100000} {
		for slot := range s.slots {
			b := s.F32(slot, n)
			if len(b) != n {
				t.Fatalf("len = %d, want %d", len(b), n)
			}
			if p := uintptr(unsafe.Pointer(unsafe.SliceData(b))); p%64 != 0 {
				t.Fatalf("slot %d, n = %d: address %#x is not 64-byte aligned", slot, n, p)
			}
			d := s.F64(slot, n)
			if len(d) != n {
				t.Fatalf("len = %d, want %d", len(d), n)
			}
			for i := range d {
				d[i] = float64(slot)
			}
		}
	}
	for slot := range s.slots {
		if got := s.F64(slot, 1)[0]; got != float64(slot) {
			t.Errorf("slot %d holds %v: slots share memory", slot, got)
		}
	}
}

func TestScratchAllocatesOnce(t *testing.T) {
	var s Scratch
	s.F32(3, 5000)
	if n := testing.AllocsPerRun(10, func() { s.F32(3, 5000); s.F64(3, 2000) }); n != 0 {
		t.Errorf("%v allocations after growth, want 0", n)
	}
}
