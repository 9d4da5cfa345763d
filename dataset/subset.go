package dataset

import (
	"fmt"
	"sync"

	"github.com/descent-ml/descent/tensor"
)

// subset is examples of another dataset: base+i for i < n, or those listed.
type subset struct {
	ds    Dataset
	base  int
	n     int
	index []int // nil for a range
}

// Subset returns the listed examples of ds, in that order; an example may
// occur more than once. The list is shared, not copied.
func Subset(ds Dataset, indices []int) (Dataset, error) {
	n := ds.Len()
	for at, i := range indices {
		if uint(i) >= uint(n) {
			return nil, fmt.Errorf("dataset: subset: example %d at place %d (want 0 to %d)", i, at, n-1)
		}
	}
	return &subset{ds: ds, n: len(indices), index: indices}, nil
}

// Range returns the examples lo to hi-1 of ds.
func Range(ds Dataset, lo, hi int) (Dataset, error) {
	if lo < 0 || hi < lo || hi > ds.Len() {
		return nil, fmt.Errorf("dataset: range %d to %d (want within 0 to %d)", lo, hi, ds.Len())
	}
	return &subset{ds: ds, base: lo, n: hi - lo}, nil
}

// place returns which example of ds example i is.
func (s *subset) place(i int) int {
	if s.index != nil {
		return s.index[i]
	}
	return s.base + i
}

func (s *subset) Len() int        { return s.n }
func (s *subset) Fields() []Field { return s.ds.Fields() }

// chunks lends space for translated indices; an array of the caller's would
// escape through the interface call and be allocated on every Gather.
var chunks = sync.Pool{New: func() any { return new([256]int) }}

func (s *subset) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	buf := chunks.Get().(*[256]int)
	defer chunks.Put(buf)
	for len(indices) > 0 {
		n := min(len(indices), len(buf))
		for i, x := range indices[:n] {
			if uint(x) >= uint(s.n) {
				return fmt.Errorf("dataset: gather example %d of a subset (want 0 to %d)", x, s.n-1)
			}
			buf[i] = s.place(x)
		}
		if err := s.ds.Gather(dst, row, buf[:n]); err != nil {
			return err
		}
		row, indices = row+n, indices[n:]
	}
	return nil
}
