package interactions

import (
	"slices"
	"testing"

	"github.com/descent-ml/descent/internal/rng"
)

// random returns a table of interactions at random, with repeated pairs and
// equal times among them.
func random(t testing.TB, n, users, items int) *Table {
	t.Helper()
	r, table := rng.NewStream(1, "table"), &Table{Users: &Names{}, Items: &Names{}}
	for u := range users {
		table.Users.AddInt(int64(u))
	}
	for i := range items {
		table.Items.AddInt(int64(10 * i))
	}
	for range n {
		table.User = append(table.User, int32(int(r.Uint32())%users))
		item := int(float64(items) * r.Float64() * r.Float64() * r.Float64())
		table.Item = append(table.Item, int32(item))
		table.Value = append(table.Value, float32(1+r.Uint32()%5))
		table.Time = append(table.Time, int64(r.Uint32()%50))
	}
	return table
}

// checkParts fails unless each row is in one part, and parts are ascending.
func checkParts(t *testing.T, p Parts, n int) {
	t.Helper()
	all := slices.Concat(p.Train, p.Val, p.Test)
	slices.Sort(all)
	if len(all) != n || n > 0 && (all[0] != 0 || all[n-1] != n-1) || len(slices.Compact(all)) != n {
		t.Fatalf("%d rows in parts, want each of %d once", len(all), n)
	}
	for _, rows := range [][]int{p.Train, p.Val, p.Test} {
		if !slices.IsSorted(rows) {
			t.Fatal("rows are not in order")
		}
	}
}

// TestLeaveOneOut compares with sorting each user's interactions.
func TestLeaveOneOut(t *testing.T) {
	for _, users := range []int{1, 7, 300} {
		for _, timed := range []bool{false, true} {
			for held, val := range []bool{false, true} {
				table := random(t, 600, users, 20)
				if !timed {
					table.Time = nil
				}
				p := LeaveOneOut(table, val)
				checkParts(t, p, table.Len())
				of := make([][]int, users)
				for row, u := range table.User {
					of[u] = append(of[u], row)
				}
				var test, validation []int
				for _, rows := range of {
					if timed {
						slices.SortStableFunc(rows, func(a, b int) int { return int(table.Time[a] - table.Time[b]) })
					}
					if n := len(rows); n > held+1 {
						test = append(test, rows[n-1])
						if val {
							validation = append(validation, rows[n-2])
						}
					}
				}
				slices.Sort(test)
				slices.Sort(validation)
				if !slices.Equal(p.Test, test) || !slices.Equal(p.Val, validation) {
					t.Fatalf("%d users, times %v: test %v, want %v", users, timed, p.Test, test)
				}
			}
		}
	}
}

func TestSplits(t *testing.T) {
	table := random(t, 1003, 50, 20)
	p, err := ByTime(table, 0.1, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	checkParts(t, p, 1003)
	if len(p.Test) != 201 || len(p.Val) != 100 {
		t.Errorf("%d for validation, %d for testing", len(p.Val), len(p.Test))
	}
	latest, earliest := int64(-1), int64(99)
	for _, row := range slices.Concat(p.Train, p.Val) {
		latest = max(latest, table.Time[row])
	}
	for _, row := range p.Test {
		earliest = min(earliest, table.Time[row])
	}
	if latest > earliest {
		t.Errorf("time %d is not for testing, %d is", latest, earliest)
	}
	a, b, other := Random(table, 1, 0.1, 0.2), Random(table, 1, 0.1, 0.2), Random(table, 2, 0.1, 0.2)
	checkParts(t, a, 1003)
	if len(a.Test) != 201 || !slices.Equal(a.Test, b.Test) || slices.Equal(a.Test, other.Test) {
		t.Error("a random split is no function of the seed alone")
	}
	var tests []int
	for fold := range 5 {
		p := Folds(table, 1, 5, fold, 0.1)
		checkParts(t, p, 1003)
		tests = append(tests, p.Test...)
	}
	slices.Sort(tests)
	if len(slices.Compact(tests)) != 1003 {
		t.Error("folds do not test each row once")
	}
	table.Time = nil
	_, err = ByTime(table, 0.1, 0.2)
	wantError(t, err, "without times", "data.time")
}

func TestDistinct(t *testing.T) {
	table := random(t, 500, 10, 8)
	rows := Distinct(table)
	seen := map[[2]int32]int{}
	for _, row := range rows {
		seen[[2]int32{table.User[row], table.Item[row]}] = row
	}
	if len(seen) != len(rows) || !slices.IsSorted(rows) {
		t.Error("a pair is there twice")
	}
	for row := range table.User {
		if last := seen[[2]int32{table.User[row], table.Item[row]}]; table.Time[last] < table.Time[row] || table.Time[last] == table.Time[row] && last < row {
			t.Fatalf("row %d is later than %d", row, last)
		}
	}
}
