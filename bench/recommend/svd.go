//go:build linux

package main

import (
	"context"
	"math"
	"path/filepath"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

const folds = 5

// foldOf is the fold of a rating by its place in the file: one step of the
// generator SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) modulo 5, as in
// bench/peers/movielens.py.
func foldOf(i int) int {
	z := uint64(i+1) * 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return int((z ^ z>>31) % folds)
}

// trainFolds trains matrix factorization with biases on each fold's rest. The
// settings were chosen on folds of another numbering.
func trainFolds(c contest, s settings, emit func(result)) error {
	all, err := interactions.Read(filepath.Join(s.data, c.folder, "u.data.gz"), interactions.Options{})
	if err != nil {
		return err
	}
	for fold := range folds {
		r, err := trainFold(all, s, fold)
		if err != nil {
			return err
		}
		emit(r)
	}
	return nil
}

func trainFold(all *interactions.Table, s settings, fold int) (r result, err error) {
	var rest, held []int
	for i := range all.Len() {
		if foldOf(i) == fold {
			held = append(held, i)
		} else {
			rest = append(rest, i)
		}
	}
	training, test := all.Rows(rest), all.Rows(held)
	ratings, err := interactions.NewRatings(training)
	if err != nil {
		return r, err
	}
	model := nn.MF(all.Users.Len(), all.Items.Len(), 64).Mean(mean(training.Value)).Init(nn.Normal(0, 0.01))
	start, used := time.Now(), peer.CPUTime()
	run, err := train.Fit(context.Background(), train.Config{
		Seed: uint64(fold + 1), Model: model, Data: ratings, Loss: nn.MSE(),
		Optimizer: optim.Adam(0.004).WeightDecay(4e-4).WithSchedule(optim.Linear(0)),
		Batch:     batch.Fixed(512), Budget: train.Epochs(8), Out: train.NoOut, Exec: train.Exec{Threads: s.Threads},
	})
	if err != nil {
		return r, err
	}
	r = result{Peer: "descent MF", Fold: fold, Seconds: time.Since(start).Seconds(), CPU: (peer.CPUTime() - used).Seconds()}
	r.RMSE, r.MAE, err = errorsOf(model, run, test)
	return r, err
}

func mean(x []float32) (m float64) {
	for _, v := range x {
		m += float64(v) / float64(len(x))
	}
	return m
}

// errorsOf returns RMSE and MAE of predictions clipped to [1, 5], as Surprise
// clips its own.
func errorsOf(model nn.Layer, run *train.Run, test *interactions.Table) (rmse, mae float64, err error) {
	ratings, err := interactions.NewRatings(test)
	if err != nil {
		return 0, 0, err
	}
	eng, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		return 0, 0, err
	}
	defer eng.Close()
	e, err := train.NewEvaluator(eng, model, nn.MSE(), ratings.Fields(), run.Params)
	if err != nil {
		return 0, 0, err
	}
	err = e.Predict(context.Background(), ratings, func(first int, pred *tensor.Tensor, rows int) error {
		for i, p := range pred.F32()[:rows] {
			d := float64(min(max(p, 1), 5) - test.Value[first+i])
			rmse, mae = rmse+d*d, mae+math.Abs(d)
		}
		return nil
	})
	n := float64(test.Len())
	return math.Sqrt(rmse / n), mae / n, err
}
