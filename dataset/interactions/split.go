package interactions

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/descent-ml/descent/internal/rng"
)

// Parts is the interactions of a table, by their rows, for training, validation
// and testing. Each list is ascending.
type Parts struct{ Train, Val, Test []int }

// LeaveOneOut takes the last interaction of each user for testing and, if val
// is set, the one before it for validation. Last is by time, and among equal
// times, or without any, by the order of the file. Users to whom nothing would
// be left are for training alone.
func LeaveOneOut(t *Table, val bool) Parts {
	held := 1
	if val {
		held = 2
	}
	latest := make([]int, 0, t.Users.Len()*held) // (users, held) rows, the last first; -1: none
	for range cap(latest) {
		latest = append(latest, -1)
	}
	count := make([]int, t.Users.Len())
	for row, u := range t.User {
		t.mapping.pace(row, everyRows)
		count[u]++
		t.insert(latest[int(u)*held:int(u+1)*held], row)
	}
	defer t.release()
	p := Parts{Train: newSlice[int](t, t.Len())[:0]}
	for row, u := range t.User {
		t.mapping.pace(row, everyRows)
		of := latest[int(u)*held:]
		switch {
		case count[u] > held && row == of[0]:
			p.Test = append(p.Test, row)
		case count[u] > held && val && row == of[1]:
			p.Val = append(p.Val, row)
		default:
			p.Train = append(p.Train, row)
		}
	}
	return p
}

// insert puts a row where it belongs among the latest of a user.
func (t *Table) insert(latest []int, row int) {
	for i, other := range latest {
		if other < 0 || t.Time == nil || t.Time[other] <= t.Time[row] {
			copy(latest[i+1:], latest[i:])
			latest[i] = row
			return
		}
	}
}

// ByTime takes the last share of all interactions by time for testing, and those
// before them for validation. Equal times are in the order of the table.
func ByTime(t *Table, val, test float64) (Parts, error) {
	if t.Time == nil {
		return Parts{}, fmt.Errorf("interactions: a split by time of interactions without times (name their column: data.time)")
	}
	order := newSlice[int](t, t.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(t.Time[a], t.Time[b]), a-b) })
	return t.cut(order, val, test), nil
}

// Random takes shares of the interactions at random, as a function of the seed.
func Random(t *Table, seed uint64, val, test float64) Parts {
	return t.cut(t.shuffled(seed), val, test)
}

// Folds makes part fold of n equal ones, at random as a function of the seed,
// the test data, and a share of the others the validation data.
func Folds(t *Table, seed uint64, n, fold int, val float64) Parts {
	order := t.shuffled(seed)
	from, to := len(order)*fold/n, len(order)*(fold+1)/n
	rest := newSlice[int](t, len(order)-(to-from))
	copy(rest[copy(rest, order[:from]):], order[to:])
	p := t.cut(rest, val, 0)
	p.Test = order[from:to]
	t.sortParts(p.Test, 0)
	return p
}

// shuffled is the permutation of the rows keyed by (seed, "split").
func (t *Table) shuffled(seed uint64) []int {
	perm := rng.NewPermutation(uint64(max(t.Len(), 1)), rng.Key(seed, "split"))
	order := newSlice[int](t, t.Len())
	for from := 0; from < len(order); from += everyRows {
		t.mapping.pace(from, everyRows)
		perm.Fill(order[from:min(from+everyRows, len(order))], uint64(from))
	}
	return order
}

// cut makes the end of an order of rows the test data, and what is before it the
// validation data: shares rounded to whole interactions. It sorts the order.
func (t *Table) cut(order []int, val, test float64) Parts {
	n := len(order)
	defer t.release()
	test0 := n - int(test*float64(n)+0.5)
	val0 := max(0, test0-int(val*float64(n)+0.5))
	t.sortParts(order, 0, val0, test0)
	return Parts{order[:val0:val0], order[val0:test0:test0], order[test0:]}
}

// sortParts sorts each part of an order of rows, given by where they begin, by way of a mark for each
// row: at most 254 parts.
func (t *Table) sortParts(order []int, starts ...int) {
	part, next := newSlice[uint8](t, t.Len()), slices.Clone(starts)
	for k, from := range starts {
		to := len(order)
		if k+1 < len(starts) {
			to = starts[k+1]
		}
		for i, row := range order[from:to] {
			t.mapping.pace(i, everyRows)
			part[row] = uint8(1 + k)
		}
	}
	for row, p := range part {
		t.mapping.pace(row, everyRows)
		if p > 0 {
			order[next[p-1]] = row
			next[p-1]++
		}
	}
}

// AtLeast returns the rows of a table with a value of at least low.
func AtLeast(t *Table, low float32) []int {
	rows := newSlice[int](t, t.Len())[:0]
	for row, v := range t.Value {
		t.mapping.pace(row, everyRows)
		if v >= low {
			rows = append(rows, row)
		}
	}
	return rows
}

// Distinct returns the rows of a table with each pair of user and item once:
// its last interaction, by time or else by the order of the file.
func Distinct(t *Table) []int {
	defer t.release()
	rows := newSlice[int](t, t.Len())[:0]
	if t.mapping == nil {
		return t.distinct(rows, 0, t.Len())
	}
	for from, to, users := 0, 0, 0; from < t.Len(); from, users = to, users+1 { // grouped by user
		t.mapping.pace(users, everyUsers)
		for to = from + 1; to < t.Len() && t.User[to] == t.User[from]; to++ {
		}
		rows = t.distinct(rows, from, to)
	}
	return rows
}

// distinct appends Distinct of the rows from to to-1.
func (t *Table) distinct(rows []int, from, to int) []int {
	last := make(map[uint64]int, to-from)
	for row := from; row < to; row++ {
		pair := uint64(t.User[row])<<32 | uint64(t.Item[row])
		if other, there := last[pair]; !there || t.Time == nil || t.Time[other] <= t.Time[row] {
			last[pair] = row
		}
	}
	for row := from; row < to; row++ {
		if last[uint64(t.User[row])<<32|uint64(t.Item[row])] == row {
			rows = append(rows, row)
		}
	}
	return rows
}
