package recommend

import (
	"cmp"
	"math"
	"slices"

	"github.com/descent-ml/descent/internal/kernel"
)

// Scored is an item and its score.
type Scored struct {
	Item  int32
	Score float32
}

// worse is the order of a list from its end: of lower score, or of equal score
// and the higher number.
func (a Scored) worse(b Scored) bool {
	return a.Score < b.Score || a.Score == b.Score && a.Item > b.Item
}

// top keeps the n best of the items that it is shown in ascending order. It is
// a heap with the worst one at its root; scores that are NaN or -Inf never enter.
type top struct {
	heap []Scored
	n    int
}

func (t *top) reset(into []Scored) { t.heap, t.n = into[:0], cap(into) }

// bar is the score that another item must exceed: the next has a higher number.
func (t *top) bar() float32 {
	if len(t.heap) < t.n {
		return float32(math.Inf(-1))
	}
	return t.heap[0].Score
}

// segment is how many scores are passed over at once if their maximum is at
// most the bar: with the bar of 10 of 100,000 items nearly all are.
const segment = 64

// add shows scores of the items from first on, with the maxima of their segments.
func (t *top) add(first int32, scores, maxima []float32) {
	bar := t.bar()
	for i, m := range maxima {
		if m <= bar { // NaN is not
			continue
		}
		from := i * segment
		for j, x := range scores[from:min(from+segment, len(scores))] {
			if x > bar {
				t.push(Scored{first + int32(from+j), x})
				bar = t.bar()
			}
		}
	}
}

// push adds an item that is better than the worst, which leaves if there are n.
func (t *top) push(x Scored) {
	if len(t.heap) < t.n {
		t.heap = append(t.heap, x)
		t.up()
		return
	}
	t.heap[0] = x
	t.down()
}

func (t *top) up() {
	h, i := t.heap, len(t.heap)-1
	for p := (i - 1) / 2; i > 0 && h[i].worse(h[p]); p = (i - 1) / 2 {
		h[i], h[p] = h[p], h[i]
		i = p
	}
}

func (t *top) down() {
	h, i := t.heap, 0
	for c := 1; c < len(h); c = 2*i + 1 {
		if c+1 < len(h) && h[c+1].worse(h[c]) {
			c++
		}
		if !h[c].worse(h[i]) {
			return
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
}

// sorted returns what was kept, best first, in the memory given to reset.
func (t *top) sorted() []Scored {
	slices.SortFunc(t.heap, func(a, b Scored) int {
		if c := cmp.Compare(b.Score, a.Score); c != 0 {
			return c
		}
		return cmp.Compare(a.Item, b.Item)
	})
	return t.heap
}

// maximaOf sets the maximum of each segment of each row of a block of scores,
// (rows, cols) without gaps, and returns how many a row has. The last segment
// of a row may be shorter.
func maximaOf(maxima, scores []float32, rows, cols int) int {
	whole, per := cols/segment, (cols+segment-1)/segment
	if cols%segment == 0 {
		kernel.RowMax(maxima, scores, rows*whole, segment, segment)
		return per
	}
	for r := range rows {
		row, to := scores[r*cols:(r+1)*cols], maxima[r*per:(r+1)*per]
		kernel.RowMax(to, row, whole, segment, segment)
		kernel.RowMax(to[whole:], row[whole*segment:], 1, cols-whole*segment, cols-whole*segment)
	}
	return per
}
