package dataset

import (
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/internal/rng"
)

// Part is a share of the examples, such as {"test", 0.2}.
type Part struct {
	Name     string
	Fraction float64 // in [0, 1)
}

// TrainPart is what Split calls the examples that no part asks for.
const TrainPart = "train"

// Split divides examples 0 to n-1 at random: each part gets its fraction of
// them, rounded, but at least one if the fraction is above 0; TrainPart gets
// the rest, which must not be empty. The lists are sorted. The same n, seed and
// parts give the same lists; the first part does not depend on later ones.
func Split(n int, seed uint64, parts ...Part) (map[string][]int, error) {
	counts, err := partCounts(n, parts)
	if err != nil {
		return nil, err
	}
	perm := rng.NewPermutation(uint64(n), rng.Key(seed, "split"))
	out, at := map[string][]int{}, 0
	take := func(name string, count int) {
		list := make([]int, count)
		for i := range list {
			list[i] = int(perm.At(uint64(at + i)))
		}
		slices.Sort(list)
		out[name] = list
		at += count
	}
	for i, p := range parts {
		take(p.Name, counts[i])
	}
	take(TrainPart, n-at)
	return out, nil
}

// SplitStratified is Split with the shares taken of each class by itself, so
// that every part has the same mix. classes holds the class of each example.
// A class of very few examples may be missing from a part.
func SplitStratified(classes []int32, seed uint64, parts ...Part) (map[string][]int, error) {
	if _, err := partCounts(len(classes), parts); err != nil {
		return nil, err
	}
	members := map[int32][]int{}
	for i, c := range classes {
		members[c] = append(members[c], i)
	}
	names := make([]int32, 0, len(members))
	for c := range members {
		names = append(names, c)
	}
	slices.Sort(names)
	out := map[string][]int{TrainPart: {}}
	for _, c := range names {
		list := members[c]
		perm := rng.NewPermutation(uint64(len(list)), rng.Key(seed, fmt.Sprint("split:", c)))
		for i := range list {
			name := partAt((float64(i)+0.5)/float64(len(list)), parts)
			out[name] = append(out[name], list[perm.At(uint64(i))])
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	if len(out[TrainPart]) == 0 {
		return nil, fmt.Errorf("dataset: split: no example is left for training")
	}
	return out, nil
}

// partAt returns the part that owns place u in [0, 1) of a class.
func partAt(u float64, parts []Part) string {
	for _, p := range parts {
		if u < p.Fraction {
			return p.Name
		}
		u -= p.Fraction
	}
	return TrainPart
}

func partCounts(n int, parts []Part) ([]int, error) {
	if n < 1 {
		return nil, fmt.Errorf("dataset: split: no examples")
	}
	counts, left := make([]int, len(parts)), n
	seen := map[string]bool{"": true, TrainPart: true}
	for i, p := range parts {
		if seen[p.Name] {
			return nil, fmt.Errorf("dataset: split: part name %q is empty, %q or used twice", p.Name, TrainPart)
		}
		if !(p.Fraction >= 0 && p.Fraction < 1) {
			return nil, fmt.Errorf("dataset: split: part %q is %v of the examples (want 0 to less than 1)", p.Name, p.Fraction)
		}
		seen[p.Name] = true
		if p.Fraction > 0 {
			counts[i] = max(1, int(math.Round(p.Fraction*float64(n))))
		}
		left -= counts[i]
	}
	if left < 1 {
		return nil, fmt.Errorf("dataset: split: the parts take all %d examples and leave none for training", n)
	}
	return counts, nil
}
