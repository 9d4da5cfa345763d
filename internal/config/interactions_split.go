package config

import (
	"fmt"

	"github.com/descent-ml/descent/dataset/interactions"
)

// splitPairs divides the interactions by data.split and reads those of other
// files.
func (c *Config) splitPairs(n *Interactions, whole *interactions.Table) error {
	d := &c.Data
	parts, err := c.partsOf(whole)
	if err != nil {
		return err
	}
	n.Train = whole
	if len(parts.Val)+len(parts.Test) > 0 {
		n.Train = whole.Rows(parts.Train)
	}
	for _, p := range []struct {
		path string
		rows []int
		to   **interactions.Table
	}{{d.Val, parts.Val, &n.Val}, {d.Test, parts.Test, &n.Test}} {
		if len(p.rows) > 0 {
			*p.to = whole.Rows(p.rows)
		} else if p.path != "" {
			if *p.to, err = c.readMorePairs(n, p.path); err != nil {
				return err
			}
		}
	}
	if n.Train.Len() == 0 {
		return fmt.Errorf("config: data %s: the split leaves nothing to train on", d.Train)
	}
	known := []*interactions.Table{n.Train}
	for _, t := range []*interactions.Table{n.Val, n.Test} {
		if t != nil {
			known = append(known, t)
		}
	}
	n.Catalog = &interactions.Catalog{Users: whole.Users, Items: whole.Items, Seen: interactions.NewKnown(known...)}
	return nil
}

// partsOf divides the interactions by data.split.
func (c *Config) partsOf(whole *interactions.Table) (parts interactions.Parts, err error) {
	d, s := &c.Data, &c.Data.Split
	switch s.By {
	case splitLeaveOneOut:
		return leaveOneOut(whole, d.Val == "", d.Test == ""), nil
	case "time":
		if parts, err = interactions.ByTime(whole, s.Val, s.Test); err != nil {
			err = mistake{err}
		}
		return parts, err
	case "random", "auto":
	default:
		return parts, mistakef("config: data.split.by: %s, and the data are interactions (want %s, time or random)", s.By, splitLeaveOneOut)
	}
	switch s.By = "random"; {
	case s.Folds > 0:
		parts = interactions.Folds(whole, c.Seed, s.Folds, s.Fold, s.Val)
	case s.Val+s.Test > 0:
		parts = interactions.Random(whole, c.Seed, s.Val, s.Test)
	}
	return parts, nil
}

// leaveOneOut takes one interaction of each user for each of the parts that are
// wanted.
func leaveOneOut(t *interactions.Table, val, test bool) interactions.Parts {
	switch {
	case test:
		return interactions.LeaveOneOut(t, val)
	case val:
		p := interactions.LeaveOneOut(t, false)
		return interactions.Parts{Train: p.Train, Val: p.Test}
	}
	return interactions.Parts{}
}

// positives keeps of each table what counts as liked, each pair once.
func (c *Config) positives(n *Interactions) error {
	p := &c.Data.Pairs
	for _, t := range []**interactions.Table{&n.Train, &n.Val, &n.Test} {
		if *t == nil {
			continue
		}
		if p.thresholded && (*t).Value != nil {
			*t = (*t).Rows(interactions.AtLeast(*t, float32(p.Positive)))
		}
		if rows := interactions.Distinct(*t); len(rows) < (*t).Len() {
			*t = (*t).Rows(rows)
		}
	}
	if n.Train.Len() == 0 {
		return mistakef("config: data.positive: no rating of at least %v is left to train on", p.Positive)
	}
	return nil
}
