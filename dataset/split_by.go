package dataset

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/descent-ml/descent/internal/cells"
	"github.com/descent-ml/descent/internal/rng"
)

// SplitOptions says how SplitBy divides examples.
type SplitOptions struct {
	Seed  uint64
	Parts []Part

	// Groups is a number for each example. Examples of one group stay
	// together; with Stratify each part instead has its share of each group.
	Groups   []int32
	Stratify bool

	// Rank puts the examples in order: the parts are the last ones, the first
	// part the very last. Equal ranks stay together.
	Rank []float64

	// Folds, if above 0, first divides the examples at random into so many
	// parts of equal size (of whole groups, or of each group, as Groups says).
	// Those of number Fold become the part FoldName, the others are divided by
	// Parts.
	Folds, Fold int
	FoldName    string
}

// SplitBy divides examples 0 to n-1 into parts, and TrainPart for the rest,
// which must not be empty. Without options it is Split. The lists are sorted.
func SplitBy(n int, o SplitOptions) (map[string][]int, error) {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	out := map[string][]int{}
	if o.Folds > 0 {
		units := o.units(all, rng.Key(o.Seed, "folds"))
		if len(units) < o.Folds {
			return nil, fmt.Errorf("dataset: split: %d folds of %d examples or groups (want no more folds)", o.Folds, len(units))
		}
		all = all[:0]
		for i, unit := range units {
			if i%o.Folds == o.Fold {
				out[o.FoldName] = append(out[o.FoldName], unit...)
			} else {
				all = append(all, unit...)
			}
		}
		slices.Sort(out[o.FoldName])
		slices.Sort(all)
	}
	rest, err := o.divide(all)
	if err != nil {
		return nil, err
	}
	for name, list := range rest {
		for i, at := range list {
			list[i] = all[at]
		}
		out[name] = list
	}
	return out, nil
}

// divide divides what is left of the folds, by place in all.
func (o *SplitOptions) divide(all []int) (map[string][]int, error) {
	switch {
	case o.Rank != nil:
		return o.byRank(all)
	case o.Groups == nil:
		return Split(len(all), o.Seed, o.Parts...)
	case o.Stratify:
		classes := make([]int32, len(all))
		for i, at := range all {
			classes[i] = o.Groups[at]
		}
		return SplitStratified(classes, o.Seed, o.Parts...)
	}
	return o.byGroup(all)
}

// units returns what folds keep together, in random order: the examples, with
// Stratify those of one group after those of another, or the groups.
func (o *SplitOptions) units(all []int, key [2]uint32) [][]int {
	if o.Groups == nil || o.Stratify {
		perm := rng.NewPermutation(uint64(len(all)), key)
		units := make([][]int, len(all))
		for i := range units {
			units[i] = []int{all[perm.At(uint64(i))]}
		}
		if o.Stratify {
			slices.SortStableFunc(units, func(a, b []int) int { return cmp.Compare(o.Groups[a[0]], o.Groups[b[0]]) })
		}
		return units
	}
	members := map[int32][]int{}
	for _, i := range all {
		members[o.Groups[i]] = append(members[o.Groups[i]], i)
	}
	names := make([]int32, 0, len(members))
	for g := range members {
		names = append(names, g)
	}
	slices.Sort(names)
	perm := rng.NewPermutation(uint64(len(names)), key)
	units := make([][]int, len(names))
	for i := range units {
		units[i] = members[names[perm.At(uint64(i))]]
	}
	return units
}

// byGroup gives whole groups, in random order, to each part until it has its
// share.
func (o *SplitOptions) byGroup(all []int) (map[string][]int, error) {
	counts, err := partCounts(len(all), o.Parts)
	if err != nil {
		return nil, err
	}
	place := make(map[int]int, len(all))
	for i, at := range all {
		place[at] = i
	}
	out := map[string][]int{}
	units := o.units(all, rng.Key(o.Seed, "split"))
	for p, part := range o.Parts {
		for len(out[part.Name]) < counts[p] && len(units) > 0 {
			for _, at := range units[0] {
				out[part.Name] = append(out[part.Name], place[at])
			}
			units = units[1:]
		}
		slices.Sort(out[part.Name])
	}
	for _, unit := range units {
		for _, at := range unit {
			out[TrainPart] = append(out[TrainPart], place[at])
		}
	}
	slices.Sort(out[TrainPart])
	if len(out[TrainPart]) == 0 {
		return nil, fmt.Errorf("dataset: split: too few groups: none is left for training")
	}
	return out, nil
}

// byRank gives the last examples to the parts.
func (o *SplitOptions) byRank(all []int) (map[string][]int, error) {
	counts, err := partCounts(len(all), o.Parts)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	rank := func(i int) float64 { return o.Rank[all[order[i]]] }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(o.Rank[all[a]], o.Rank[all[b]]) })
	out, end := map[string][]int{}, len(order)
	for p, part := range o.Parts {
		from := end - counts[p]
		for counts[p] > 0 && from > 0 && rank(from-1) == rank(from) {
			from--
		}
		out[part.Name] = slices.Sorted(slices.Values(order[from:end]))
		end = from
	}
	if out[TrainPart] = slices.Sorted(slices.Values(order[:end])); end == 0 {
		return nil, fmt.Errorf("dataset: split: too few different times: none is left for training")
	}
	return out, nil
}

// Codes returns a number for each row that is the same where a column has the
// same text.
func (t *Table) Codes(column string) ([]int32, error) {
	col, err := t.column(column)
	if err != nil {
		return nil, err
	}
	names := map[string]int32{}
	memo := cells.NewMemo(t.columns[col], func(c *cells.Cell) int32 {
		i, ok := names[string(c.Text())]
		if !ok {
			i = int32(len(names))
			names[string(c.Text())] = i
		}
		return i
	})
	out := make([]int32, t.Len())
	for row := range out {
		out[row] = memo.At(row)
	}
	return out, nil
}

// Rank returns the numbers, or the days, of a column.
func (t *Table) Rank(column string) ([]float64, error) {
	col, err := t.column(column)
	if err != nil {
		return nil, err
	}
	c := ColumnSchema{Name: column, Kind: KindDate}
	memo := t.numbers(col)
	if kind, err := t.kindOf(col); err != nil {
		return nil, err
	} else if kind != KindNumeric {
		rows := make([]int, t.Len())
		for i := range rows {
			rows[i] = i
		}
		if err := t.fitDate(&c, col, rows, FitOptions{NoStandardize: true}); err != nil {
			return nil, err
		}
		memo = cells.NewMemo(t.columns[col], func(cell *cells.Cell) number {
			days, ok := c.days(cell.Text())
			return number{v: days, ok: ok}
		})
	}
	out := make([]float64, t.Len())
	for row := range out {
		n := memo.At(row)
		if out[row] = n.v; !n.ok {
			return nil, t.errorAt(row, col, "no number or date to split by (got %q)", t.Cell(row, col))
		}
	}
	return out, nil
}
