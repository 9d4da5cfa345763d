package main

import (
	"strconv"

	"github.com/spf13/pflag"
)

// columnFlags are the flags that say what columns of the data are.
type columnFlags struct{ target, text, user, item, rating, time string }

func (f *columnFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.target, "target", "", "column to predict, by name or number")
	flags.StringVar(&f.text, "text", "", "column of texts to read as tokens, by name or number")
	flags.StringVar(&f.user, "user", "", "column of users, by name or number: the data are what they met")
	flags.StringVar(&f.item, "item", "", "column of items, by name or number")
	flags.StringVar(&f.rating, "rating", "", "column of ratings, or none (default: found by its name)")
	flags.StringVar(&f.time, "time", "", "column of times, or none (default: found by its name)")
}

// settings are the flags that are given, as settings of the configuration.
func (f *columnFlags) settings() (set []string) {
	for _, s := range []struct{ key, value string }{
		{"target", f.target}, {"text", f.text}, {"user", f.user}, {"item", f.item}, {"rating", f.rating}, {"time", f.time},
	} {
		if s.value != "" {
			set = append(set, "data."+s.key+"="+strconv.Quote(s.value))
		}
	}
	return set
}
