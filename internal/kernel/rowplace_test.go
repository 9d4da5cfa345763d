package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// listed draws n rows of a table of so many.
func listed(r *rand.Rand, n, rows int) []int32 {
	idx := make([]int32, n)
	for i := range idx {
		idx[i] = int32(r.IntN(rows))
	}
	return idx
}

func TestListedRows(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 13))
		for cols := 1; cols < 70; cols++ {
			for _, n := range []int{0, 1, 6, 30} {
				table, idx := values(r, 9*cols), listed(r, n, 9)
				rows := make([]float32, n*cols)
				GatherRows(rows, table, idx, cols)
				x, want := plain(r, len(rows)), slices.Clone(table)
				for i, k := range idx {
					checkSame(t, "GatherRows", rows[i*cols:][:cols], table[int(k)*cols:][:cols])
					copy(want[int(k)*cols:][:cols], x[i*cols:])
				}
				SetRows(table, x, idx, cols)
				checkSame(t, "SetRows", table, want)
			}
		}
	})
}

func TestListedRowOutside(t *testing.T) {
	for name, f := range map[string]func(){
		"gather":     func() { GatherRows(make([]float32, 4), make([]float32, 6), []int32{3, 0}, 2) },
		"set, below": func() { SetRows(make([]float32, 6), make([]float32, 4), []int32{0, -1}, 2) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a row outside the table passed", name)
				}
			}()
			f()
		}()
	}
}

// TestChains: sums of rows by codes have the bits of plain loops on every tier,
// whole or by ranges of columns, whatever the chains held before.
func TestChains(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 15))
		for cols := 1; cols < 70; cols++ {
			const rows, n = 5, 60
			x, idx := plain(r, n*cols), listed(r, n, rows)
			s := Chains{Chain: values(r, rows*cols), Totals: make([]float64, rows*cols), Total: []int32{3, 1, 2, 5, 4}, Cols: cols}
			codes, terms, total := make([]int32, n), make([]int, rows), make([]float64, rows*cols)
			chain := make([]float32, rows*cols)
			for i, k := range idx {
				what := int32(CodeAdd)
				if terms[k]++; terms[k] == 1 {
					what = CodeFirst
				} else if terms[k]%4 == 0 { // a leaf has few terms here
					if what = CodeClose; terms[k] == 4 {
						what = CodeStart
					}
				}
				codes[i] = Code(k, what)
				for j := range cols {
					at := int(k)*cols + j
					if what >= CodeStart {
						total[at] += float64(chain[at])
						chain[at] = 0
					}
					chain[at] += x[i*cols+j]
				}
			}
			for _, part := range [][2]int{{0, cols / 3}, {cols / 3, cols / 3}, {cols / 3, cols}} {
				s.Add(x, codes, part[0], part[1])
			}
			checkSame(t, "chains", s.Chain, chain)
			for k := range rows {
				if terms[k] < 4 {
					s.Total[k] = 0
				}
			}
			s.End(rows, 0, cols)
			for i := range chain {
				chain[i] = float32(total[i] + float64(chain[i]))
			}
			checkSame(t, "sums", s.Chain, chain)
		}
	})
}
