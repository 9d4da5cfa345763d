package config

import (
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
)

// The forms of examples.
const (
	formRating = iota
	formPointwise
	formListwise
	formInBatch
)

// exampleForm is the form of examples that the loss wants.
func (c *Config) exampleForm() int {
	switch c.Loss.Kind {
	case "mse", "mae", "huber":
		return formRating
	case "bce":
		return formPointwise
	case "in_batch":
		return formInBatch
	}
	return formListwise
}

// settlePairsLoss chooses a loss: of the ratings, if there are any, or else of
// the model.
func (c *Config) settlePairsLoss(t *interactions.Table) {
	if c.Loss.Kind != "auto" {
		return
	}
	kind := "bce"
	switch {
	case c.modelGiven && len(c.Model) > 0 && c.Model[0].Kind == "bpr":
		kind = "bpr"
	case t.Value != nil && !c.Data.Pairs.thresholded && c.Data.Split.By != splitLeaveOneOut:
		kind = "mse"
	}
	c.Loss = newLoss(kind)
}

// settleNegatives chooses how many there are: those of He et al. 2017, and of
// Rendle et al. 2009.
func (c *Config) settleNegatives() {
	if c.Data.Pairs.Count == 0 {
		if c.Data.Pairs.Count = 4; c.Loss.Kind == "bpr" {
			c.Data.Pairs.Count = 1
		}
	}
}

// pairsExamples makes the examples of the parts. The negatives of validation and
// testing are always the same, and none that the user has ever met.
func (c *Config) pairsExamples(s *Sets) (err error) {
	n := s.Interactions
	if s.Train, err = c.examplesOf(n.Train, n.Train, n.KnownBefore("val"), c.Seed); err != nil {
		return err
	}
	for i, p := range []struct {
		table *interactions.Table
		to    *dataset.Dataset
	}{{n.Val, &s.Val}, {n.Test, &s.Test}} {
		if p.table == nil {
			continue
		}
		if *p.to, err = c.examplesOf(p.table, n.Train, n.Catalog.Seen, c.Seed+1+uint64(i)); err != nil {
			return err
		}
	}
	c.settlePairsLength(s.Train.Len())
	return nil
}

// examplesOf makes the examples of a table in the form that the loss wants. How
// often items are met is told by the training data.
func (c *Config) examplesOf(t, train *interactions.Table, known *interactions.Known, seed uint64) (dataset.Dataset, error) {
	form, p := c.exampleForm(), &c.Data.Pairs
	corrected := c.Loss.Kind == "sampled_softmax" && p.Sampler == interactions.Popularity
	switch form {
	case formRating:
		return interactions.NewRatings(t)
	case formInBatch:
		return interactions.NewInBatch(t, interactions.LogPopularity(train)), nil
	}
	neg, err := interactions.NewNegatives(train, interactions.NegativeOptions{Count: p.Count, Sampler: p.Sampler, Alpha: p.Alpha, Seed: seed, Known: known})
	if err != nil {
		return nil, mistake{err}
	}
	if form == formPointwise {
		return interactions.NewPointwise(t, neg), nil
	}
	return interactions.NewListwise(t, neg, corrected), nil
}
