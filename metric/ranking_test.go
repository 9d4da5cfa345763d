package metric

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/rng"
)

// rankingOf measures places without intervals.
func rankingOf(t *testing.T, p *Places, at ...int) func(name string) float64 {
	t.Helper()
	r, err := Ranking(p, at, Options{Resamples: -1})
	if err != nil {
		t.Fatal(err)
	}
	return func(name string) float64 {
		s, ok := r.Get(name)
		if !ok {
			t.Fatalf("no score %q", name)
		}
		return s.Value
	}
}

// TestRankingAgainstScikitLearn compares each user: NDCG and AUC with all ties,
// the mean reciprocal rank and the average precision of whole rankings without.
func TestRankingAgainstScikitLearn(t *testing.T) {
	for _, c := range golden(t).Ranking {
		t.Run(c.Name, func(t *testing.T) {
			for u, user := range c.Users {
				var p Places
				var places []Place
				for _, x := range user.Places {
					places = append(places, Place{x[0], x[1]})
				}
				p.Add(user.Candidates, places...)
				got := rankingOf(t, &p, append(c.At, user.Candidates)...)
				for i, k := range c.At {
					near(t, fmt.Sprintf("user %d: ndcg@%d", u, k), got(fmt.Sprintf("ndcg@%d", k)), user.NDCG[i])
				}
				near(t, fmt.Sprintf("user %d: auc", u), got("auc"), float64(user.AUC))
				if user.MRR != nil {
					near(t, fmt.Sprintf("user %d: mrr", u), got("mrr"), *user.MRR)
					near(t, fmt.Sprintf("user %d: map", u), got(fmt.Sprintf("map@%d", user.Candidates)), *user.MAP)
				}
			}
		})
	}
}

// plain measures one order of the candidates by the definitions.
func plain(relevant []bool, k int) map[string]float64 {
	all, found, gain, ideal, precisions, pairs, first := 0, 0, 0.0, 0.0, 0.0, 0, 0
	for i, is := range relevant {
		if !is {
			pairs += all // relevant ones above it
			continue
		}
		all++
		if first == 0 {
			first = i + 1
		}
		if all <= k {
			ideal += 1 / math.Log2(float64(all+1))
		}
		if i < k {
			found++
			gain += 1 / math.Log2(float64(i+2))
			precisions += float64(found) / float64(i+1)
		}
	}
	return map[string]float64{
		"hr": float64(min(found, 1)), "ndcg": gain / ideal, "recall": float64(found) / float64(all), "precision": float64(found) / float64(k),
		"map": precisions / float64(min(k, all)), "mrr": 1 / float64(first), "auc": float64(pairs) / float64(all*(len(relevant)-all)),
	}
}

// orders calls f with every order of the items from at on within groups of equal scores.
func orders(score []int, relevant []bool, at int, f func([]bool)) {
	if at == len(score) {
		f(relevant)
		return
	}
	for i := at; i < len(score) && score[i] == score[at]; i++ {
		relevant[at], relevant[i] = relevant[i], relevant[at]
		orders(score, relevant, at+1, f)
		relevant[at], relevant[i] = relevant[i], relevant[at]
	}
}

// TestTiesAreExpectedValues measures small rankings with ties, and wants the mean of
// the plain definitions over all orders of the tied items.
func TestTiesAreExpectedValues(t *testing.T) {
	s := rng.NewStream(3, "ties")
	for trial := range 60 {
		score, relevant := make([]int, 7), make([]bool, 7)
		for i := range score { // falling
			score[i] = -i * (int(s.Uint32()) % 3) / 3
			if i > 0 {
				score[i] = min(score[i], score[i-1])
			}
			relevant[i] = s.Uint32()%3 == 0
		}
		relevant[trial%6] = true
		relevant[6] = false
		var places []Place
		for i, is := range relevant {
			if is {
				places = append(places, placeAmong(score, i))
			}
		}
		var p Places
		p.Add(len(score), places...)
		for _, k := range []int{1, 3, 7} {
			want, n := map[string]float64{}, 0.0
			orders(score, relevant, 0, func(order []bool) {
				n++
				for name, v := range plain(order, k) {
					want[name] += v
				}
			})
			got := rankingOf(t, &p, k)
			for name, sum := range want {
				if name != "mrr" && name != "auc" {
					name += fmt.Sprint("@", k)
				}
				near(t, fmt.Sprint(score, relevant, " ", name), got(name), sum/n)
			}
		}
	}
}

func placeAmong(score []int, i int) (p Place) {
	for _, x := range score {
		if x > score[i] {
			p.Above++
		}
		if x == score[i] {
			p.Tied++
		}
	}
	return p
}

// TestRankingOfMissingItems wants items that were not ranked to count as never found.
func TestRankingOfMissingItems(t *testing.T) {
	var p Places
	p.Add(10, Place{}, Place{0, 1})
	p.Add(10, Place{})
	got := rankingOf(t, &p, 1, 10)
	for name, want := range map[string]float64{"hr@1": 0.5, "recall@10": 0.25, "mrr": 0.5, "auc": 0.25, "map@10": 0.25} {
		near(t, name, got(name), want)
	}
}

// TestRankingIntervals wants each score inside its interval, which resamples users.
func TestRankingIntervals(t *testing.T) {
	var p Places
	s := rng.NewStream(4, "places")
	for range 300 {
		p.Add(100, Place{int32(s.Uint32() % 30), 1}, Place{int32(40 + s.Uint32()%50), 1})
	}
	r, err := Ranking(&p, []int{10}, Options{Resamples: 200})
	if err != nil {
		t.Fatal(err)
	}
	if r.Examples != 300 || r.Resamples != 200 {
		t.Errorf("%d users, %d resamples", r.Examples, r.Resamples)
	}
	for _, s := range r.Scores {
		if !(s.Lo < s.Value && s.Value < s.Hi) {
			t.Errorf("%v is not inside its interval", s)
		}
	}
}

func TestRankingRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		at     []int
		places [][]Place
		want   string
	}{
		"no users":       {[]int{10}, nil, "no users"},
		"none relevant":  {[]int{10}, [][]Place{{{0, 1}}, {}}, "user 1: no relevant items"},
		"no list":        {[]int{0}, [][]Place{{{0, 1}}}, "the first 0 of a ranking"},
		"outside":        {[]int{10}, [][]Place{{{9, 2}}}, "below 9 candidates, level with 2, of 10"},
		"contradiction":  {[]int{10}, [][]Place{{{0, 3}, {1, 2}}}, "that others contradict"},
		"too many level": {[]int{10}, [][]Place{{{0, 1}, {0, 1}}}, "that others contradict"},
	} {
		t.Run(name, func(t *testing.T) {
			var p Places
			for _, places := range c.places {
				p.Add(10, places...)
			}
			if _, err := Ranking(&p, c.at, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
