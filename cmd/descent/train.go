package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/internal/examples"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// trainFlags are the flags of train.
type trainFlags struct {
	data, out, resume, replay, from, until string
	columns                                columnFlags
	set                                    []string
	folds                                  int
	quiet, json                            bool
}

func (a *app) train() *cobra.Command {
	f := &trainFlags{}
	c := &cobra.Command{
		Use:   "train [CONFIG.yaml | EXAMPLE] [--data FILE --target COLUMN [--text COLUMN] | --data FILE --user COLUMN --item COLUMN]",
		Short: "Train a model; without arguments, list the examples",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 && f.data != "" && f.resume == "" {
				return severalPaths(f.data, args[0])
			}
			return arguments(0, 2)(c, args)
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runTrain(args, f) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return exampleNames(), cobra.ShellCompDirectiveDefault
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.data, "data", "", "file or folder to train on; with an example, the folder of data sets (default $"+dataFolder+")")
	f.columns.add(flags)
	flags.StringArrayVar(&f.set, "set", nil, "override a `key=value` of the configuration, such as optimizer.adamw.lr=1e-3")
	flags.StringVar(&f.out, "out", "", "run directory (default runs/NAME-N)")
	flags.StringVar(&f.resume, "resume", "", "continue a `run`, or the newest one")
	flags.Lookup("resume").NoOptDefVal = resumeNewest
	flags.StringVar(&f.replay, "replay", "", "repeat a `run` with the decisions of its journal that a clock or the memory made: the same bits")
	flags.StringVar(&f.until, "until", "", "stop when a validation reaches a `target`, such as val.accuracy>=0.88")
	flags.IntVar(&f.folds, "folds", 0, "train once for each of so many folds of the data, and tell the mean of the scores")
	flags.StringVar(&f.from, "from", "", "fine-tune the model of a `run` on --data: its configuration, its encoding of the data, its weights")
	flags.BoolVar(&f.quiet, "quiet", false, "show no progress")
	flags.BoolVar(&f.json, "json", false, "print the summary as JSON on standard output")
	return c
}

func (a *app) runTrain(args []string, f *trainFlags) error {
	if f.folds != 0 {
		return a.runFolds(args, f)
	}
	if len(args) == 0 && f.data == "" && f.resume == "" && f.replay == "" && f.from == "" {
		a.listExamples()
		return nil
	}
	if f.replay != "" && !isRun(f.replay) {
		return usagef("cannot replay %s: there is no %s in it", f.replay, train.ConfigName)
	}
	if slices.Equal(args, []string{threeGradients}) {
		return a.runThreeGradients(f)
	}
	args, err := f.takeRun(args)
	if err != nil {
		return err
	}
	c, err := f.configuration(args)
	if err != nil {
		return err
	}
	train.SystemLimit(c.Exec.Memory)
	if c.Context = a.signals.ctx; !f.quiet {
		c.Cache.Progress = a.reading(tableName(c.Data.Train))
	}
	sets, err := c.Load(nil)
	if err != nil {
		return a.interrupted(err)
	}
	t, err := c.BuildTrain(sets)
	if err != nil {
		return usageError{err}
	}
	if err := addSamples(c, sets.Schema, &t); err != nil {
		return err
	}
	if t.Measures, err = assess.Measures(c, sets, t.Model); err != nil {
		return err
	}
	t.Out, t.Resume = f.out, f.resume != ""
	if err := checkOut(&t); err != nil {
		return err
	}
	if f.replay != "" {
		if t.Replay, err = train.ReplayOf(&t, f.replay); err != nil {
			return err
		}
	}
	if err := t.Validate(); err != nil {
		return usageError{err}
	}
	if t.Engine, err = train.NewEngine(t.Exec); err != nil {
		return usageError{err}
	}
	defer t.Engine.Close()
	if !f.quiet {
		fmt.Fprintln(a.err, sets)
		for _, n := range sets.AllNotes() {
			fmt.Fprintln(a.err, "note:", n)
		}
	}
	return a.fit(c, sets, t, f)
}

// fit trains and reports.
func (a *app) fit(c *config.Config, sets *config.Sets, t train.Config, f *trainFlags) error {
	mode := report.Auto
	if f.quiet {
		mode = report.Quiet
	}
	t.Progress = report.NewProgress(a.err, mode)
	if sets.OfImages() {
		t.Progress.Counting("img", "images")
	}
	a.signals.saves.Store(true)
	r, err := train.Fit(a.signals.ctx, t)
	if err == nil {
		err = a.conclude(c, sets, r, f)
	}
	if r != nil && f.json {
		b, e := plainJSON(r.Summary, "  ")
		if e != nil {
			return errors.Join(err, e)
		}
		fmt.Fprintf(a.out, "%s\n", b)
	}
	if err == nil && r.Summary.Stopped == report.Interrupted && a.signals.ctx.Err() != nil {
		fmt.Fprintf(a.err, "continue with: descent train --resume %s\n", r.Dir)
		return a.signals.outcome()
	}
	return err
}

func (a *app) listExamples() {
	fmt.Fprintln(a.err, "Train an example with: descent train NAME")
	fmt.Fprintln(a.err)
	fmt.Fprintf(a.err, "  %-17s %s\n", threeGradients, "All examples in a batch, one, and mini-batches: what the batch size does, in one picture.")
	for _, e := range examples.All() {
		fmt.Fprintf(a.err, "  %-17s %s\n", e.Name, e.About)
	}
	fmt.Fprintf(a.err, "\nThose that need data look in the folder given by --data or %s.\n", dataFolder)
	fmt.Fprintln(a.err, "A table needs no configuration: descent train --data FILE --target COLUMN")
	fmt.Fprintln(a.err, "So do images: descent train --data FOLDER with a folder of them for each class, IDX or CIFAR files")
	fmt.Fprintln(a.err, "Who met which item, for recommendations: --user COLUMN --item COLUMN, and --rating and --time if there are")
	fmt.Fprintln(a.err, "Texts in a column of it: --text COLUMN. A .txt trains a language model: descent train --data FILE.txt")
}

// checkOut refuses a run directory that exists before any work is done.
func checkOut(t *train.Config) error {
	if t.Out == "" || t.Out == train.NoOut || t.Resume {
		return nil
	}
	if _, err := os.Stat(t.Out); err == nil {
		return usagef("--out %s exists (choose another, or continue it with --resume %[1]s)", t.Out)
	}
	return nil
}
