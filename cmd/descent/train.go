package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/internal/examples"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// dataFolder is the environment variable of the folder of data sets.
const dataFolder = "DESCENT_DATA"

// trainFlags are the flags of train.
type trainFlags struct {
	data, target, out, resume, replay string
	set                               []string
	quiet, json                       bool
}

// resumeNewest is --resume without a run.
const resumeNewest = "newest"

func (a *app) train() *cobra.Command {
	f := &trainFlags{}
	c := &cobra.Command{
		Use:   "train [CONFIG.yaml | EXAMPLE] [--data FILE --target COLUMN]",
		Short: "Train a model; without arguments, list the examples",
		Args:  arguments(0, 2),
		RunE:  func(_ *cobra.Command, args []string) error { return a.runTrain(args, f) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return examples.Names(), cobra.ShellCompDirectiveDefault
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.data, "data", "", "file or folder to train on; with an example, the folder of data sets (default $"+dataFolder+")")
	flags.StringVar(&f.target, "target", "", "column to predict, by name or number")
	flags.StringArrayVar(&f.set, "set", nil, "override a `key=value` of the configuration, such as optimizer.adamw.lr=1e-3")
	flags.StringVar(&f.out, "out", "", "run directory (default runs/NAME-N)")
	flags.StringVar(&f.resume, "resume", "", "continue a `run`, or the newest one")
	flags.Lookup("resume").NoOptDefVal = resumeNewest
	flags.StringVar(&f.replay, "replay", "", "repeat a `run` with the decisions of its journal that a clock made: the same bits")
	flags.BoolVar(&f.quiet, "quiet", false, "show no progress")
	flags.BoolVar(&f.json, "json", false, "print the summary as JSON on standard output")
	return c
}

func (a *app) runTrain(args []string, f *trainFlags) error {
	if len(args) == 0 && f.data == "" && f.resume == "" && f.replay == "" {
		a.listExamples()
		return nil
	}
	if f.replay != "" && !isRun(f.replay) {
		return usagef("cannot replay %s: there is no %s in it", f.replay, train.ConfigName)
	}
	args, err := f.takeRun(args)
	if err != nil {
		return err
	}
	c, err := f.configuration(args)
	if err != nil {
		return err
	}
	sets, err := c.Load(nil)
	if err != nil {
		return err
	}
	t, err := c.BuildTrain(sets)
	if err != nil {
		return usageError{err}
	}
	t.Out, t.Resume = f.out, f.resume != ""
	if err := checkOut(&t); err != nil {
		return err
	}
	if f.replay != "" {
		if t.Replay, err = report.ReadJournal(f.replay); err != nil {
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
	}
	return a.fit(t, f)
}

// fit trains and reports.
func (a *app) fit(t train.Config, f *trainFlags) error {
	mode := report.Auto
	if f.quiet {
		mode = report.Quiet
	}
	t.Progress = report.NewProgress(a.err, mode)
	r, err := train.Fit(a.signals.ctx, t)
	if r != nil && f.json {
		b, e := json.MarshalIndent(r.Summary, "", "  ")
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
	for _, e := range examples.All() {
		fmt.Fprintf(a.err, "  %-14s %s\n", e.Name, e.About)
	}
	fmt.Fprintf(a.err, "\nThose that need data look in the folder given by --data or %s.\n", dataFolder)
	fmt.Fprintln(a.err, "A table needs no configuration: descent train --data FILE --target COLUMN")
}

// takeRun settles what --resume means, and takes the run from the arguments:
// --resume RUN, --resume=RUN, --resume --out RUN, or the newest.
func (f *trainFlags) takeRun(args []string) ([]string, error) {
	if f.resume == "" {
		if len(args) > 1 {
			return nil, usagef("unexpected argument %q", args[1])
		}
		return args, nil
	}
	if i := slices.IndexFunc(args, isRun); f.resume == resumeNewest && i >= 0 {
		f.resume, args = args[i], slices.Delete(slices.Clone(args), i, i+1)
	}
	if len(args) > 1 {
		return nil, usagef("%s is no run directory, which --resume wants", args[1])
	}
	if f.resume == resumeNewest && f.out != "" {
		f.resume = f.out
	}
	if f.resume == resumeNewest {
		run, err := newestRun(args)
		if err != nil {
			return nil, err
		}
		f.resume = run
	}
	if f.out != "" && filepath.Clean(f.out) != filepath.Clean(f.resume) {
		return nil, usagef("--out %s, but the run to resume is %s (leave --out away)", f.out, f.resume)
	}
	if !isRun(f.resume) {
		return nil, usagef("cannot resume %s: there is no %s in it", f.resume, train.ConfigName)
	}
	f.out = f.resume
	return args, nil
}

// isRun reports whether a directory is a run's.
func isRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, train.ConfigName))
	return err == nil
}

