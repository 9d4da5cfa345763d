package recommend

import (
	"fmt"
	"math"
	"sync"
)

// alike finds items with vectors of nearly one direction.
type alike struct {
	once   sync.Once
	ranker *Ranker // of unit vectors; nil: there are none
}

// Similar returns the n items whose vectors have the largest cosine with that of
// an item, itself left out. Numbers of a vector that are the same for all users,
// or for all items, are left out of it: they stand for biases and say how much
// an item is liked, not by whom.
//
// Errors: an item that the data does not have, a model that is not Factored, an
// n below 1.
func (r *Recommender) Similar(item string, n int) ([]Item, error) {
	i, known := r.catalog.Items.Find(item)
	switch {
	case n < 1:
		return nil, fmt.Errorf("recommend: the best %d items (want 1 or more)", n)
	case !known:
		return nil, fmt.Errorf("recommend: the data has no item %q", item)
	case r.ranker.item == nil:
		return nil, fmt.Errorf("recommend: the model has no vectors of items: its score is no product of two vectors")
	}
	r.alike.once.Do(func() {
		unit := taste(*r.ranker.user, *r.ranker.item)
		unit.normalize()
		r.alike.ranker, _ = FromVectors(unit, unit, nil, cap(r.ranker.workers)) // nil if no numbers are left
	})
	if r.alike.ranker == nil {
		return nil, fmt.Errorf("recommend: the vectors of items are nothing but biases")
	}
	scored := r.alike.ranker.Top(make([]Scored, 0, min(n, r.ranker.items)+1), int32(i))
	var l List
	at := 0
	for _, x := range scored {
		if int(x.Item) != i && at < n {
			scored[at] = x
			at++
		}
	}
	r.fill(&l, scored[:at])
	return l.Items, nil
}

// taste returns the vectors of items without the columns that are constant for
// users or for items.
func taste(user, item Vectors) Vectors {
	var columns []int
	for k := range item.D {
		if varies(user, k) && varies(item, k) {
			columns = append(columns, k)
		}
	}
	v := Vectors{item.N, len(columns), make([]float32, 0, item.N*len(columns))}
	for i := range item.N {
		for _, k := range columns {
			v.Data = append(v.Data, item.Row(i)[k])
		}
	}
	return v
}

// varies reports whether a column has two values.
func varies(v Vectors, column int) bool {
	for i := 1; i < v.N; i++ {
		if v.Row(i)[column] != v.Row(0)[column] {
			return true
		}
	}
	return false
}

// normalize makes vectors of length 1 of all that are not 0.
func (v Vectors) normalize() {
	for i := range v.N {
		row, sum := v.Row(i), 0.0
		for _, x := range row {
			sum += float64(float64(x) * float64(x))
		}
		if sum == 0 {
			continue
		}
		scale := 1 / math.Sqrt(sum)
		for k, x := range row {
			row[k] = float32(float64(x) * scale)
		}
	}
}
