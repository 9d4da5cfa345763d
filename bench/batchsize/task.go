package main

import (
	"embed"
	"fmt"
	"path/filepath"

	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/train"
)

//go:embed tasks
var configurations embed.FS

// task is a problem with a target. Its configuration is tasks/NAME.yaml, plain, with a
// batch of 32 and the learning rate that examples of its optimizer have: what `descent advise` is given.
type task struct {
	name   string
	folder string  // of the data
	metric string  // of validations
	target float64 // for the metric
	higher bool    // the metric is better
	sizes  []int
	tick   float64 // epochs between validations
	epochs float64 // after which a run is given up

	sets *config.Sets // of load
}

var usual = []int{1, 8, 32, 128, 512, 1024}

// The targets are such that the best size reaches them in one to several epochs.
var tasks = []*task{
	{name: "mnist", folder: "mnist", metric: "accuracy", target: 0.97, higher: true, sizes: usual, tick: 0.05, epochs: 40},
	{name: "fashion", folder: "fashion-mnist", metric: "accuracy", target: 0.88, higher: true, sizes: usual, tick: 0.05, epochs: 40},
	{name: "adult", folder: "adult/adult.data.gz", metric: "loss", target: 0.3205, sizes: usual, tick: 0.05, epochs: 40},
	{name: "california", folder: "california-housing/cal_housing.data.gz", metric: "loss", target: 0.25, sizes: usual, tick: 0.1, epochs: 40},
	{name: "movielens", folder: "movielens-100k", metric: "rmse", target: 0.95, sizes: usual, tick: 0.02, epochs: 5},
}

// reached reports whether a validation meets the target.
func (t *task) reached(v float64) bool {
	if t.higher {
		return v >= t.target
	}
	return v <= t.target
}

// parse reads the configuration of the task with further settings.
func (t *task) parse(o options, settings ...string) (*config.Config, error) {
	yaml, err := configurations.ReadFile("tasks/" + t.name + ".yaml")
	if err != nil {
		return nil, err
	}
	settings = append([]string{"exec.threads=1", "data.train=" + filepath.Join(o.data, t.folder)}, settings...)
	return config.Parse(t.name+".yaml", yaml, settings...)
}

// load reads the data, once.
func (t *task) load(o options) error {
	if t.sets != nil {
		return nil
	}
	c, err := t.parse(o)
	if err == nil {
		t.sets, err = c.Load(nil)
	}
	return err
}

// build returns a run of the task. All runs share the data and their split.
func (t *task) build(o options, seed int, settings ...string) (train.Config, error) {
	c, err := t.parse(o, settings...)
	if err == nil {
		err = t.load(o)
	}
	if err != nil {
		return train.Config{}, err
	}
	c.Seed = uint64(seed)
	r, err := c.BuildTrain(t.sets)
	r.Test, r.Out = nil, train.NoOut
	return r, err
}

// rateKey is the setting of the learning rate.
func (t *task) rateKey(o options) (string, error) {
	c, err := t.parse(o)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("optimizer.%s.lr", c.Optimizer.Kind), nil
}
