package main

import (
	"os"
	"path/filepath"
	"strconv"

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

// movieLens are the names under which MovieLens lies in folders of data sets; the
// examples name the first.
var movieLens = []string{"movielens-100k", "ml-100k", "ml-100k.zip", "movielens-1m", "ml-1m", "ml-1m.zip", "ml-latest-small", "ml-latest-small.zip"}

// anyMovieLens returns the name of the one that is in a folder, the first name if
// there is none.
func anyMovieLens(folder string) string {
	for _, name := range movieLens {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return name
		}
	}
	return movieLens[0]
}

// ofPairs is the configuration of interactions without more: of ratings a tenth to
// test on and a twentieth to validate on; of what was met without ratings the
// last of each user for testing, and the one before it for validation.
func ofPairs(data string, set []string) (*config.Config, error) {
	defaults := []string{"name=" + strconv.Quote(tableName(data)), "data.train=" + strconv.Quote(data), "data.user=auto", "data.item=auto"}
	c, err := config.Parse("--data "+data, nil, append(defaults, set...)...)
	if err != nil {
		return nil, err
	}
	rated, err := c.HasRatings()
	if err != nil {
		return nil, err
	}
	defaults = append(defaults, "early_stop.patience=3")
	switch {
	case given(set, "data.split") || given(set, "data.val="):
	case rated:
		defaults = append(defaults, "data.split.val=5%", "data.split.test=10%")
	default:
		defaults = append(defaults, "data.split.by=leave_one_out")
	}
	return config.Parse("--data "+data, nil, append(defaults, set...)...)
}
