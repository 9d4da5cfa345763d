package metric

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/descent-ml/descent/internal/portmath"
)

// Place is where a relevant item stands in the ranking of a user. Above are the
// candidates with a higher score, Tied those with the same one, itself
// included. Tied is 0 for an item that was not ranked: it is never found.
type Place struct{ Above, Tied int32 }

// Places are those of the relevant items of many users, one user after another.
type Places struct {
	place      []Place
	start      []int   // of each user's places
	candidates []int32 // that were ranked for each user
}

// Add adds a user: where his relevant items stand, in any order, among so many
// candidates, relevant ones included.
func (p *Places) Add(candidates int, places ...Place) {
	p.start = append(p.start, len(p.place))
	p.place = append(p.place, places...)
	p.candidates = append(p.candidates, int32(candidates))
}

// Users returns how many were added.
func (p *Places) Users() int { return len(p.start) }

// Of returns the places of a user, in the order in which they were added.
func (p *Places) Of(user int) []Place {
	if user+1 < len(p.start) {
		return p.place[p.start[user]:p.start[user+1]]
	}
	return p.place[p.start[user]:]
}

// Candidates returns how many were ranked for a user.
func (p *Places) Candidates(user int) int { return int(p.candidates[user]) }

// mostCut is the longest list that is measured: the discounts are a table.
const mostCut = 1 << 20

// Ranking measures rankings, each score as the plain mean over users; examples
// are users, so intervals are of other users. For each K of at, in this order:
//
//   - hr@K: 1 if a relevant item is among the first K.
//   - ndcg@K: Σ 1/log2(1+rank) over the relevant items among the first K, over
//     the largest value that sum can have (Järvelin and Kekäläinen, Cumulated
//     gain-based evaluation of IR techniques, 2002, with gains of 0 and 1).
//   - recall@K: relevant items among the first K, over all relevant items.
//   - precision@K: the same over K.
//   - map@K: the sum of precision@rank over the relevant items among the first
//     K, over the smaller of K and the number of relevant items.
//
// Then mrr, 1/rank of the first relevant item, and auc, the chance that a
// relevant item stands above one that is not, a tie counting half; a user whose
// candidates are all relevant has none and is left out of it.
//
// Items with equal scores have no order, so each score is its expected value
// over all their orders (McSherry and Najork, Computing information retrieval
// performance measures efficiently in the presence of tied scores, 2008): a
// model that gives every item the same score gets what drawing would. NDCG and
// AUC are those of scikit-learn, which does the same; for one relevant item
// recall is hr and map is 1/rank cut at K.
//
// Errors: no users, a user without relevant items, places that are not among
// the candidates.
func Ranking(p *Places, at []int, o Options) (*Report, error) {
	s, err := newRanker(p, at)
	if err != nil {
		return nil, err
	}
	w, err := weights(nil, p.Users())
	if err != nil {
		return nil, err
	}
	n := o.resamples(len(w), s.cost())
	return &Report{Examples: len(w), Resamples: n, Scores: scores(s, w, n, o.Seed)}, nil
}

// ranker holds the scores of each user, so that a resample is a weighted mean.
type ranker struct {
	called []string
	values []float64 // (users, scores)
}

func newRanker(p *Places, at []int) (*ranker, error) {
	if p.Users() == 0 {
		return nil, fmt.Errorf("metric: no users to measure a ranking of")
	}
	longest := 0
	for _, k := range at {
		if k < 1 || k > mostCut {
			return nil, fmt.Errorf("metric: the first %d of a ranking (want 1 to %d)", k, mostCut)
		}
		longest = max(longest, k)
	}
	s := &ranker{called: RankingNames(at)}
	gains := newGains(longest)
	for u := range p.Users() {
		l, err := newList(p.Of(u), int(p.candidates[u]))
		if err != nil {
			return nil, fmt.Errorf("metric: user %d: %w", u, err)
		}
		for _, k := range at {
			s.values = append(s.values, l.hit(k), l.ndcg(k, gains), l.found(k)/float64(l.relevant), l.found(k)/float64(k), l.averagePrecision(k))
		}
		s.values = append(s.values, l.reciprocal(), l.area())
	}
	return s, nil
}

// RankingNames are the scores of Ranking, in the order of its report.
func RankingNames(at []int) []string {
	var names []string
	for _, k := range at {
		for _, name := range []string{"hr", "ndcg", "recall", "precision", "map"} {
			names = append(names, fmt.Sprintf("%s@%d", name, k))
		}
	}
	return append(names, "mrr", "auc")
}

func (s *ranker) names() []string { return s.called }

func (s *ranker) cost() int { return len(s.called) }

func (s *ranker) measure() measure {
	total := make([]float64, len(s.called))
	return func(w, out []float64) {
		clear(out)
		clear(total)
		for u, x := range w {
			if x == 0 {
				continue
			}
			for j, v := range s.values[u*len(out) : (u+1)*len(out)] {
				if v == v {
					out[j] += float64(x * v)
					total[j] += x
				}
			}
		}
		for j := range out {
			out[j] /= total[j] // 0/0 is NaN
		}
	}
}

