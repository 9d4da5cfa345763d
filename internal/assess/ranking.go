package assess

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/recommend"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Ranking is what there is to say of a recommender beside its scores: where it
// finds what was held out, and whether it finds more than what everybody likes.
type Ranking struct {
	Protocol string  `json:"protocol"` // what was ranked, in words
	Left     int     `json:"left"`     // held-out items that their users had met before, left out
	Found    []Found `json:"found"`
	Tail     []Tail  `json:"tail"` // most popular items first
}

// Found is the share of held-out items among the first K, by the model and by
// popularity.
type Found struct {
	K       int     `json:"k"`
	Model   float64 `json:"model"`
	Popular float64 `json:"popular"`
}

// Tail is a fifth of the interactions of the training data: its items, from the
// most popular on, how many held-out items are of them, and what share of these
// is among the first 10; 0 of none.
type Tail struct {
	Items   int     `json:"items"`
	Times   [2]int  `json:"times"` // the least and the most that an item is met
	Held    int     `json:"held"`
	Model   float64 `json:"model"`
	Popular float64 `json:"popular"`
}

// cuts are the K of the scores of a model that is done; the tail and the
// coverage are of tailCut.
var cuts = []int{5, 10, 20}

const (
	tailCut   = 10
	tailParts = 5
)

// ranking measures a recommender.
func (j *Job) ranking(ctx context.Context, model nn.Layer) (*Quality, error) {
	h, err := hold(j.Config, j.Sets, j.Part, model, flopsToAssess)
	if err != nil {
		return nil, fmt.Errorf("assess: %w", err)
	}
	var ranks *recommend.Ranks
	err = j.Config.WithEngine(func(eng engine.Engine) error {
		e, err := train.NewEvaluatorOf(eng, model, nil, pairFields, j.Params, 1)
		if err != nil {
			return err
		}
		t, err := h.by(eng, e.Vars(), model)
		if err == nil {
			ranks, err = t.ranks(ctx, tailCut)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	popular, err := h.popular(ctx, tailCut)
	if err != nil {
		return nil, err
	}
	q := &Quality{Part: j.Part, Ranking: &Ranking{Protocol: h.String(), Left: ranks.Left}}
	at := cutsWith(config.Cut(j.Config.Metric))
	if q.Model, err = rankingReport(ranks, at, metric.Options{Seed: j.Seed}); err != nil {
		return nil, err
	}
	base, err := rankingReport(popular, at, metric.Options{Resamples: -1})
	if err != nil {
		return nil, err
	}
	q.Baselines = []Baseline{{Name: "popularity", About: "the items that most users met in the training data, the same for everyone but for what he has met", Scores: base.Scores}}
	q.Notes = append(q.Notes, "ranked were "+q.Ranking.Protocol)
	if ranks.Left > 0 {
		q.Notes = append(q.Notes, fmt.Sprintf("%d held-out items are left out: their users had met them before", ranks.Left))
	}
	if h.unknown > 0 {
		q.Notes = append(q.Notes, fmt.Sprintf("%d held-out interactions are left out: the model does not know the user or the item", h.unknown))
	}
	q.Ranking.find(ranks, popular)
	q.Ranking.split(h.times, ranks, popular)
	return q, nil
}

// pairFields declare a user and an item.
var pairFields = []dataset.Field{{Name: dataset.FieldUser, DType: tensor.I32}, {Name: dataset.FieldItem, DType: tensor.I32}}

// cutsWith returns the cuts with one more, ascending.
func cutsWith(k int) []int {
	at := slices.Clone(cuts)
	if !slices.Contains(at, k) {
		at = append(at, k)
	}
	slices.Sort(at)
	return at
}

// rankingReport is metric.Ranking, and of the whole catalog its coverage.
func rankingReport(r *recommend.Ranks, at []int, o metric.Options) (*metric.Report, error) {
	report, err := metric.Ranking(&r.Places, at, o)
	if err == nil && r.Times != nil {
		report.Scores = append(report.Scores, metric.WithoutInterval(fmt.Sprint("coverage@", tailCut), metric.Coverage(r.Times)))
	}
	return report, err
}

// find fills in the shares found at growing depths.
func (r *Ranking) find(model, popular *recommend.Ranks) {
	deepest := 0
	for u := range model.Places.Users() {
		deepest = max(deepest, model.Places.Candidates(u))
	}
	for _, k := range depths(deepest) {
		found := Found{K: k}
		for u := range model.Places.Users() {
			found.Model += expected(model.Places.Of(u), k)
			found.Popular += expected(popular.Places.Of(u), k)
		}
		found.Model /= float64(len(model.Items))
		found.Popular /= float64(len(model.Items))
		r.Found = append(r.Found, found)
	}
}

// depths are 1, 2, 5, 10, 20, ... up to the deepest.
func depths(deepest int) (list []int) {
	for ten := 1; ; ten *= 10 {
		for _, step := range []int{1, 2, 5} {
			if k := step * ten; k < deepest {
				list = append(list, k)
				continue
			}
			return append(list, deepest)
		}
	}
}

// expected is how many of the places are among the first k, ties being in any order.
func expected(places []metric.Place, k int) (sum float64) {
	for _, p := range places {
		sum += chance(p, k)
	}
	return sum
}

func chance(p metric.Place, k int) float64 {
	if p.Tied == 0 {
		return 0
	}
	return float64(min(max(k-int(p.Above), 0), int(p.Tied))) / float64(p.Tied)
}

// split fills in the long tail: items by falling popularity, cut into parts with
// equally many interactions.
func (r *Ranking) split(times []float32, model, popular *recommend.Ranks) {
	items := make([]int, len(times))
	total := 0.0
	for i := range items {
		items[i] = i
		total += float64(times[i])
	}
	slices.SortStableFunc(items, func(a, b int) int { return cmp.Compare(times[b], times[a]) })
	part, sum := make([]int, len(times)), 0.0
	r.Tail = make([]Tail, tailParts)
	for _, i := range items {
		p := min(int(sum*tailParts/max(total, 1)), tailParts-1)
		sum += float64(times[i])
		part[i] = p
		t := &r.Tail[p]
		if t.Items++; t.Items == 1 {
			t.Times = [2]int{int(times[i]), int(times[i])}
		}
		t.Times[0] = int(times[i])
	}
	at := 0
	for u := range model.Places.Users() {
		ours, theirs := model.Places.Of(u), popular.Places.Of(u)
		for k := range ours {
			t := &r.Tail[part[model.Items[at]]]
			t.Held++
			t.Model += chance(ours[k], tailCut)
			t.Popular += chance(theirs[k], tailCut)
			at++
		}
	}
	for i := range r.Tail {
		if t := &r.Tail[i]; t.Held > 0 {
			t.Model, t.Popular = t.Model/float64(t.Held), t.Popular/float64(t.Held)
		}
	}
}
