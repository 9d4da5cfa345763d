package metric

import (
	"cmp"
	"slices"
)

// Confusion is a mistake that is made: examples of class True, by number, that
// are taken for class Predicted. Count is their weight and Share what part they
// are of all examples of True.
type Confusion struct {
	True, Predicted int
	Count, Share    float64
}

// Confusions returns at most so many kinds of mistakes, those with the greatest
// count first, of equal ones that with the greatest share, then by the order of
// the classes; none of what is no classification.
func (r *Report) Confusions(most int) []Confusion {
	var all []Confusion
	for c, row := range r.Confusion {
		support := 0.0
		for _, n := range row {
			support += n
		}
		for p, n := range row {
			if c != p && n > 0 {
				all = append(all, Confusion{c, p, n, n / support})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Confusion) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Share, a.Share))
	})
	return all[:min(len(all), most)]
}
