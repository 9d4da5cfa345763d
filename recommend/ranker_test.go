package recommend

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/internal/rng"
)

// vectors are n of d numbers, of few different values so that scores tie if
// they are coarse.
func vectors(seed uint64, n, d int, coarse bool) Vectors {
	s := rng.NewStream(seed, "vectors")
	v := Vectors{n, d, make([]float32, n*d)}
	for i := range v.Data {
		v.Data[i] = float32(s.Float64()) - 0.5
		if coarse {
			v.Data[i] = float32(int(s.Uint32()%3) - 1)
		}
	}
	return v
}

// known draws some items for each user.
func known(seed uint64, users, items, each int) *interactions.Known {
	s := rng.NewStream(seed, "known")
	k := &interactions.Known{Start: []int64{0}}
	for range users {
		var list []int32
		for range int(s.Uint32()) % (each + 1) {
			list = append(list, int32(int(s.Uint32())%items))
		}
		slices.Sort(list)
		k.Item = append(k.Item, slices.Compact(list)...)
		k.Start = append(k.Start, int64(len(k.Item)))
	}
	return k
}

// plainTop sorts all items that the user has not seen.
func plainTop(user, item Vectors, seen *interactions.Known, u int32, n int) (list []Scored) {
	for i := range item.N {
		if seen != nil && seen.Has(u, int32(i)) {
			continue
		}
		score := 0.0
		for k, x := range user.Row(int(u)) {
			score = float64(float32(math.FMA(float64(x), float64(item.Row(i)[k]), score)))
		}
		list = append(list, Scored{int32(i), float32(score)})
	}
	slices.SortFunc(list, func(a, b Scored) int {
		if b.worse(a) {
			return -1
		}
		return 1
	})
	return list[:min(n, len(list))]
}

func TestTopAgainstSorting(t *testing.T) {
	for _, c := range []struct {
		users, items, d, n int
		coarse             bool
	}{{3, 1, 4, 10, false}, {5, 63, 3, 10, true}, {140, 2500, 8, 10, true}, {20, 5000, 16, 100, false}, {2, 1100, 2, 2000, true}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			user, item := vectors(1, c.users, c.d, c.coarse), vectors(2, c.items, c.d, c.coarse)
			for _, seen := range []*interactions.Known{nil, known(3, c.users, c.items, 40)} {
				r, err := FromVectors(user, item, seen, 2)
				if err != nil {
					t.Fatal(err)
				}
				var users []int32
				for u := range c.users {
					users = append(users, int32(u))
				}
				at := 0
				err = r.TopOf(context.Background(), users, c.n, func(u int32, list []Scored) error {
					want := plainTop(user, item, seen, u, c.n)
					if int(u) != at || !slices.Equal(list, want) {
						t.Errorf("user %d (place %d): %v, want %v", u, at, list, want)
					}
					if one := r.Top(make([]Scored, 0, c.n), u); !slices.Equal(one, want) {
						t.Errorf("user %d alone: %v, want %v", u, one, want)
					}
					at++
					return nil
				})
				if err != nil || at != c.users {
					t.Errorf("%d users, %v", at, err)
				}
			}
		})
	}
}

// TestTopWithoutNumbers wants NaN and -Inf in no list.
func TestTopWithoutNumbers(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	item := Vectors{200, 1, make([]float32, 200)}
	for i := range item.Data {
		item.Data[i] = nan
	}
	item.Data[7], item.Data[90], item.Data[199], item.Data[3] = 2, inf, 2, -inf
	r, err := FromVectors(Vectors{1, 1, []float32{1}}, item, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Top(make([]Scored, 0, 10), 0), []Scored{{90, inf}, {7, 2}, {199, 2}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestTopOfNobody: a number that no user has gets nothing, or an error where
// there are several.
func TestTopOfNobody(t *testing.T) {
	r, err := FromVectors(vectors(1, 4, 8, false), vectors(2, 30, 8, false), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []int32{-1, 4} {
		if got := r.Top(make([]Scored, 0, 3), user); len(got) != 0 {
			t.Errorf("user %d: %v", user, got)
		}
		err := r.TopOf(context.Background(), []int32{0, user}, 3, func(int32, []Scored) error { return nil })
		if want := fmt.Sprintf("user number %d (want 0 to 3)", user); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := r.Rank(context.Background(), known(3, 9, 30, 5), 3); err == nil {
		t.Error("items held out for users that are not there are ranked")
	}
}

func TestTopAllocatesNothing(t *testing.T) {
	r, err := FromVectors(vectors(1, 4, 8, false), vectors(2, 3000, 8, false), known(3, 4, 3000, 10), 1)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]Scored, 0, 10)
	if n := testing.AllocsPerRun(20, func() { r.Top(list, 2) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkTop is the best 10 of 100,000 items for one user, vectors of 64.
func BenchmarkTop(b *testing.B) {
	r, err := FromVectors(vectors(1, 512, 64, false), vectors(2, 100_000, 64, false), known(3, 512, 100_000, 100), 1)
	if err != nil {
		b.Fatal(err)
	}
	list := make([]Scored, 0, 10)
	for i := range b.N {
		r.Top(list, int32(i%512))
	}
}

// BenchmarkTopOfAll is the best 10 of 100,000 items for users, vectors of 64
// numbers, on one goroutine: the time of an operation is that of a user.
func BenchmarkTopOfAll(b *testing.B) {
	r, err := FromVectors(vectors(1, 4096, 64, false), vectors(2, 100_000, 64, false), known(3, 4096, 100_000, 100), 1)
	if err != nil {
		b.Fatal(err)
	}
	users := make([]int32, max(b.N, 1))
	for i := range users {
		users[i] = int32(i % 4096)
	}
	b.ResetTimer()
	if err := r.TopOf(context.Background(), users, 10, func(int32, []Scored) error { return nil }); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)*2*64*100_000/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
