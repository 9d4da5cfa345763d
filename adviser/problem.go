package adviser

import (
	"fmt"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/train"
)

const (
	heldShare = 0.1  // of the training data, where there is no validation data
	heldMost  = 4000 // examples that a validation of a pilot measures
)

// problem makes trainings that leave nothing behind.
type problem struct {
	make  func(size int, lr float64, seed uint64) (train.Config, error)
	eng   engine.Engine
	base  train.Config // as it was given
	size  int          // of the first batch of base
	train dataset.Dataset
	held  dataset.Dataset // that is not trained on; examples of train if the data have an order of their own
	from  string          // where held is from, for people
}

// newProblem checks the configuration and holds examples out.
func newProblem(o Options, eng engine.Engine) (*problem, error) {
	p := &problem{make: o.Make, eng: eng, base: o.Config, train: o.Config.Data}
	if p.make == nil {
		p.make = vary(o.Config)
	}
	p.size = min(64, p.train.Len())
	if p.base.Batch != nil {
		first, _ := p.base.Batch.Next(batch.State{}, batch.Progress{Position: batch.Position{PerEpoch: p.train.Len()}, Data: p.train.Len()})
		p.size = first.Size
	}
	if err := p.holdOut(); err != nil {
		return nil, err
	}
	_, err := p.config(p.size, p.base.Optimizer.LR, p.base.Seed)
	return p, err
}

// vary makes configurations of one.
func vary(c train.Config) func(int, float64, uint64) (train.Config, error) {
	return func(size int, lr float64, seed uint64) (train.Config, error) {
		v := c
		v.Batch, v.Optimizer.LR, v.Seed = batch.Fixed(size), lr, seed
		v.Optimizer.Coupling, v.Optimizer.Base = optim.None(), 0
		return v, nil
	}
}

// holdOut finds the examples that tell how good a pilot is.
func (p *problem) holdOut() (err error) {
	pick := func(ds dataset.Dataset, most int) ([]int, []int, error) {
		parts, err := dataset.Split(ds.Len(), p.base.Seed, dataset.Part{Name: "held", Fraction: min(1, float64(most)/float64(ds.Len()))})
		return parts["held"], parts[dataset.TrainPart], err
	}
	var held, rest []int
	switch n := p.train.Len(); {
	case p.base.Val != nil && p.base.Val.Len() <= heldMost:
		p.held, p.from = p.base.Val, "the validation data"
		return nil
	case p.base.Val != nil:
		if held, _, err = pick(p.base.Val, heldMost); err != nil {
			return err
		}
		p.from = fmt.Sprintf("%d examples of the validation data", len(held))
		p.held, err = dataset.Subset(p.base.Val, held)
	default:
		if held, rest, err = pick(p.train, min(heldMost, max(1, int(heldShare*float64(n))))); err != nil {
			return err
		}
		p.from = fmt.Sprintf("%d of the training examples", len(held))
		_, ordered := p.train.(dataset.Ordered)
		if p.held, err = dataset.Subset(p.train, held); err != nil || ordered || p.base.Order != nil || len(rest) == 0 {
			return err
		}
		p.from += ", held out"
		p.train, err = dataset.Subset(p.train, rest)
	}
	return err
}

// config is a training of the problem that writes nothing, says nothing and measures
// nothing but its updates.
func (p *problem) config(size int, lr float64, seed uint64) (train.Config, error) {
	c, err := p.make(min(size, p.train.Len()), lr, seed)
	if err != nil {
		return c, err
	}
	c.Data, c.Val, c.Test = p.train, nil, nil
	c.Engine, c.Out, c.Resume, c.Replay = p.eng, train.NoOut, false, nil
	c.Progress, c.OnEvent, c.Samples, c.Measures, c.Metric = nil, nil, train.Samples{}, train.Measures{}, ""
	c.EarlyStop, c.Faults, c.Reestimate, c.Optimizer.Plateau, c.Until = train.EarlyStop{}, train.Faults{}, batch.Span{}, nil, train.Target{}
	return c, c.Validate()
}
