package config

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/dataset"
)

// check reports what is wrong between the keys of data.split.
func (s *Split) check(fs *Faults, at place, pairs bool) {
	if byColumn := s.By == "group" || s.By == "time" && !pairs; byColumn != (s.Column != "") {
		fs.add(at, "by: %s and column: %q (want a column to split by group or time, and only then)", s.By, s.Column)
	}
	switch {
	case s.By == splitLeaveOneOut && (s.Val > 0 || s.Test > 0 || s.Folds > 0):
		fs.add(at, "%s takes an interaction of each user for testing and one for validation, no shares or folds", splitLeaveOneOut)
	case s.Folds == 0 && s.Fold != 0:
		fs.add(at, "fold %d without folds", s.Fold)
	case s.Folds > 0 && s.Fold >= s.Folds:
		fs.add(at, "fold %d of %d (want 0 to %d)", s.Fold, s.Folds, s.Folds-1)
	case s.Folds > 0 && s.Test > 0:
		fs.add(at, "test and folds exclude each other: a fold is the test data")
	case s.Folds > 0 && s.By == "time":
		fs.add(at, "folds by time would test on the past: give a share, such as test: 20%%")
	case s.Folds > 0 && s.Val+1/float64(s.Folds) >= 1:
		fs.add(at, "%d folds and a validation share of %v leave nothing to train on", s.Folds, s.Val)
	}
}

// testShare is the part of the examples that is for testing.
func (s *Split) testShare() float64 {
	if s.Folds > 0 {
		return 1 / float64(s.Folds)
	}
	return s.Test
}

// mostStrata is how many values of a target are split alike by data.split.by:
// auto.
const mostStrata = 50

// split divides the examples by data.split. Of folds, each example is the test
// data of one.
func (c *Config) split(whole *raw) (map[string][]int, error) {
	s := &c.Data.Split
	parts := []dataset.Part{{Name: "test", Fraction: s.Test}, {Name: "val", Fraction: s.Val}}
	if s.Folds > 0 {
		parts = []dataset.Part{{Name: "val", Fraction: s.Val * float64(s.Folds) / float64(s.Folds-1)}}
	}
	o := dataset.SplitOptions{Seed: c.Seed, Parts: parts, Folds: s.Folds, Fold: s.Fold, FoldName: "test"}
	if s.By != "random" && s.By != "auto" && whole.table == nil && (whole.images == nil || s.By != "stratified") {
		return nil, mistakef("config: data.split.by is %s, and the data have no columns (want random)", s.By)
	}
	if s.By == "auto" {
		s.By = "random"
		if classes, err := whole.classes(); err == nil && classes != nil && (whole.images != nil || int(slices.Max(classes)) < mostStrata) {
			s.By = "stratified"
		}
	}
	var err error
	switch s.By {
	case "stratified":
		o.Groups, err = whole.classes()
		o.Stratify = o.Groups != nil // else Fit says that there is no target
	case "group":
		o.Groups, err = whole.table.Codes(s.Column)
	case "time":
		o.Rank, err = whole.table.Rank(s.Column)
	}
	if err != nil {
		return nil, mistake{err}
	}
	out, err := dataset.SplitBy(whole.len(), o)
	if err == nil && o.Stratify && (s.Val > 0 && len(out["val"]) == 0 || s.testShare() > 0 && len(out["test"]) == 0) {
		o.Groups, o.Stratify = nil, false // too few of each class for a share of it
		s.By = "random"
		out, err = dataset.SplitBy(whole.len(), o)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, c.Data.Train)
	}
	return out, nil
}

// classes returns a number for each distinct value of the target, for each example;
// nil if there is no target, or one that is not known by classes.
func (r *raw) classes() ([]int32, error) {
	switch {
	case r.images != nil:
		return r.images.Labels, nil
	case r.table == nil || r.table.Target() == "":
		return nil, nil
	}
	return r.table.Codes(r.table.Target())
}
