package recommend

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Ranks says where held-out items stand in the rankings of their users.
type Ranks struct {
	Users  []int32       // in ascending order, or that of the candidates
	Items  []int32       // held out, one user's behind another's: those of Places
	Places metric.Places // of each user's, in the order of Items
	Times  []int32       // in how many lists of the first items each item is; nil among candidates
	Left   int           // held-out items that their users had seen, which are not ranked
}

// rankScores is how many scores are in memory for each worker while held-out
// items are ranked: the whole catalog for a user at least.
const rankScores = 1 << 21

// Rank ranks the whole catalog, but for what each has seen, for every user with
// held-out items, and counts which items are among his first k. An item whose
// score is not a number counts as not ranked.
func (r *Ranker) Rank(ctx context.Context, held *interactions.Known, k int) (*Ranks, error) {
	ranks, start := r.held(held)
	if err := r.check(ranks.Users); err != nil {
		return nil, err
	}
	ranks.Times = make([]int32, r.items)
	places := make([]metric.Place, len(ranks.Items))
	rows := min(max(rankScores/r.items, 1), UserBlock)
	err := r.parallel(ctx, len(ranks.Users), rows, func(w *worker, from, to int) {
		w.block = grow(w.block, (to-from)*r.items)
		w.users(ranks.Users[from:to])
		w.scores(0, r.items, w.block)
		r.hide(ranks.Users[from:to], 0, r.items, w.block)
		for i := from; i < to; i++ {
			row := w.block[(i-from)*r.items : (i-from+1)*r.items]
			w.place(row, ranks.Items[start[i]:start[i+1]], places[start[i]:start[i+1]])
			for _, x := range w.first(row, k) {
				atomic.AddInt32(&ranks.Times[x.Item], 1)
			}
		}
	})
	for i, u := range ranks.Users {
		ranks.Places.Add(r.items-len(r.seenBy(u)), places[start[i]:start[i+1]]...)
	}
	return ranks, err
}

// held lists the users that have items to find, and these items, from start[i]
// on for number i of them.
func (r *Ranker) held(held *interactions.Known) (ranks *Ranks, start []int) {
	ranks = &Ranks{}
	for u := range int32(len(held.Start) - 1) {
		from := len(ranks.Items)
		for _, item := range held.Of(u) {
			if r.seen != nil && r.seen.Has(u, item) {
				ranks.Left++
				continue
			}
			ranks.Items = append(ranks.Items, item)
		}
		if len(ranks.Items) > from {
			ranks.Users, start = append(ranks.Users, u), append(start, from)
		}
	}
	return ranks, append(start, len(ranks.Items))
}

func (r *Ranker) seenBy(user int32) []int32 {
	if r.seen == nil {
		return nil
	}
	return r.seen.Of(user)
}

// first returns the best k items of a row of the scores of all.
func (w *worker) first(row []float32, k int) []Scored {
	w.maxima = grow(w.maxima, (len(row)+segment-1)/segment)
	w.list = grow(w.list, k)
	w.tops[0].reset(w.list[:0:k])
	w.tops[0].add(0, row, w.maxima[:maximaOf(w.maxima, row, 1, len(row))])
	return w.tops[0].heap
}

// place sets where the items stand in a row of the scores of all: one pass that
// sorts each score into the gap between two of theirs.
func (w *worker) place(row []float32, items []int32, places []metric.Place) {
	w.levels = w.levels[:0]
	for _, item := range items {
		if x := row[item]; x == x {
			w.levels = append(w.levels, x)
		}
	}
	slices.Sort(w.levels)
	w.levels = slices.Compact(w.levels)
	w.gaps = grow(w.gaps, len(w.levels)+1) // gaps[i]: from above levels[i-1] to levels[i]
	clear(w.gaps)
	for _, x := range row {
		i := gapOf(w.levels, x)
		g := &w.gaps[i]
		if i < len(w.levels) && w.levels[i] == x {
			g.Tied++
		}
		g.Above++
	}
	above := int32(0)
	for i := len(w.gaps) - 1; i >= 0; i-- { // from a gap's own count to that of all above its level
		above, w.gaps[i].Above = above+w.gaps[i].Above, above
	}
	for j, item := range items {
		if x := row[item]; x == x {
			places[j] = w.gaps[gapOf(w.levels, x)]
		}
	}
}

// gapOf returns how many of some ascending levels are below x; of NaN none are.
func gapOf(levels []float32, x float32) int {
	below, n := 0, len(levels)
	for n > 0 {
		half := n / 2
		if levels[below+half] < x {
			below, n = below+half+1, n-half-1
		} else {
			n = half
		}
	}
	return below
}

// RankCandidates ranks the first item of each example among all of them, by an
// evaluator of candidates.Examples().
func RankCandidates(ctx context.Context, e *train.Evaluator, candidates *interactions.Candidates) (*Ranks, error) {
	ranks := newRanks(candidates)
	err := e.Predict(ctx, candidates.Examples(), func(_ int, pred *tensor.Tensor, rows int) error {
		width := pred.Size() / pred.Shape()[0]
		if width != candidates.Count {
			return fmt.Errorf("recommend: the model gives %d scores for %d candidates", width, candidates.Count)
		}
		for i := range rows {
			ranks.Places.Add(width, placeOfFirst(pred.F32()[i*width:(i+1)*width]))
		}
		return nil
	})
	return ranks, err
}

// CandidatesByTimes ranks the first item of each example among all of them by
// how often each was met.
func CandidatesByTimes(times []float32, candidates *interactions.Candidates) *Ranks {
	ranks := newRanks(candidates)
	scores := make([]float32, candidates.Count)
	for at := 0; at < len(candidates.Item); at += len(scores) {
		for j := range scores {
			scores[j] = times[candidates.Item[at+j]]
		}
		ranks.Places.Add(len(scores), placeOfFirst(scores))
	}
	return ranks
}

func newRanks(c *interactions.Candidates) *Ranks {
	r := &Ranks{Users: c.User}
	for at := 0; at < len(c.Item); at += c.Count {
		r.Items = append(r.Items, c.Item[at])
	}
	return r
}

// placeOfFirst returns where the first of some scores stands among them.
func placeOfFirst(scores []float32) (p metric.Place) {
	if scores[0] != scores[0] {
		return p
	}
	for _, x := range scores {
		if x > scores[0] {
			p.Above++
		}
		if x == scores[0] {
			p.Tied++
		}
	}
	return p
}
