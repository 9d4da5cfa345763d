package config

import (
	"fmt"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
)

// Interactions are the data of a recommender, behind the examples that are made
// of them. All tables have the same users and items.
type Interactions struct {
	Train, Val, Test *interactions.Table // nil: there are none
	Catalog          *interactions.Catalog
	Candidates       *interactions.Candidates // that data.test gives for testing; nil: none
	Explicit         bool                     // ratings are predicted
}

// KnownBefore returns what users had met before a part, val or test: what is not
// to be recommended there.
func (n *Interactions) KnownBefore(part string) *interactions.Known {
	parts := []*interactions.Table{n.Train}
	if part == "test" && n.Val != nil {
		parts = append(parts, n.Val)
	}
	return interactions.NewKnown(parts...)
}

// loadPairs is Load of interactions.
func (c *Config) loadPairs(schema *dataset.Schema) (*Sets, error) {
	if c.Data.Schema != "" {
		return nil, mistakef("config: a recommender is not fine-tuned: users and items of other data have other numbers (want all data at once)")
	}
	if err := c.onlyPairs(); err != nil {
		return nil, err
	}
	whole, err := c.readPairs()
	if err != nil {
		return nil, err
	}
	n := &Interactions{}
	if err := c.splitPairs(n, whole); err != nil {
		return nil, err
	}
	c.settlePairsLoss(whole)
	c.settleNegatives()
	if n.Explicit = c.exampleForm() == formRating; !n.Explicit {
		if err := c.positives(n); err != nil {
			return nil, err
		}
	}
	if schema == nil {
		schema = c.pairsSchema(n, whole)
	}
	s := &Sets{Schema: schema, Interactions: n}
	if err := c.settlePairs(s); err != nil {
		return nil, err
	}
	return s, c.pairsExamples(s)
}

// onlyPairs refuses keys that mean nothing for interactions.
func (c *Config) onlyPairs() error {
	d := &c.Data
	for _, k := range []struct {
		key   string
		given bool
	}{
		{"data.target", d.Target != "" || d.Targets != nil}, {"data.columns", len(d.Columns) > 0}, {"data.skip", d.Skip != nil}, {"data.names", d.Names != nil},
		{"data.missing", d.Missing != nil}, {"data.weight", d.Weight != ""}, {"data.text", d.Text != ""}, {"data.quotes", d.Quotes != dataset.QuotesCSV},
		{"data.decimal", d.Decimal != "point"}, {"data.ragged", d.Ragged != "error"}, {"data.split.column", d.Split.Column != ""},
		{"batch.tokens", c.BatchTok > 0}, {"sequence_warmup", c.Warmup.From > 0}, {"sample.every", !c.Sample.Every.IsZero()},
	} {
		if k.given {
			return mistakef("config: %s means nothing where the data are interactions of users with items: remove it", k.key)
		}
	}
	for name := range d.Hash {
		if name != "user" && name != "item" {
			return mistakef("config: data.hash: of interactions users and items are hashed: want {user: 100000}, or item, or both")
		}
	}
	return nil
}

// pairsSchema describes the interactions.
func (c *Config) pairsSchema(n *Interactions, whole *interactions.Table) *dataset.Schema {
	d := &c.Data
	named := func(column, what string) string {
		if column == autoColumn {
			return what
		}
		return column
	}
	p := &dataset.InteractionSchema{User: named(d.Pairs.User, "user"), Item: named(d.Pairs.Item, "item"), Users: whole.Users.Len(), Items: whole.Items.Len()}
	if whole.Time != nil {
		p.Time = named(d.Pairs.Time, "time")
	}
	s := &dataset.Schema{Version: dataset.SchemaVersion, Rows: n.Train.Len(), Pairs: p, Target: dataset.TargetSchema{Name: p.Item, Task: dataset.TaskRanking, Std: 1}}
	if n.Explicit {
		p.Rating = named(d.Pairs.Rating, "rating")
		p.Mean, p.Low, p.High = interactions.MeanOf(n.Train.Value)
		s.Target.Name, s.Target.Task = p.Rating, dataset.TaskRegression
	} else if c.exampleForm() == formPointwise {
		p.Mean = interactions.LogOdds(d.Pairs.Count)
	}
	return s
}

// settlePairs replaces what is auto.
func (c *Config) settlePairs(s *Sets) error {
	if c.Data.Task != "auto" && c.Data.Task != s.Schema.Target.Task {
		return mistakef("config: data.task: %s, and the data are interactions of users with items (want auto)", c.Data.Task)
	}
	if s.Interactions.Explicit && s.Interactions.Train.Value == nil {
		return mistakef("config: loss %s is for ratings, and %s has none: name their column by data.rating, or let loss be bce or bpr", c.Loss.Kind, c.Data.Train)
	}
	if c.Data.Pairs.thresholded && s.Interactions.Train.Value == nil {
		return mistakef("config: data.positive: %v, and %s has no ratings: name their column by data.rating", c.Data.Pairs.Positive, c.Data.Train)
	}
	if n := s.Interactions; c.EarlyStop.Patience > 0 && (n.Val == nil || n.Val.Len() == 0) {
		return mistakef("config: early_stop: no interaction is left for validation; %d are in the training part of %s", n.Train.Len(), c.Data.Train)
	}
	c.Data.Task = s.Schema.Target.Task
	if err := c.settleMetric(s.Interactions); err != nil {
		return err
	}
	if !c.modelGiven || c.autoModel {
		c.Model, c.lone, c.autoModel = autoPairs(s.Interactions.Explicit), true, false
	}
	settle(c.Model, &modelContext{outputs: 1, users: s.Schema.Pairs.Users, items: s.Schema.Pairs.Items, mean: s.Schema.Pairs.Mean})
	return nil
}

// encodePairs is Encode of interactions: those of users and items that the model
// knows.
func (c *Config) encodePairs(path string, s *dataset.Schema) (dataset.Dataset, error) {
	sets, err := c.loadPairs(s)
	if err != nil {
		return nil, err
	}
	n := sets.Interactions
	t, err := c.readMorePairs(n, path)
	if err != nil {
		return nil, err
	}
	if t = t.Among(s.Pairs.Users, s.Pairs.Items); t.Len() == 0 {
		return nil, fmt.Errorf("config: data %s: no interaction of a user and an item that the model knows", path)
	}
	return c.examplesOf(t, n.Train, n.Catalog.Seen, c.Seed+3)
}

// describePairs tells in a line what the interactions were taken for.
func (s *Sets) describePairs() string {
	var b strings.Builder
	n := s.Interactions
	fmt.Fprintf(&b, "data: train %d", n.Train.Len())
	for _, p := range []struct {
		name  string
		table *interactions.Table
	}{{"val", n.Val}, {"test", n.Test}} {
		if p.table != nil {
			fmt.Fprintf(&b, ", %s %d", p.name, p.table.Len())
		}
	}
	fmt.Fprintf(&b, " interactions of %d users with %d items", s.Schema.Pairs.Users, s.Schema.Pairs.Items)
	if n.Explicit {
		fmt.Fprintf(&b, "; ratings from %v to %v", s.Schema.Pairs.Low, s.Schema.Pairs.High)
	} else if more := s.Train.Len() - n.Train.Len(); more > 0 {
		fmt.Fprintf(&b, "; %d negatives of each", more/n.Train.Len())
	}
	return b.String()
}
