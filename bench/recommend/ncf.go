//go:build linux

package main

import (
	"context"
	"math"
	"path/filepath"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// setting is what is trained on MovieLens 1M, in the protocol of He et al. (WWW
// 2017): of each user an item among 99 given negatives.
type setting struct {
	name      string
	model     func(users, items int) nn.Layer
	loss      nn.Loss
	optimizer optim.Optimizer
	batch     int
	negatives int
	pairs     bool // a positive and its negatives are one example
	epochs    float64
}

var (
	gmf = setting{
		name:  "descent GMF",
		model: func(users, items int) nn.Layer { return nn.GMF(users, items, 32) },
		loss:  nn.BCEWithLogits(), negatives: 4, batch: 256, epochs: 20,
		optimizer: optim.Adam(0.002).WeightDecay(5e-6).WithSchedule(optim.Linear(0)),
	}
	mf = setting{
		name:  "descent MF",
		model: func(users, items int) nn.Layer { return nn.MF(users, items, 64).Mean(math.Log(1. / 8)) }, // of 8 negatives
		loss:  nn.BCEWithLogits(), negatives: 8, batch: 1024, epochs: 20,
		optimizer: optim.Adam(0.003).WeightDecay(5e-6).WithSchedule(optim.Linear(0)),
	}
	bpr = setting{
		name:  "descent BPR",
		model: func(users, items int) nn.Layer { return nn.BPRMF(users, items, 64) },
		loss:  nn.BPR(), negatives: 1, pairs: true, batch: 1024, epochs: 30,
		optimizer: optim.Adam(0.003).WeightDecay(5e-6).WithSchedule(optim.Linear(0)),
	}
)

// movielens is the protocol's data: training pairs without the last item of each
// user, which is for validation, with negatives of our own.
type movielens struct {
	training  *interactions.Table
	known     *interactions.Known // of training and validation
	val, test *interactions.Candidates
}

func readMovielens(folder string) (*movielens, error) {
	t, err := interactions.Read(filepath.Join(folder, "ml-1m.train.lists.gz"), interactions.Options{})
	if err != nil {
		return nil, err
	}
	test, err := t.ReadCandidates(filepath.Join(folder, "ml-1m.test.negative.gz"))
	if err != nil {
		return nil, err
	}
	parts, known := interactions.LeaveOneOut(t, false), interactions.NewKnown(t)
	draw, err := interactions.NewNegatives(t, interactions.NegativeOptions{Count: 99, Known: known})
	if err != nil {
		return nil, err
	}
	return &movielens{t.Rows(parts.Train), known, draw.Candidates(t.Rows(parts.Test)), test}, nil
}

// trainRanking trains a setting with each seed.
func trainRanking(x setting) func(contest, settings, func(result)) error {
	return func(c contest, s settings, emit func(result)) error {
		data, err := readMovielens(filepath.Join(s.data, c.folder))
		if err != nil {
			return err
		}
		for seed := 1; seed <= s.seeds; seed++ {
			r, err := x.train(data, s, seed)
			if err != nil {
				return err
			}
			emit(r)
		}
		return nil
	}
}

func (x setting) train(data *movielens, s settings, seed int) (result, error) {
	t := data.training
	negatives, err := interactions.NewNegatives(t, interactions.NegativeOptions{Count: x.negatives, Known: data.known, Seed: uint64(seed)})
	if err != nil {
		return result{}, err
	}
	var examples dataset.Dataset = interactions.NewPointwise(t, negatives)
	if x.pairs {
		examples = interactions.NewListwise(t, negatives, false)
	}
	look := &lookout{x: x, data: data, model: x.model(t.Users.Len(), t.Items.Len())}
	start, used := time.Now(), peer.CPUTime()
	_, err = train.Fit(context.Background(), train.Config{
		Seed: uint64(seed), Model: look.model, Data: examples, Loss: x.loss, Optimizer: x.optimizer,
		Batch: batch.Fixed(x.batch), Budget: train.Epochs(x.epochs), Out: train.NoOut, Exec: train.Exec{Threads: s.Threads},
		Measures: train.Measures{Names: []string{"hr@10", "ndcg@10"}, Measure: look.measure},
	})
	r := look.best
	r.Peer, r.Seed = x.name, seed
	r.Seconds = (time.Since(start) - look.wall).Seconds()
	r.CPU = (peer.CPUTime() - used - look.cpu).Seconds()
	return r, err
}

// lookout measures validation and test items after each epoch and keeps the test
// scores of the epoch that is best in validation, as the peers' scripts do.
type lookout struct {
	x     setting
	data  *movielens
	model nn.Layer

	val       *train.Evaluator
	epoch     int
	most      float64 // HR + NDCG in validation so far
	best      result
	wall, cpu time.Duration // that measuring took
}

func (l *lookout) measure(ctx context.Context, eng engine.Engine, vars engine.Vars) (report.Values, error) {
	start, used := time.Now(), peer.CPUTime()
	defer func() { l.wall, l.cpu = l.wall+time.Since(start), l.cpu+peer.CPUTime()-used }()
	if l.val == nil {
		e, err := train.NewEvaluatorOn(eng, vars, l.model, nil, l.data.val.Examples().Fields(), 256)
		if err != nil {
			return nil, err
		}
		l.val = e
	}
	l.epoch++
	hr, ndcg, err := ranking(ctx, l.val, l.data.val)
	if err != nil {
		return nil, err
	}
	if hr+ndcg > l.most {
		l.most = hr + ndcg
		l.best = result{Epoch: l.epoch}
		l.best.HR, l.best.NDCG, err = ranking(ctx, l.val, l.data.test)
	}
	return report.Values{{Name: "hr@10", V: hr}, {Name: "ndcg@10", V: ndcg}}, err
}

// ranking is HR@10 and NDCG@10 of the first candidate of each; one that ties with
// it is before it.
func ranking(ctx context.Context, e *train.Evaluator, c *interactions.Candidates) (hr, ndcg float64, err error) {
	err = e.Predict(ctx, c.Examples(), func(_ int, pred *tensor.Tensor, rows int) error {
		for ; rows > 0; rows-- {
			scores := pred.F32()[(rows-1)*c.Count : rows*c.Count]
			rank := 0
			for _, s := range scores[1:] {
				if s >= scores[0] {
					rank++
				}
			}
			if rank < 10 {
				hr++
				ndcg += 1 / math.Log2(float64(rank+2))
			}
		}
		return nil
	})
	n := float64(c.Len())
	return hr / n, ndcg / n, err
}
