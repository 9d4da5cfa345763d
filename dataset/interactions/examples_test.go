package interactions

import (
	"math"
	"slices"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
)

func negatives(t testing.TB, table *Table, o NegativeOptions) *Negatives {
	t.Helper()
	n, err := NewNegatives(table, o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNegativesAreNotKnown: no negative is one of the user's items, even of
// users who know all but one.
func TestNegativesAreNotKnown(t *testing.T) {
	table := random(t, 4000, 40, 60)
	for item := range int32(59) { // user 0 knows all but the last
		table.User, table.Item = append(table.User, 0), append(table.Item, item)
		table.Value, table.Time = append(table.Value, 1), append(table.Time, 1)
	}
	known := NewKnown(table)
	for _, sampler := range []string{Uniform, Popularity} {
		n := negatives(t, table, NegativeOptions{Count: 3, Sampler: sampler, Known: known, Seed: 5})
		for epoch := range uint64(4) {
			for p := range uint64(table.Len()) {
				for k := range 3 {
					user := table.User[p]
					if item := n.Draw(user, epoch, p, k); item < 0 || int(item) >= 60 || known.Has(user, item) {
						t.Fatalf("%s: user %d gets item %d", sampler, user, item)
					}
				}
			}
		}
	}
	table.Item[0], table.User[0] = 59, 0
	_, err := NewNegatives(table, NegativeOptions{Count: 1, Known: NewKnown(table)})
	wantError(t, err, `user "0"`, "all 60 items")
	_, err = NewNegatives(table, NegativeOptions{})
	wantError(t, err, "0 negatives")
	_, err = NewNegatives(table, NegativeOptions{Count: 1, Sampler: "hard"})
	wantError(t, err, `"hard"`, Popularity)
}

// TestNegativesDistribution: frequencies of what is drawn are those of the
// sampler, by a chi-squared test, with and without items that are left out.
func TestNegativesDistribution(t *testing.T) {
	const items, draws = 50, 200000
	table := random(t, 3000, 30, items)
	weights := map[string]func(item int) float64{Uniform: func(int) float64 { return 1 }}
	count := make([]float64, items)
	for _, item := range table.Item {
		count[item]++
	}
	weights[Popularity] = func(item int) float64 { return math.Pow(count[item], 0.5) }
	for sampler, weight := range weights {
		for _, known := range []*Known{nil, {Start: []int64{0, 3}, Item: []int32{0, 7, 30}}} {
			n := negatives(t, table, NegativeOptions{Count: 1, Sampler: sampler, Alpha: 0.5, Known: known, Seed: 2})
			got, sum, chi := make([]float64, items), 0.0, 0.0
			for p := range uint64(draws) {
				got[n.Draw(0, p%3, p, 0)]++
			}
			free := func(item int) bool { return known == nil || !known.Has(0, int32(item)) }
			for item := range items {
				if free(item) {
					sum += weight(item)
				}
			}
			for item := range items {
				want := draws * weight(item) / sum
				if !free(item) || want == 0 {
					if got[item] != 0 {
						t.Errorf("%s: item %d is drawn", sampler, item)
					}
					continue
				}
				chi += (got[item] - want) * (got[item] - want) / want
			}
			if chi > 110 { // 49 degrees at most: 1e-6
				t.Errorf("%s: chi squared is %.1f", sampler, chi)
			}
		}
	}
}

// TestLogQ is the logarithm of the shares with which items are drawn.
func TestLogQ(t *testing.T) {
	table := random(t, 3000, 30, 50)
	uniform := negatives(t, table, NegativeOptions{Count: 1})
	if got := uniform.LogQ(3); math.Abs(float64(got)+math.Log(50)) > 1e-6 {
		t.Errorf("uniform: %v", got)
	}
	popular, sum := negatives(t, table, NegativeOptions{Count: 1, Sampler: Popularity}), 0.0
	for item := range int32(50) {
		if slices.Contains(table.Item, item) {
			sum += math.Exp(float64(popular.LogQ(item)))
		}
	}
	if math.Abs(sum-1) > 1e-6 {
		t.Errorf("popularity: the shares are %v together", sum)
	}
	logq := LogPopularity(table)
	count := 0
	for _, item := range table.Item {
		if item == 2 {
			count++
		}
	}
	if want := math.Log(float64(count) / 3000); math.Abs(float64(logq[2])-want) > 1e-6 {
		t.Errorf("share of an item: %v, want %v", logq[2], want)
	}
}

// gather returns the fields of examples.
func gather(t testing.TB, ds dataset.Dataset, indices []int) []*tensor.Tensor {
	t.Helper()
	buf := dataset.NewBuffers(ds.Fields(), len(indices)+1)
	if err := ds.Gather(buf, 1, indices); err != nil {
		t.Fatal(err)
	}
	return buf
}

// TestPointwise: an epoch has each positive once and its negatives, which are
// others in each epoch, and the same for the same seed and epoch, in whatever
// order they are asked for.
func TestPointwise(t *testing.T) {
	table := random(t, 500, 20, 100)
	known := NewKnown(table)
	ds := NewPointwise(table, negatives(t, table, NegativeOptions{Count: 4, Known: known, Seed: 9}))
	if ds.Len() != 2500 {
		t.Fatal(ds.Len())
	}
	order, seen := dataset.OrderOf(ds, 3), map[int][]int32{}
	for epoch := range 3 {
		indices := make([]int, ds.Len())
		order(indices, epoch, 0)
		buf, positives := gather(t, ds, indices), 0
		items := make([]int32, ds.Len())
		for i, index := range indices {
			at := index - epoch*ds.Len()
			user, item, y := buf[0].I32()[i+1], buf[1].I32()[i+1], buf[2].F32()[i+1]
			if items[at] = item; user != table.User[at/5] || (y == 1) != (at%5 == 0) || y == 1 && item != table.Item[at/5] || known.Has(user, item) != (y == 1) {
				t.Fatalf("example %d: user %d, item %d, y %v", index, user, item, y)
			}
			positives += int(y)
		}
		if positives != 500 {
			t.Errorf("%d positives", positives)
		}
		seen[epoch] = items
	}
	if same(seen[0], seen[1]) > 560 || same(seen[1], seen[2]) > 560 {
		t.Error("negatives are the same in each epoch")
	}
	again := gather(t, ds, []int{ds.Len() + 7, 2*ds.Len() + 7, 7})[1].I32()[1:]
	if !slices.Equal(again, []int32{seen[1][7], seen[2][7], seen[0][7]}) {
		t.Error("a negative depends on when it is asked for")
	}
}

// same counts the places where two lists agree.
func same(a, b []int32) (n int) {
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}

func TestListwise(t *testing.T) {
	table := random(t, 300, 20, 400)
	known := NewKnown(table)
	neg := negatives(t, table, NegativeOptions{Count: 3, Sampler: Popularity, Known: known})
	ds := NewListwise(table, neg, true)
	if ds.Len() != 300 || ds.Fields()[1].String() != "item i32 (4)" || ds.Fields()[3].String() != "logq f32 (4)" {
		t.Fatal(ds.Fields())
	}
	indices := []int{5, 299, 305, 5}
	buf := gather(t, ds, indices)
	for i, index := range indices {
		at := index % 300
		user, list := buf[0].I32()[i+1], buf[1].I32()[4*(i+1):4*(i+2)]
		if user != table.User[at] || list[0] != table.Item[at] || buf[2].I32()[i+1] != 0 {
			t.Fatal(user, list)
		}
		for k, item := range list {
			if k > 0 && known.Has(user, item) || buf[3].F32()[4*(i+1)+k] != neg.LogQ(item) {
				t.Fatal(user, list)
			}
		}
	}
	a := buf[1].I32()
	if !slices.Equal(a[4:8], a[16:20]) || slices.Equal(a[4:8], a[12:16]) {
		t.Error("negatives of an example in an epoch, or in two:", a)
	}
}

func TestOtherExamples(t *testing.T) {
	table := random(t, 300, 20, 40)
	ratings, err := NewRatings(table)
	if err != nil {
		t.Fatal(err)
	}
	buf := gather(t, ratings, []int{7, 200})
	if buf[0].I32()[2] != table.User[200] || buf[1].I32()[1] != table.Item[7] || buf[2].F32()[2] != table.Value[200] {
		t.Error("ratings")
	}
	logq := LogPopularity(table)
	buf = gather(t, NewInBatch(table, logq), []int{7, 200})
	if buf[0].I32()[2] != table.User[200] || buf[1].I32()[1] != table.Item[7] || buf[3].F32()[2] != logq[table.Item[200]] {
		t.Error("in-batch")
	}
	candidates := negatives(t, table, NegativeOptions{Count: 5}).Candidates(table)
	buf = gather(t, candidates.Examples(), []int{200})
	if buf[0].I32()[1] != table.User[200] || buf[1].I32()[6] != table.Item[200] || !slices.Equal(buf[1].I32()[6:], candidates.Item[1200:1206]) {
		t.Error("candidates")
	}
	table.Value = nil
	_, err = NewRatings(table)
	wantError(t, err, "no ratings", "data.rating")
	wantError(t, ratings.Gather(buf, 0, []int{300}), "dataset")
}

// TestGatherAllocatesNothing of every kind of example.
func TestGatherAllocatesNothing(t *testing.T) {
	for name, ds := range kinds(t, random(t, 3000, 200, 500)) {
		buf, indices := dataset.NewBuffers(ds.Fields(), 256), make([]int, 256)
		order := dataset.OrderOf(ds, 1)
		epoch := 0
		if n := testing.AllocsPerRun(50, func() {
			order(indices, epoch, 300)
			if err := ds.Gather(buf, 0, indices); err != nil {
				t.Fatal(err)
			}
			epoch++
		}); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// kinds returns datasets of each kind over a table.
func kinds(t testing.TB, table *Table) map[string]dataset.Dataset {
	known := NewKnown(table)
	neg := func(count int, sampler string) *Negatives {
		return negatives(t, table, NegativeOptions{Count: count, Sampler: sampler, Known: known})
	}
	return map[string]dataset.Dataset{
		"ratings":              Ratings{table},
		"pointwise":            NewPointwise(table, neg(4, Uniform)),
		"pointwise popularity": NewPointwise(table, neg(4, Popularity)),
		"listwise":             NewListwise(table, neg(1, Uniform), false),
		"in-batch":             NewInBatch(table, LogPopularity(table)),
	}
}

// BenchmarkGather gathers batches of a table like MovieLens 1M.
func BenchmarkGather(b *testing.B) {
	r, table := rng.NewStream(1, "b"), random(b, 1000, 6040, 3706)
	for range 1000000 {
		table.User = append(table.User, int32(r.Uint32()%6040))
		table.Item = append(table.Item, int32(3706*r.Float64()*r.Float64()))
		table.Value, table.Time = append(table.Value, 1), append(table.Time, 0)
	}
	for name, ds := range kinds(b, table) {
		b.Run(name, func(b *testing.B) {
			buf, indices := dataset.NewBuffers(ds.Fields(), 1024), make([]int, 1024)
			order := dataset.OrderOf(ds, 1)
			for i := 0; b.Loop(); i++ {
				order(indices, 0, i*1024%(ds.Len()-1024))
				if err := ds.Gather(buf, 0, indices); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/example")
		})
	}
}
