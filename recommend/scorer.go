package recommend

import "github.com/descent-ml/descent/internal/kernel"

// scorer gives the scores of users for items. It is used by one goroutine at a
// time.
type scorer interface {
	// users says whose scores are wanted next, at most UserBlock of them. The
	// list is not kept beyond the next call.
	users(list []int32)

	// scores sets out (users, n) to the scores of the items [first, first+n).
	scores(first, n int, out []float32)
}

// Vectors are those of all users or all items: (N, D), row by row.
type Vectors struct {
	N, D int
	Data []float32
}

// Row returns the vector of number i, which is not a copy.
func (v Vectors) Row(i int) []float32 { return v.Data[i*v.D : (i+1)*v.D] }

// factors scores by the products of vectors.
type factors struct {
	user, item Vectors
	rows       []float32 // of the users asked for
	n          int
	scratch    kernel.Scratch
}

func (f *factors) users(list []int32) {
	f.n = len(list)
	f.rows = grow(f.rows, f.n*f.user.D)
	kernel.GatherRows(f.rows, f.user.Data, list, f.user.D)
}

func (f *factors) scores(first, n int, out []float32) {
	d := f.item.D
	kernel.GemmNT(f.n, n, d, f.rows, d, f.item.Data[first*d:(first+n)*d], d, out, n, kernel.Zero, nil, &f.scratch)
}

// popular scores every item by how often it was met, whoever asks.
type popular struct {
	times []float32
	n     int
}

func (p *popular) users(list []int32) { p.n = len(list) }

func (p *popular) scores(first, n int, out []float32) {
	for u := range p.n {
		copy(out[u*n:(u+1)*n], p.times[first:first+n])
	}
}

// grow returns x with length n, its contents lost if it has to move.
func grow[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}
