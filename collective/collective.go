// Package collective sums what the shards of a batch have computed, whoever
// carried them, so that the result depends on the number of shards alone.
//
// The shards of a batch are the leaves of a fixed binary tree over their index.
// A part is the sum of consecutive shards that is a node of that tree. A worker
// adds the shards that it carries as far as the tree allows; a Group brings the
// workers' parts together. All sums are float64.
package collective

import "context"

// Part is the sum of the shards [First, First+Shards).
type Part struct {
	First, Shards int
	Sum           []float64
	Sparse        []Sparse // of the tables of sparse parameters, in a fixed order
}

// Merges reports whether b, the part behind a, is the other half of a node of
// the tree: both have 2^k shards and a begins at a multiple of 2^(k+1).
func Merges(a, b Part) bool {
	return a.Shards == b.Shards && a.First+a.Shards == b.First && a.First%(2*a.Shards) == 0
}

// Add adds the elements of src to dst, which has as many.
func Add(dst, src []float64) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] += src[i]
	}
}

// Range returns the examples [from, to) that shard r of shards owns of a batch
// of n: ⌊r·n/shards⌋ to ⌊(r+1)·n/shards⌋. It may be empty.
func Range(n, shards, r int) (from, to int) {
	return r * n / shards, (r + 1) * n / shards
}

// Group is one worker's end of the workers that carry the shards of a batch.
// Workers in one process share memory; a group over processes or hosts moves
// the same parts.
type Group interface {
	// Rank is this worker's place, from 0, and Size the number of workers.
	// Worker w carries the shards Range(shards, Size, w).
	Rank() int
	Size() int

	// Sum adds the parts of all workers along the tree and writes the sum of
	// all shards to total, at every worker, in the memory of total, which it
	// makes larger if that is too small; a worker without parts gives one of
	// the right size. All workers call it for the same sums; it returns when the total is there, or with an error at every
	// worker if ctx is cancelled or a worker has failed.
	Sum(ctx context.Context, parts []Part, total *Part) error
}
