// Package kernel holds the inner loops: matrix products, transposition,
// element-wise programs, row sums, losses and attention, over slices and strides.
//
// Each family of kernels has a definition in plain Go (x_ref.go) and faster
// executions for AVX2 with FMA and for AVX-512 (generated assembly, see _asm).
// All of them give the same bits, whatever the tier, the blocking or the number
// of threads, because each kernel fixes the order of its float32 operations:
//
//   - a matrix product sums each element of C in one chain of fused
//     multiply-adds, in the order of k;
//   - a row sum has sixteen fixed lanes and a fixed tree;
//   - a transcendental function is a fixed sequence of rounded operations.
//
// Kernels are not preempted while they run, so callers cut long work into
// pieces. They check lengths and panic on a mistake of the caller; they never
// allocate after their Scratch has grown. docs/kernels.md has the layouts, the
// tile shapes and the measured speed.
package kernel

//go:generate sh -c "cd _asm && go run ./gemm -out ../zgemm_amd64.s -stubs ../zgemm_amd64.go -pkg kernel"
