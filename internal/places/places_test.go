package places

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrder: rows are listed once, in order of first touch, whatever their
// number and that of the table, again and again in the same memory.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, 2, 3, 17, 64, 1000} {
		for _, of := range []int{most, 3 * most, 1 << 30} {
			table := New(make([]int32, most), make([]int32, 2*Hashes(most)), of)
			for range 3 {
				table.Clear()
				var want []int32
				for len(want) < most {
					row := int32(r.IntN(of))
					if len(want) > 0 && r.IntN(2) == 0 {
						row = want[r.IntN(len(want))]
					}
					place, first := table.Touch(row)
					at := slices.Index(want, row)
					if at < 0 {
						at = len(want)
						want = append(want, row)
					} else if first {
						t.Fatalf("row %d is first twice", row)
					}
					if int(place) != at {
						t.Fatalf("row %d of %d has place %d, want %d", row, of, place, at)
					}
				}
				again := make([]int32, most)
				table.Places(want, again)
				for i, place := range again {
					if int(place) != i {
						t.Fatalf("row %d of %d, listed, has place %d, want %d", want[i], of, place, i)
					}
				}
				if !slices.Equal(table.Rows(), want) || table.Len() != most {
					t.Fatalf("%d rows listed, want %d", table.Len(), most)
				}
			}
		}
	}
}

func BenchmarkPlaces(b *testing.B) {
	const most = 8192
	table := New(make([]int32, most), make([]int32, 2*Hashes(most)), 1<<20)
	rows, at := make([]int32, most), make([]int32, most)
	for i := range rows {
		rows[i] = int32(rand.IntN(1 << 20))
	}
	for b.Loop() {
		table.Clear()
		table.Places(rows, at)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/most, "ns/row")
}
