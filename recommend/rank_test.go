package recommend

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// TestRankAgainstSorting compares places and lists with those that sorting gives,
// from any number of goroutines.
func TestRankAgainstSorting(t *testing.T) {
	const users, items, k = 150, 700, 10
	user, item := vectors(1, users, 4, true), vectors(2, items, 4, true)
	held := known(4, users, items, 5)
	for _, seen := range []*interactions.Known{nil, known(3, users, items, 40)} {
		want, times, left := sortedRanks(user, item, seen, held, k)
		for _, threads := range []int{1, 3} {
			r, err := FromVectors(user, item, seen, threads)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Rank(context.Background(), held, k)
			if err != nil || !reflect.DeepEqual(got.Places, want) || !slices.Equal(got.Times, times) || got.Left != left {
				t.Fatalf("%d threads: %v, left %d, want %d\nplaces %v\nwant   %v\ntimes %v\nwant  %v", threads, err, got.Left, left, got.Places, want, got.Times, times)
			}
		}
	}
}

func sortedRanks(user, item Vectors, seen, held *interactions.Known, k int) (p metric.Places, times []int32, left int) {
	times = make([]int32, item.N)
	for u := range int32(user.N) {
		all := plainTop(user, item, seen, u, item.N)
		var places []metric.Place
		for _, h := range held.Of(u) {
			at := slices.IndexFunc(all, func(x Scored) bool { return x.Item == h })
			if at < 0 {
				left++
				continue
			}
			var place metric.Place
			for _, x := range all {
				if x.Score > all[at].Score {
					place.Above++
				}
				if x.Score == all[at].Score {
					place.Tied++
				}
			}
			places = append(places, place)
		}
		if places == nil {
			continue
		}
		p.Add(len(all), places...)
		for _, x := range all[:k] {
			times[x.Item]++
		}
	}
	return p, times, left
}

// TestRankWithoutNumbers wants an item whose score is NaN to count as not ranked.
func TestRankWithoutNumbers(t *testing.T) {
	nan := float32(math.NaN())
	r, err := FromVectors(Vectors{1, 1, []float32{1}}, Vectors{4, 1, []float32{1, nan, 3, nan}}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Rank(context.Background(), &interactions.Known{Start: []int64{0, 3}, Item: []int32{0, 1, 2}}, 2)
	if want := []metric.Place{{Above: 1, Tied: 1}, {}, {Above: 0, Tied: 1}}; err != nil || !slices.Equal(got.Places.Of(0), want) {
		t.Errorf("%v, %v, want %v", got.Places.Of(0), err, want)
	}
}

// gate is a model that is not Factored: the minimum of a product and a bias.
var gate = nn.Func(func(c *nn.Context, _ *graph.Node) *graph.Node {
	return c.Min(c.Apply("mf", nn.BPRMF(30, 700, 4), nil), c.Const(0.125))
})

// paramsOf are random parameters of a model of 30 users and 700 items.
func paramsOf(prefix string) checkpoint.Tensors {
	s := rng.NewStream(7, "params")
	ts := checkpoint.Tensors{}
	for name, n := range map[string][2]int{"user.weight": {30, 4}, "item.weight": {700, 4}, "item_bias.weight": {700, 1}} {
		ts[prefix+name] = tensor.New(tensor.F32, n[0], n[1])
	}
	for _, name := range []string{"user.weight", "item.weight", "item_bias.weight"} {
		for i := range ts[prefix+name].F32() {
			ts[prefix+name].F32()[i] = float32(int(s.Uint32()%33)-16) / 16 // products and sums are exact
		}
	}
	return ts
}

// TestModels wants the same lists of a model by its vectors and as a graph, which
// are those of its formula.
func TestModels(t *testing.T) {
	seen := known(3, 30, 700, 40)
	for name, c := range map[string]struct {
		model  nn.Layer
		params checkpoint.Tensors
		limit  float32
	}{
		"vectors": {nn.BPRMF(30, 700, 4), paramsOf(""), 100},
		"graph":   {gate, paramsOf("mf."), 0.125},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := New(c.params, Config{Model: c.model, Users: 30, Items: 700, Seen: seen, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			p := paramsOf("")
			for u := range int32(30) {
				want := formula(p, seen, u, c.limit)[:12]
				if got := r.Top(make([]Scored, 0, 12), u); !slices.Equal(got, want) {
					t.Fatalf("user %d: %v, want %v", u, got, want)
				}
			}
		})
	}
}

func formula(p checkpoint.Tensors, seen *interactions.Known, u int32, limit float32) (list []Scored) {
	user, item, bias := p["user.weight"].F32(), p["item.weight"].F32(), p["item_bias.weight"].F32()
	for i := range int32(700) {
		x := bias[i]
		for k := range int32(4) {
			x += user[4*u+k] * item[4*i+k]
		}
		if !seen.Has(u, i) {
			list = append(list, Scored{i, min(x, limit)})
		}
	}
	slices.SortFunc(list, func(a, b Scored) int {
		if b.worse(a) {
			return -1
		}
		return 1
	})
	return list
}

// TestRankCandidates compares the places of the first of candidates with those
// of counting.
func TestRankCandidates(t *testing.T) {
	s := rng.NewStream(5, "candidates")
	c := &interactions.Candidates{Count: 20}
	for range 300 {
		c.User = append(c.User, int32(s.Uint32()%30))
		for range c.Count {
			c.Item = append(c.Item, int32(s.Uint32()%700))
		}
	}
	eng, err := train.NewEngine(train.Exec{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	p := paramsOf("")
	e, err := train.NewEvaluator(eng, nn.BPRMF(30, 700, 4), nil, c.Examples().Fields(), p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := RankCandidates(context.Background(), e, c)
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range c.User {
		score := map[int32]float32{}
		for _, x := range formula(p, known(3, 30, 700, 0), u, 100) {
			score[x.Item] = x.Score
		}
		var want metric.Place
		for _, item := range c.Item[i*c.Count : (i+1)*c.Count] {
			if score[item] > score[c.Item[i*c.Count]] {
				want.Above++
			}
			if score[item] == score[c.Item[i*c.Count]] {
				want.Tied++
			}
		}
		if p := got.Places.Of(i); len(p) != 1 || p[0] != want || got.Items[i] != c.Item[i*c.Count] {
			t.Fatalf("example %d: %v, want %v", i, p, want)
		}
	}
}

// TestPopular wants a list by times alone, without what was seen, ties by number.
func TestPopular(t *testing.T) {
	seen := &interactions.Known{Start: []int64{0, 1}, Item: []int32{2}}
	r := FromTimes([]float32{1, 5, 9, 5, 0}, seen, 1)
	if got := fmt.Sprint(r.Top(make([]Scored, 0, 4), 0)); got != "[{1 5} {3 5} {0 1} {4 0}]" {
		t.Error(got)
	}
	c := &interactions.Candidates{User: []int32{0, 0}, Item: []int32{1, 3, 0, 4, 2, 1}, Count: 3}
	ranks := CandidatesByTimes([]float32{1, 5, 9, 5, 0}, c)
	if got := fmt.Sprint(ranks.Places.Of(0), ranks.Places.Of(1), ranks.Items); got != "[{0 2}] [{2 1}] [1 4]" {
		t.Error(got)
	}
}
