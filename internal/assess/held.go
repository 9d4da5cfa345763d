package assess

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/recommend"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// held is what a recommender is measured on: interactions that it was not
// trained on, to be found among candidates, or in the whole catalog but for what
// their users had met before.
type held struct {
	part         string
	items        *interactions.Known // held out, of each user that is measured
	seen         *interactions.Known
	candidates   *interactions.Candidates // nil: the whole catalog
	times        []float32                // that each item is met in the training data
	users        int                      // of the model
	asked, there int                      // users that are measured, and that could be
	unknown      int                      // interactions of users or items that the model does not know, left out
}

// Limits of the floating-point operations that rankings in the whole catalog
// take: of a validation, seconds, and of a model that is done.
const (
	flopsToValidate = 1e11
	flopsToAssess   = 1e12

	fewestUsers   = 50  // whatever they take
	flopsOfChoice = 100 // of a score, for what else is done with it
)

// hold prepares a part, val or test, of implicit interactions. Candidates are
// those of the data for testing, or else drawn as data.candidates says. In the
// whole catalog fewer users are measured where all would take more operations.
func hold(c *config.Config, sets *config.Sets, part string, model nn.Layer, flops float64) (*held, error) {
	n := sets.Interactions
	h := &held{part: part, users: sets.Schema.Pairs.Users, times: make([]float32, sets.Schema.Pairs.Items)}
	for _, item := range h.known(n.Train).Item {
		h.times[item]++
	}
	table := n.Test
	if part == "val" {
		table = n.Val
	}
	if table == nil || table.Len() == 0 {
		return nil, fmt.Errorf("no interactions are held out for %s", part)
	}
	known := h.known(table)
	if h.unknown = table.Len() - known.Len(); known.Len() == 0 {
		return nil, fmt.Errorf("no interaction that is held out for %s is of a user and an item that the model knows", part)
	}
	if part == "test" && n.Candidates != nil {
		return h, h.among(n.Candidates)
	}
	if count := c.Data.Pairs.Candidates; count > 0 {
		neg, err := interactions.NewNegatives(n.Train, interactions.NegativeOptions{Count: count, Seed: c.Seed, Known: n.Catalog.Seen})
		if err != nil {
			return nil, err
		}
		return h, h.among(neg.Candidates(known))
	}
	return h, h.whole(n, known, model, flops)
}

// known is the interactions of a table whose users and items the model has: the
// data may have grown since it was trained.
func (h *held) known(t *interactions.Table) *interactions.Table {
	return t.Among(h.users, len(h.times))
}

// among ranks each held-out item among candidates.
func (h *held) among(c *interactions.Candidates) error {
	if int(slices.Max(c.Item)) >= len(h.times) {
		return fmt.Errorf("candidates are items that the model does not know")
	}
	h.candidates, h.asked, h.there = c, c.Len(), c.Len()
	return nil
}

// whole ranks in the whole catalog, but for what users had met before the part.
func (h *held) whole(n *config.Interactions, items *interactions.Table, model nn.Layer, flops float64) error {
	met := []*interactions.Table{h.known(n.Train)}
	if h.part == "test" && n.Val != nil {
		met = append(met, h.known(n.Val))
	}
	h.seen = interactions.NewKnown(met...)
	score, err := flopsOf(model)
	if err == nil {
		h.thin(interactions.NewKnown(items), int(max(fewestUsers, flops/(score*float64(len(h.times))))))
	}
	return err
}

// flopsOf returns how many operations a score takes.
func flopsOf(model nn.Layer) (float64, error) {
	fields := make([]nn.Input, len(pairFields))
	for i, f := range pairFields {
		fields[i] = nn.Input(f)
	}
	rows, err := nn.Summary(model, fields...)
	sum := float64(flopsOfChoice)
	for _, r := range rows {
		sum += float64(r.FLOPs)
	}
	return sum, err
}

