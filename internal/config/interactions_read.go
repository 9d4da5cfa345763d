package config

import (
	"context"
	"os"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
)

// PairsOptions says how interactions of other files are read, whatever their
// format.
func (c *Config) PairsOptions() interactions.Options {
	o := c.Data.pairsOptions()
	o.Format, o.Header = "", ""
	return o
}

// pairsOptions says how interactions are read.
func (d *Data) pairsOptions() interactions.Options {
	column := func(given string) string {
		if given == autoColumn {
			return ""
		}
		return given
	}
	o := interactions.Options{
		User: column(d.Pairs.User), Item: column(d.Pairs.Item), Rating: column(d.Pairs.Rating), Time: column(d.Pairs.Time), Encoding: d.Encoding,
	}
	o.HashUsers, o.HashItems = d.Hash["user"], d.Hash["item"]
	if d.Header != "auto" {
		o.Header = d.Header
	}
	if d.Format != "auto" {
		o.Format = d.Format
	}
	return o
}

// readPairs reads the training data.
func (c *Config) readPairs() (*interactions.Table, error) {
	if err := c.Data.findPairs(); err != nil {
		return nil, err
	}
	ctx := c.Context
	if ctx == nil {
		ctx = context.Background()
	}
	t, err := interactions.Load(ctx, c.Data.Train, c.Data.pairsOptions(), c.Cache)
	if err != nil && c.Data.Pairs != newPairs() {
		if r, e := interactions.Open(c.Data.Train, interactions.Options{}); e == nil {
			r.Close()
			err = mistake{err} // in what is said of the columns
		}
	}
	return t, err
}

// findPairs finds the files of a folder of MovieLens or NCF.
func (d *Data) findPairs() error {
	if info, err := os.Stat(d.Train); err == nil && info.IsDir() {
		train, test, err := interactions.InFolder(d.Train)
		if err != nil {
			return err
		}
		if d.Train = train; d.Test == "" {
			d.Test = test
		}
	} else if err != nil && !dataset.IsTablePath(d.Train) {
		return missing(d.Train, err)
	}
	return nil
}

// HasRatings reports whether ratings of the training data are to be predicted, as
// far as the first row and the configuration tell. Candidates to test among are
// for what was met.
func (c *Config) HasRatings() (bool, error) {
	d := &c.Data
	if err := d.findPairs(); err != nil {
		return false, err
	}
	r, err := interactions.Open(d.Train, d.pairsOptions())
	if err != nil {
		return false, mistake{err}
	}
	defer r.Close()
	return r.HasValue() && (c.Loss.Kind == "auto" && !interactions.HasCandidates(d.Test) || c.exampleForm() == formRating) && !d.Pairs.thresholded, nil
}

// readMorePairs reads validation or test data, which may be candidates.
func (c *Config) readMorePairs(n *Interactions, path string) (*interactions.Table, error) {
	if _, err := os.Stat(path); err != nil && !dataset.IsTablePath(path) {
		return nil, missing(path, err)
	}
	if interactions.HasCandidates(path) {
		var err error
		if n.Candidates, err = n.Train.ReadCandidates(path); err != nil {
			return nil, err
		}
		return n.Candidates.Positives(n.Train), nil
	}
	o := c.PairsOptions()
	if n.Train.Value == nil {
		o.Rating = interactions.None
	}
	if n.Train.Time == nil {
		o.Time = interactions.None
	}
	return n.Train.ReadMore(path, o)
}