// tie is a group of candidates with equal scores that has relevant items: it
// takes the ranks above+1 to above+size in any order.
type tie struct{ above, size, relevant int }

// list is the ranking of one user: its groups from the top, and how many items
// are relevant, with those that were not ranked.
type list struct {
	ties                 []tie
	relevant, candidates int
}

func newList(places []Place, candidates int) (*list, error) {
	l := &list{relevant: len(places), candidates: candidates}
	if len(places) == 0 {
		return nil, fmt.Errorf("no relevant items")
	}
	sorted := slices.Clone(places)
	slices.SortFunc(sorted, func(a, b Place) int { return cmp.Compare(a.Above, b.Above) })
	for _, p := range sorted {
		if p.Tied == 0 {
			continue
		}
		if p.Above < 0 || p.Tied < 0 || int(p.Above)+int(p.Tied) > candidates {
			return nil, fmt.Errorf("an item below %d candidates, level with %d, of %d", p.Above, p.Tied, candidates)
		}
		if n := len(l.ties); n > 0 && l.ties[n-1].above == int(p.Above) {
			l.ties[n-1].relevant++
			continue
		}
		l.ties = append(l.ties, tie{int(p.Above), int(p.Tied), 1})
	}
	end := 0
	for _, t := range l.ties {
		if t.above < end || t.relevant > t.size {
			return nil, fmt.Errorf("items below %d candidates, level with %d, that others contradict", t.above, t.size)
		}
		end = t.above + t.size
	}
	return l, nil
}

// within returns how many of the ranks of a group are among the first k.
func (t tie) within(k int) int { return min(max(k-t.above, 0), t.size) }

// hit is the chance that a relevant item is among the first k. It is decided by
// the first group: if m of its n ranks are, all its r relevant items miss them
// with chance C(n-m, r) / C(n, r).
func (l *list) hit(k int) float64 {
	if len(l.ties) == 0 {
		return 0
	}
	t, miss := l.ties[0], 1.0
	m := t.within(k)
	for i := range t.relevant {
		miss *= float64(max(t.size-m-i, 0)) / float64(t.size-i)
	}
	return 1 - miss
}

// found is the expected number of relevant items among the first k.
func (l *list) found(k int) float64 {
	sum := 0.0
	for _, t := range l.ties {
		sum += float64(t.relevant*t.within(k)) / float64(t.size)
	}
	return sum
}

// gains[n] is the sum of the discounts 1/log2(1+rank) of the ranks 1 to n.
type gains []float64

func newGains(n int) gains {
	g := make(gains, n+1)
	for rank := 1; rank <= n; rank++ {
		g[rank] = g[rank-1] + portmath.Log(2)/portmath.Log(float64(rank+1))
	}
	return g
}

func (l *list) ndcg(k int, g gains) float64 {
	sum := 0.0
	for _, t := range l.ties {
		if t.above < k {
			sum += float64(t.relevant) / float64(t.size) * (g[t.above+t.within(k)] - g[t.above])
		}
	}
	return sum / g[min(k, l.relevant)]
}

// averagePrecision is the expected sum of the precision at the rank of each
// relevant item among the first k. At the j-th rank of a group an item is
// relevant with chance r/n, and then (j-1)·(r-1)/(n-1) of those before it in the
// group are, on average.
func (l *list) averagePrecision(k int) float64 {
	sum, before := 0.0, 0
	for _, t := range l.ties {
		slope := float64(t.relevant-1) / float64(max(t.size-1, 1))
		share := float64(t.relevant) / float64(t.size)
		for j := range t.within(k) {
			sum += share * (1 + float64(before) + float64(float64(j)*slope)) / float64(t.above+j+1)
		}
		before += t.relevant
	}
	return sum / float64(min(k, l.relevant))
}

// reciprocal is the expected 1/rank of the first relevant item, which is in the
// first group: at its rank j with chance C(n-j, r-1) / C(n, r).
func (l *list) reciprocal() float64 {
	if len(l.ties) == 0 {
		return 0
	}
	t, sum := l.ties[0], 0.0
	chance := float64(t.relevant) / float64(t.size)
	for j := 1; j <= t.size-t.relevant+1; j++ {
		sum += chance / float64(t.above+j)
		chance *= float64(t.size-j-t.relevant+1) / float64(max(t.size-j, 1))
	}
	return sum
}

// area is the chance that a relevant item stands above one that is not; an item
// that was not ranked stands below all.
func (l *list) area() float64 {
	others, before := l.candidates, 0
	for _, t := range l.ties {
		others -= t.relevant
	}
	sum := 0.0
	for _, t := range l.ties {
		level := float64(t.size - t.relevant)
		below := float64(others-(t.above-before)) - level
		sum += float64(t.relevant) * (below + level/2)
		before += t.relevant
	}
	return sum / float64(l.relevant*others) // 0/0 is NaN
}

// Coverage is the share of the catalog that is in a list of anyone: times says
// how many lists each item is in. It has no interval: a resample of users
// repeats some and so shows less of the catalog than these users do.
func Coverage(times []int32) float64 {
	shown := 0
	for _, n := range times {
		if n > 0 {
			shown++
		}
	}
	return float64(shown) / float64(len(times))
}
