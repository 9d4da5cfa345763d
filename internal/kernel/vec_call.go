package kernel

import "unsafe"

//go:generate sh -c "cd _asm && go run ./vec"

// vecArgs is what every generated vector kernel takes: rows x cols elements of
// up to eight streams. The generator knows the offsets (_asm/vec/emit.go).
type vecArgs struct {
	rows, cols int
	ptr        [MaxStreams]unsafe.Pointer
	stride     [MaxStreams]int // bytes from row to row
	scal       [MaxScalars]float32
}

// row returns row r of stream i, for the plain Go kernels.
func (a *vecArgs) row(i, r int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(a.ptr[i], r*a.stride[i])), a.cols)
}

// vecTable holds the entry points of the generated kernels of the active tier;
// nil means plain Go. The first numOps are the ops, then come the fixed kernels
// (zvec_amd64.go names them), then the fused programs.
var vecTable []uintptr