// newestRun returns the run in runs/ with the highest number, of the name that
// the argument tells, or of all the one changed last.
func newestRun(args []string) (string, error) {
	dirs, err := filepath.Glob(filepath.Join("runs", "*-*"))
	if err != nil {
		return "", err
	}
	want := ""
	if len(args) > 0 {
		if c, err := load(args[0], "", nil); err == nil {
			want = c.Name
		}
	}
	best, newest := "", int64(0)
	for _, d := range dirs {
		name, number, ok := cutLast(filepath.Base(d), "-")
		n, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || !isRun(d) || want != "" && name != want {
			continue
		}
		if want == "" {
			info, err := os.Stat(filepath.Join(d, report.MetricsName))
			if err != nil {
				continue
			}
			n = info.ModTime().UnixNano()
		}
		if n > newest {
			best, newest = d, n
		}
	}
	if best == "" {
		return "", usagef("no run to resume in runs (name one: --resume RUN)")
	}
	return best, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// configuration finds what to train by the arguments and flags.
func (f *trainFlags) configuration(args []string) (*config.Config, error) {
	set := slices.Clone(f.set)
	if f.target != "" {
		set = append(set, "data.target="+strconv.Quote(f.target))
	}
	switch {
	case f.resume != "" && len(args) == 0:
		return load(filepath.Join(f.resume, train.ConfigName), f.data, set)
	case f.replay != "" && len(args) == 0:
		return load(filepath.Join(f.replay, train.ConfigName), f.data, set)
	case len(args) > 0:
		return load(args[0], f.data, set)
	}
	return ofTable(f.data, set)
}

// load reads a configuration: an example by its name, or a file.
func load(arg, data string, set []string) (*config.Config, error) {
	if e, ok := examples.Find(arg); ok {
		c, err := config.Parse(e.Name+".yaml", e.YAML, set...)
		if err != nil {
			return nil, err
		}
		return c, underFolder(c, data)
	}
	if _, err := os.Stat(arg); errors.Is(err, fs.ErrNotExist) {
		if !strings.ContainsAny(arg, "./\\") {
			return nil, usagef("no example %q and no such file (want %s, or a file CONFIG.yaml)", arg, strings.Join(examples.Names(), ", "))
		}
		return nil, usagef("no configuration %s", arg)
	}
	c, err := config.ReadFile(arg, set...)
	if err == nil && data != "" {
		c.Data.Train = data
	}
	return c, err
}

// underFolder finds the data of an example in the folder of data sets.
func underFolder(c *config.Config, folder string) error {
	if strings.HasPrefix(c.Data.Train, config.Embedded) {
		if folder != "" {
			return usagef("example %s brings its own data (leave --data away)", c.Name)
		}
		return nil
	}
	if folder == "" {
		folder = os.Getenv(dataFolder)
	}
	if folder == "" {
		return usagef("example %s needs %s: name the folder that holds it by --data or %s", c.Name, c.Data.Train, dataFolder)
	}
	for _, p := range []*string{&c.Data.Train, &c.Data.Val, &c.Data.Test} {
		if *p != "" {
			*p = within(folder, *p)
		}
	}
	return nil
}

// within returns folder/name, or the folder (or file) itself if there is no
// such thing in it: --data may point at the data set too.
func within(folder, name string) string {
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if inner := filepath.Join(folder, filepath.Base(name)); inner != path {
		if _, err := os.Stat(inner); err == nil {
			return inner
		}
	}
	if info, err := os.Stat(folder); err == nil && (!info.IsDir() || hasImages(folder)) {
		return folder
	}
	return path
}

func hasImages(folder string) bool {
	found, _ := filepath.Glob(filepath.Join(folder, "*-images-idx3-ubyte*"))
	return len(found) > 0
}

// ofTable is the configuration of --data FILE without more: a fifth to test
// on and a tenth to validate on.
func ofTable(data string, set []string) (*config.Config, error) {
	base := filepath.Base(strings.TrimSuffix(data, ".gz"))
	name := strings.TrimSuffix(base, filepath.Ext(base))
	defaults := []string{"name=" + strconv.Quote(name), "data.train=" + strconv.Quote(data)}
	if !hasImages(data) {
		defaults = append(defaults, "data.split.test=20%")
	}
	defaults = append(defaults, "data.split.val=10%", "schedule=cosine")
	return config.Parse("--data "+data, nil, append(defaults, set...)...)
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
