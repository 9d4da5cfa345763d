package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent"
	"github.com/descent-ml/descent/recommend"
)

// recommendFlags are the flags of recommend.
type recommendFlags struct {
	users             []string
	similar           []string
	all               bool
	to, export        string
	titles, titleName string
	top               int
	json              bool
}

func (a *app) recommend() *cobra.Command {
	f := &recommendFlags{}
	c := &cobra.Command{
		Use:   "recommend RUN (--user ID | --all --to FILE | --similar ITEM | --export-embeddings DIR)",
		Short: "The best items for users that they have not met, by the model of a run",
		Args:  arguments(1, 1),
		RunE:  func(_ *cobra.Command, args []string) error { return a.runRecommend(args[0], f) },
	}
	flags := c.Flags()
	flags.StringSliceVar(&f.users, "user", nil, "`identifiers` of users, with commas between them (in quotes within quotes if they have commas)")
	flags.IntVar(&f.top, "top", 10, "how many items for each")
	flags.BoolVar(&f.all, "all", false, "for every user in the data")
	flags.StringVar(&f.to, "to", "", "`file` to write the lists to: .csv, .tsv or .jsonl (default: standard output)")
	flags.StringSliceVar(&f.similar, "similar", nil, "items most like these `items`, instead (in quotes within quotes if they have commas)")
	flags.StringVar(&f.export, "export-embeddings", "", "write the vectors of users and items, and who they are, into a new `folder`")
	flags.StringVar(&f.titles, "titles", "", "`file` that gives items a title, such as movies.csv or u.item")
	flags.StringVar(&f.titleName, "title-column", "", "`column` of titles in that file, by name or number (default: title or name, or else the one behind the identifiers)")
	flags.BoolVar(&f.json, "json", false, "print each list as a line of JSON")
	return c
}

// check refuses combinations that mean nothing.
func (f *recommendFlags) check() error {
	wanted := 0
	for _, is := range []bool{len(f.users) > 0, f.all, len(f.similar) > 0, f.export != ""} {
		if is {
			wanted++
		}
	}
	switch {
	case wanted != 1:
		return usagef("recommend wants one of --user, --all, --similar and --export-embeddings")
	case f.top < 1:
		return usagef("--top %d (want 1 or more)", f.top)
	case f.titleName != "" && f.titles == "":
		return usagef("--title-column wants --titles FILE")
	case f.to != "" && formOf(f.to) == "":
		return usagef("--to %s (want a file that ends in .csv, .tsv or .jsonl)", f.to)
	}
	return nil
}

// formOf is the form of a file by its name, "" if it is none that is written.
func formOf(path string) string {
	switch form := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), "."); form {
	case "csv", "tsv", "jsonl":
		return form
	}
	return ""
}

func (a *app) runRecommend(run string, f *recommendFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	r, err := descent.LoadRecommender(run)
	if err != nil {
		return err
	}
	defer r.Close()
	if f.export != "" {
		return a.export(r, f.export)
	}
	titles := map[string]string{}
	if f.titles != "" {
		if titles, err = readTitles(f.titles, f.titleName); err != nil {
			return err
		}
	}
	err = a.to(f.to, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		l := newLists(b, f, titles)
		return errors.Join(a.lists(r, f, l), l.flush(), b.Flush())
	})
	if err != nil && a.signals.ctx.Err() != nil {
		err = a.signals.outcome()
	}
	return err
}

// lists writes what was asked for.
func (a *app) lists(r *descent.Recommender, f *recommendFlags, l *lists) error {
	for _, item := range f.similar {
		items, err := r.Similar(item, f.top)
		if err != nil {
			return err
		}
		if err := l.write("item", item, &recommend.List{Items: items, From: "cosine"}); err != nil {
			return err
		}
	}
	for _, user := range f.users {
		list, err := r.Recommend(user, f.top)
		if err == nil {
			err = l.write("user", user, &list)
		}
		if err != nil {
			return err
		}
	}
	if !f.all {
		return nil
	}
	began, users := time.Now(), 0
	err := r.Each(a.signals.ctx, f.top, func(user string, list *recommend.List) error {
		users++
		return l.write("user", user, list)
	})
	if err == nil && f.to != "" {
		took := time.Since(began)
		fmt.Fprintf(a.err, "%d users in %v, %.0f a second\n", users, took.Round(time.Millisecond), float64(users)/took.Seconds())
	}
	return err
}

func (a *app) export(r *descent.Recommender, dir string) error {
	err := r.Export(dir)
	if errors.Is(err, fs.ErrExist) {
		return usagef("--export-embeddings %s exists (choose another folder)", dir)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "wrote users.npy, items.npy, users.txt and items.txt into %s\n", dir)
	return nil
}
