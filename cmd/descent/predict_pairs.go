package main

import (
	"context"
	"fmt"

	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// predictPairs writes the rating, or the score, of each pair of a user and an
// item in a file.
func (t *trained) predictPairs(ctx context.Context, eng engine.Engine, data string, p *predictions) error {
	if t.run.Kept == nil {
		return fmt.Errorf("%s has no %s yet, which knows who is which number", t.run.Path, train.ModelName)
	}
	catalog, err := interactions.ParseCatalog(t.run.Kept)
	if err != nil {
		return fmt.Errorf("%s: %w", t.run.From, err)
	}
	pairs, err := catalog.Read(data, t.config.PairsOptions())
	if err != nil {
		return err
	}
	ds, err := pairs.Dataset()
	if err != nil {
		return err
	}
	e, err := train.NewEvaluator(eng, t.model, nil, ds.Fields(), t.run.Params)
	if err != nil {
		return err
	}
	s := t.schema.Pairs
	names := []string{s.User, s.Item, "score"}
	if s.Rating != "" {
		names[2] = s.Rating
	}
	return e.Predict(ctx, ds, func(first int, pred *tensor.Tensor, rows int) error {
		for i, y := range pred.F32()[:rows] {
			v := float64(y)
			if s.Rating != "" {
				v = min(max(v, s.Low), s.High)
			}
			user, item := pairs.Names(first + i)
			if err := p.line(names, []any{user, item, v}); err != nil {
				return err
			}
		}
		return nil
	})
}
