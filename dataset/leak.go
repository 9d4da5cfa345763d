package dataset

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/internal/cells"
)

// How much of the target a single column may tell before it is suspect, and how
// finely it is looked at.
const (
	leakShare = 0.98 // of what a guess gets wrong, or of the variance
	leakBins  = 200  // at most, of leakBin rows or more
	leakBin   = 20
	leakRows  = 200    // at least
	leakMost  = 50_000 // that are looked at
)

// warn adds hints on columns that all but determine a target: their groups,
// learned on half of the training rows, predict the rest.
func (t *Table) warn(s *Schema, rows []int) {
	if len(rows) < leakRows {
		return
	}
	if n := len(rows); n > leakMost {
		some := make([]int, leakMost)
		for i := range some {
			some[i] = rows[i*n/leakMost]
		}
		rows = some
	}
	for i, target := range s.Targets() {
		y := t.targetValues(t.targets[i], &target)
		for _, c := range s.Columns {
			if c.Kind == KindText {
				continue
			}
			col := t.place(c.Name)
			share := determined(t.groups(col, &c, rows), y, rows, target.Task != TaskRegression)
			if share >= leakShare {
				s.Hints = append(s.Hints, fmt.Sprintf("column %q alone tells %.1f %% of the target %q: if it is not known before the target is, skip it", c.Name, 100*share, target.Name))
			}
		}
	}
}

// targetValues returns the target of a row as a number: its class or its value.
func (t *Table) targetValues(col int, s *TargetSchema) *cells.Memo[float64] {
	classes := indexOf(s.Classes)
	return cells.NewMemo(t.columns[col], func(c *cells.Cell) float64 {
		if s.Task == TaskRegression {
			v, _ := c.Number()
			return v
		}
		return float64(classes[className(c, s.Numeric)])
	})
}

// groups returns the group of each of the rows: the category, or the bin of
// equal counts of a number.
func (t *Table) groups(col int, c *ColumnSchema, rows []int) []int {
	out := make([]int, len(rows))
	if c.Kind != KindNumeric {
		names := map[string]int{}
		memo := cells.NewMemo(t.columns[col], func(cell *cells.Cell) int {
			i, ok := names[string(cell.Text())]
			if !ok {
				i = len(names)
				names[string(cell.Text())] = i
			}
			return i
		})
		for i, row := range rows {
			out[i] = memo.At(row)
		}
		return out
	}
	memo := t.numbers(col)
	sorted := values(rows, t.eachNumber(col))
	bins := min(leakBins, len(sorted)/leakBin)
	edges := make([]float64, 0, leakBins)
	for i := 1; i < bins; i++ {
		edges = append(edges, sorted[i*len(sorted)/bins])
	}
	edges = slices.Compact(edges)
	for i, row := range rows {
		n := memo.At(row)
		if out[i] = len(edges) + 1; n.ok {
			at, exact := slices.BinarySearch(edges, n.v)
			if exact {
				at++
			}
			out[i] = at
		}
	}
	return out
}

// taught says which rows are learned from, in no pattern that rows may have.
func taught(i int) bool { return uint64(i+1)*0x9e3779b97f4a7c15>>63 == 0 }

// determined returns the share of the target that groups learned on half
// of the rows tell on the others: of the variance, or of the mistakes of a guess.
func determined(groups []int, y *cells.Memo[float64], rows []int, classes bool) float64 {
	if classes {
		return determinedClasses(groups, y, rows)
	}
	type sum struct{ n, total float64 }
	sums, all := map[int]sum{}, sum{}
	for i := range rows {
		if !taught(i) {
			continue
		}
		v, s := y.At(rows[i]), sums[groups[i]]
		sums[groups[i]] = sum{s.n + 1, s.total + v}
		all = sum{all.n + 1, all.total + v}
	}
	mean := all.total / all.n
	rest, variance := 0.0, 0.0
	for i := range rows {
		if taught(i) {
			continue
		}
		v, guess := y.At(rows[i]), mean
		if s := sums[groups[i]]; s.n > 0 {
			guess = s.total / s.n
		}
		rest += float64((v - guess) * (v - guess))
		variance += float64((v - mean) * (v - mean))
	}
	if variance == 0 {
		return 0
	}
	return 1 - rest/variance
}

func determinedClasses(groups []int, y *cells.Memo[float64], rows []int) float64 {
	counts, all := map[int]map[float64]int{}, map[float64]int{}
	for i := range rows {
		if !taught(i) {
			continue
		}
		v := y.At(rows[i])
		if counts[groups[i]] == nil {
			counts[groups[i]] = map[float64]int{}
		}
		counts[groups[i]][v]++
		all[v]++
	}
	guess := most(all)
	wrong, base := 0, 0
	for i := range rows {
		if taught(i) {
			continue
		}
		v := y.At(rows[i])
		if v != guess {
			base++
		}
		by := guess
		if c := counts[groups[i]]; c != nil {
			by = most(c)
		}
		if v != by {
			wrong++
		}
	}
	if base == 0 {
		return 0
	}
	return 1 - float64(wrong)/float64(base)
}

// most returns the most frequent value, the smallest of several.
func most(counts map[float64]int) float64 {
	best, n := 0.0, 0
	for v, c := range counts {
		if c > n || c == n && v < best {
			best, n = v, c
		}
	}
	return best
}
