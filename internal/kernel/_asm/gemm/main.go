// Command gemm writes the matrix product and transposition kernels:
//
//	go run ./gemm -out ../zgemm_amd64.s -stubs ../zgemm_amd64.go -pkg kernel
//
// A tile kernel computes C[mr x nv*lanes] for a run of tiles down one column
// panel. It is the inner two loops of the contract in gemm.go and nothing else:
// orientation, blocking, packing and edges in m are the driver's.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	ConstraintExpr("!purego")
	for _, s := range shapes512 {
		tile(avx512, s.mr, s.nv)
	}
	for _, s := range shapes256 {
		tile(avx2, s.mr, s.nv)
	}
	for _, s := range grid([]int{16, 12, 8, 6}) {
		runs(avx512, s.mr, s.nv)
	}
	for _, s := range grid([]int{6, 6, 4}) {
		runs(avx2, s.mr, s.nv)
	}
	for mr := 1; mr <= 16; mr++ {
		depth(avx512, mr)
	}
	for mr := 1; mr <= 8; mr++ {
		depth(avx2, mr)
	}
	for _, taps := range []int{1, 3, 5} {
		depthSums(avx512, taps)
	}
	depthSums(avx2, 1)
	for mr := 1; mr <= 4; mr++ {
		for strips := 1; strips <= 2; strips++ {
			ordered(avx512, mr, strips)
			if mr*strips <= 4 {
				ordered(avx2, mr, strips)
			}
		}
	}
	for n := 1; n <= 12; n++ {
		tall(n)
	}
	outer(avx512)
	outer(avx2)
	row(avx512)
	row(avx2)
	fetch()
	transpose512()
	transpose256()
	pack(avx512)
	pack(avx2)
	Generate()
}

// shape is a tile of mr rows by nv vectors.
type shape struct{ mr, nv int }

// The tiles. Accumulators, one vector of A and nv of B (or nv accumulators fed
// from memory, where mr is 1) must fit 32 registers in AVX-512, 16 in AVX2.
var (
	shapes512 = grid([]int{16, 12, 8, 6, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1})
	shapes256 = grid([]int{6, 6, 4, 0, 0, 2, 0, 0, 0, 0, 0, 1})
)

// grid lists every tile up to rows[nv-1] rows of nv vectors.
func grid(rows []int) []shape {
	var s []shape
	for i, m := range rows {
		for mr := 1; mr <= m; mr++ {
			s = append(s, shape{mr, i + 1})
		}
	}
	return s
}
