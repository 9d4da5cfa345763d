package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/internal/config"
)

// isPairs reports whether --data FILE without a configuration is for a
// recommender: the user or the item is named, or nothing is, and the file is
// known to hold interactions.
func isPairs(data string, set []string) bool {
	if given(set, "data.user=") || given(set, "data.item=") {
		return true
	}
	for _, key := range []string{"target", "text=", "names", "columns"} {
		if given(set, "data."+key) {
			return false
		}
	}
	return interactions.IsInteractions(data)
}

// readingEvery is how often people are told how far the reading of a large file is.
const readingEvery = time.Second

// reading returns what tells people how the reading of much data goes, if it takes
// longer than that.
func (a *app) reading(name string) func(doing string, share float64) {
	last, told := time.Now(), ""
	return func(doing string, share float64) {
		if now := time.Now(); share == 1 && told == doing || now.Sub(last) >= readingEvery {
			last, told = now, doing
			fmt.Fprintf(a.err, "%s: %s %.0f%%\n", name, doing, 100*share)
		}
	}
}

// interrupted returns how the program ends: by a signal, if there was one, rather
// than by the error that came of it.
func (a *app) interrupted(err error) error {
	if a.signals.ctx.Err() != nil {
		return a.signals.outcome()
	}
	return err
}

// movieLens are the names under which MovieLens lies in folders of data sets; the
// examples name the first.
var movieLens = []string{"movielens-100k", "ml-100k", "ml-100k.zip", "movielens-1m", "ml-1m", "ml-1m.zip", "ml-latest-small", "ml-latest-small.zip"}

// anyOf returns the name of what is in a folder, the first name if nothing is.
func anyOf(names []string, folder string) string {
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return name
		}
	}
	return names[0]
}

// ofPairs is the configuration of interactions without more: the automatic model,
// trained until validation gets no better. Of ratings a tenth is for testing and a
// twentieth for validation; of what was met without ratings the last of each user
// is for testing, and the one before it for validation. The optimizers were chosen
// on validation data of MovieLens 100K: docs/recommenders.md.
func ofPairs(data string, set []string) (*config.Config, error) {
	defaults := []string{"name=" + strconv.Quote(tableName(data)), "data.train=" + strconv.Quote(data), "data.user=auto", "data.item=auto"}
	probe := slices.Clone(defaults)
	if !given(set, "data.split") {
		probe = append(probe, "data.split.val=5%") // early stopping wants some
	}
	c, err := config.Parse("--data "+data, nil, append(probe, set...)...)
	if err != nil {
		return nil, err
	}
	rated, err := c.HasRatings()
	if err != nil {
		return nil, err
	}
	folds, valid := given(set, "data.split.folds="), given(set, "data.val=")
	patience := "early_stop.patience=10" // as the rate falls to 0, late epochs are the best
	if rated {
		patience = "early_stop.patience=4"
		defaults = append(defaults, "optimizer={adam: {lr: 4e-3, weight_decay: 4e-4}}", "schedule=linear", "budget=8ep")
	} else {
		defaults = append(defaults, "optimizer={adam: {lr: 3e-3, weight_decay: 5e-6}}", "schedule=linear")
		if !given(set, "loss") && !given(set, "data.negatives={") {
			defaults = append(defaults, "data.negatives.count=8")
		}
	}
	switch {
	case given(set, "data.split") && !folds:
		return config.Parse("--data "+data, nil, append(defaults, set...)...)
	case !rated && !folds:
		defaults = append(defaults, "data.split.by=leave_one_out")
	case !valid:
		defaults = append(defaults, "data.split.val=5%")
	}
	if rated && !folds && (c.Data.Test == "" || interactions.HasCandidates(c.Data.Test)) {
		defaults = append(defaults, "data.split.test=10%")
	}
	return config.Parse("--data "+data, nil, append(append(defaults, patience), set...)...)
}
