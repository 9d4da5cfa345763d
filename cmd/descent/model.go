package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/train"
)

// trained is the model of a run directory, ready for use.
type trained struct {
	run    *train.RunDir
	config *config.Config
	schema *dataset.Schema
	model  nn.Layer
	sets   *config.Sets // its own data, once part has read them
}

// openRun reads a run directory.
func openRun(dir string, set []string) (*trained, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, usagef("%s is no run directory", dir)
	}
	r, err := train.OpenRun(dir)
	if err != nil {
		return nil, err
	}
	if r.YAML == nil || r.Schema == nil {
		return nil, fmt.Errorf("%s was not made by this program: it has no %s, or its model no schema", dir, train.ConfigName)
	}
	t := &trained{run: r}
	if t.config, err = config.Parse(r.Path+"/"+train.ConfigName, r.YAML, set...); err != nil {
		return nil, err
	}
	if t.schema, err = dataset.ParseSchema(r.Schema); err != nil {
		return nil, fmt.Errorf("%s: %w", r.From, err)
	}
	t.model, err = t.config.BuildModel(t.schema)
	return t, err
}

// part returns the part of the run's own data of the given name, "" for the
// first there is of test, val and train.
func (a *app) part(t *trained, name string) (dataset.Dataset, string, error) {
	sets, err := t.config.Load(t.schema)
	if err != nil {
		return nil, "", err
	}
	t.sets = sets
	if err := a.noteEdits(t, sets.Train); err != nil {
		return nil, "", err
	}
	for _, p := range []struct {
		name string
		ds   dataset.Dataset
	}{{"test", sets.Test}, {"val", sets.Val}, {"train", dataset.Original(sets.Train)}} {
		if name == p.name && p.ds == nil {
			return nil, "", usagef("the run has no %s data", name)
		}
		if p.ds != nil && (name == "" || name == p.name) {
			return p.ds, p.name, nil
		}
	}
	return nil, "", usageError{errors.New("no such part of the data (want test, val or train)")}
}

// noteEdits says if the data is no longer what the run was trained on: then a
// part that was split off may hold examples that the model has seen.
func (a *app) noteEdits(t *trained, data dataset.Dataset) error {
	if t.run.Data == "" {
		return nil
	}
	now, err := train.Digest(data)
	if err == nil && now != t.run.Data {
		fmt.Fprintln(a.err, "note: the data has changed since the run was trained; what is split off now may hold examples it was trained on")
	}
	return err
}