// thin keeps the held-out items of at most so many users, at even distances.
func (h *held) thin(all *interactions.Known, most int) {
	for u := range len(all.Start) - 1 {
		if len(all.Of(int32(u))) > 0 {
			h.there++
		}
	}
	h.asked = min(h.there, most)
	h.items = &interactions.Known{Start: make([]int64, len(all.Start))}
	at := 0
	for u := range len(all.Start) - 1 {
		if items := all.Of(int32(u)); len(items) > 0 {
			if at*h.asked/h.there != (at+1)*h.asked/h.there {
				h.items.Item = append(h.items.Item, items...)
			}
			at++
		}
		h.items.Start[u+1] = int64(len(h.items.Item))
	}
}

// String says in words what is ranked.
func (h *held) String() string {
	if h.candidates != nil {
		return fmt.Sprintf("%d held-out items, each among %d others", h.asked, h.candidates.Count-1)
	}
	s := fmt.Sprintf("%d held-out items of %d users, in the whole catalog of %d items but for what each had met before", len(h.items.Item), h.asked, len(h.times))
	if h.asked < h.there {
		s += fmt.Sprintf("; %d of %d users, at even distances, to bound the time", h.asked, h.there)
	}
	return s
}

// tester ranks what is held out by a model whose variables may change.
type tester struct {
	*held
	eval *train.Evaluator // among candidates
	live *recommend.Live
}

// by prepares ranking by a model.
func (h *held) by(eng engine.Engine, vars engine.Vars, model nn.Layer) (t *tester, err error) {
	t = &tester{held: h}
	if h.candidates != nil {
		fields := h.candidates.Examples().Fields()
		t.eval, err = train.NewEvaluatorOn(eng, vars, model, nil, fields, candidateRows)
		return t, err
	}
	t.live, err = recommend.NewLive(eng, vars, recommend.Config{Model: model, Users: h.users, Items: len(h.times), Seen: h.seen})
	return t, err
}

// candidateRows is how many examples with candidates are run at once.
const candidateRows = 64

func (t *tester) ranks(ctx context.Context, k int) (*recommend.Ranks, error) {
	if t.eval != nil {
		return recommend.RankCandidates(ctx, t.eval, t.candidates)
	}
	r, err := t.live.Ranker()
	if err != nil {
		return nil, err
	}
	return r.Rank(ctx, t.items, k)
}

// popular ranks by how often items are met in the training data.
func (h *held) popular(ctx context.Context, k int) (*recommend.Ranks, error) {
	if h.candidates != nil {
		return recommend.CandidatesByTimes(h.times, h.candidates), nil
	}
	return recommend.FromTimes(h.times, h.seen, 0).Rank(ctx, h.items, k)
}

// Measures are what validations of a recommender measure besides the loss: how
// it ranks what is held out for validation. None of other models, of ratings,
// and without validation data.
func Measures(c *config.Config, sets *config.Sets, model nn.Layer) (train.Measures, error) {
	if n := sets.Interactions; n == nil || n.Explicit || n.Val == nil {
		return train.Measures{}, nil
	}
	h, err := hold(c, sets, "val", model, flopsToValidate)
	if err != nil {
		return train.Measures{}, fmt.Errorf("assess: %w", err)
	}
	cut := config.Cut(c.Metric)
	m := train.Measures{Names: measured(c.Metric, cut)}
	var t *tester
	m.Measure = func(ctx context.Context, eng engine.Engine, vars engine.Vars) (values report.Values, err error) {
		if t == nil {
			if t, err = h.by(eng, vars, model); err != nil {
				return nil, err
			}
		}
		ranks, err := t.ranks(ctx, cut)
		if err != nil {
			return nil, err
		}
		r, err := metric.Ranking(&ranks.Places, []int{cut}, metric.Options{Resamples: -1})
		if err != nil {
			return nil, err
		}
		for _, name := range m.Names {
			s, _ := r.Get(name)
			values = append(values, report.Value{Name: name, V: s.Value})
		}
		return values, nil
	}
	return m, nil
}

// measured are the scores of a validation: those that people ask for most, and
// the one that decides.
func measured(decides string, cut int) []string {
	names := []string{fmt.Sprint("hr@", cut), fmt.Sprint("ndcg@", cut), "mrr"}
	for _, name := range metric.RankingNames([]int{cut}) {
		if name == decides && !strings.HasPrefix(name, "hr@") && !strings.HasPrefix(name, "ndcg@") && name != "mrr" {
			names = append(names, name)
		}
	}
	return names
}
