package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/internal/examples"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/train"
)

func (a *app) inspect() *cobra.Command {
	var data, sheet string
	var set []string
	c := &cobra.Command{
		Use:   "inspect RUN | CONFIG.yaml | EXAMPLE | FILE | FOLDER",
		Short: "Show a run, a configuration with its model and plan, or what a file holds",
		Args:  arguments(1, 1),
		RunE:  func(_ *cobra.Command, args []string) error { return a.runInspect(args[0], data, set, sheet) },
	}
	c.Flags().StringVar(&data, "data", "", "file or folder of the data, as for train")
	c.Flags().StringArrayVar(&set, "set", nil, "override a `key=value` of the configuration")
	c.Flags().StringVar(&sheet, "sheet", "", "write a picture of training images, as they are and as training sees them, to `FILE.png`")
	return c
}

func (a *app) runInspect(what, data string, set []string, sheet string) error {
	_, example := examples.Find(what)
	info, err := os.Stat(what)
	switch ext := filepath.Ext(what); {
	case sheet != "" && err == nil && (info.IsDir() && isRun(what) || ext == ".safetensors" || ext == ".descent"):
		return usagef("--sheet shows the images of a configuration or of data (for a run: %s)", filepath.Join(what, train.ConfigName))
	case err == nil && info.IsDir() && isRun(what):
		return a.inspectRun(what, set)
	case example || ext == ".yaml" || ext == ".yml":
		c, err := load(what, data, set)
		if err != nil {
			return err
		}
		return a.inspectConfig(c, sheet)
	case err != nil:
		return usagef("%s is no run, configuration, example or file", what)
	case ext == ".safetensors" || ext == ".descent":
		return a.inspectTensors(what)
	}
	c, err := ofData(what, set)
	if err != nil {
		return err
	}
	return a.inspectData(c, sheet)
}

// inspectConfig prints the configuration with every default, the model, and
// the plan of an update.
func (a *app) inspectConfig(c *config.Config, sheet string) error {
	sets, err := c.Load(nil)
	if err != nil {
		fmt.Fprintf(a.out, "%s\n", c.YAML())
		return fmt.Errorf("no model and no plan without the data: %w", err)
	}
	fmt.Fprintf(a.out, "%s\n", c.YAML())
	a.showSets(sets)
	if err := a.writeSheet(sheet, sets); err != nil {
		return err
	}
	return a.showModel(c, sets)
}

func (a *app) showSets(s *config.Sets) {
	fmt.Fprintln(a.out, s)
	fmt.Fprint(a.out, s.Schema)
	for _, n := range s.Notes {
		fmt.Fprintln(a.out, "note:", n)
	}
}

func (a *app) inspectData(c *config.Config, sheet string) error {
	sets, err := c.Load(nil)
	if err != nil {
		return err
	}
	a.showSets(sets)
	return a.writeSheet(sheet, sets)
}

func (a *app) inspectRun(dir string, set []string) error {
	t, err := openRun(dir, set)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s\n%v\nweights: %s\n", t.config.YAML(), t.schema, t.run.From)
	a.showTensors(t.run.Params)
	if s := t.run.Summary; s != nil {
		fmt.Fprintf(a.out, "\nstopped: %s after %d updates, %d examples, %.1f s\nfingerprint: %s\n", s.Stopped, s.Updates, s.Examples, s.Seconds, s.Fingerprint)
	}
	sets, err := t.config.Load(t.schema)
	if err != nil {
		return fmt.Errorf("no plan without the data: %w", err)
	}
	return a.showModel(t.config, sets)
}

func (a *app) inspectTensors(path string) error {
	if filepath.Ext(path) == ".descent" {
		m, err := checkpoint.ReadModel(path)
		if err != nil {
			return err
		}
		s, err := dataset.ParseSchema(m.Schema)
		if err == nil {
			fmt.Fprintf(a.out, "%v\n", s)
		}
		a.showTensors(m.Tensors)
		return err
	}
	ts, meta, err := checkpoint.ReadTensors(path)
	if err != nil {
		return err
	}
	a.showTensors(ts)
	for _, k := range sortedKeys(meta) {
		fmt.Fprintf(a.out, "%s: %.200s\n", k, meta[k])
	}
	return nil
}

func (a *app) showTensors(ts checkpoint.Tensors) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, name := range sortedKeys(ts) {
		fmt.Fprintf(w, "%s\t%v\t%v\n", name, ts[name].DType(), ts[name].Shape())
	}
	w.Flush()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}

// showModel prints the layers of the model and the plan of an update.
func (a *app) showModel(c *config.Config, sets *config.Sets) error {
	t, err := c.BuildTrain(sets)
	if err != nil {
		return usageError{err}
	}
	if t.Measures, err = assess.Measures(c, sets, t.Model); err != nil {
		return err
	}
	var fields []nn.Input
	for _, f := range sets.Train.Fields() {
		fields = append(fields, nn.Input(f))
	}
	rows, err := nn.Summary(t.Model, fields...)
	if err != nil {
		return usageError{err}
	}
	a.showLayers(rows)
	plan, err := train.PreviewOf(t)
	if err != nil {
		return usageError{err}
	}
	fmt.Fprintf(a.out, "\n%v", plan)
	return nil
}

func (a *app) showLayers(rows []nn.Row) {
	var params, frozen, flops int64
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nlayer\tkind\toutput\tparameters\tFLOP an example")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%v\t%d\t%d\n", r.Path, r.Kind, r.Out, r.Params, r.FLOPs)
		params, frozen, flops = params+r.Params, frozen+r.Frozen, flops+r.FLOPs
	}
	fmt.Fprintf(w, "total\t\t\t%d\t%d\n", params, flops)
	w.Flush()
	if frozen > 0 {
		fmt.Fprintf(a.out, "%d of the parameters are frozen\n", frozen)
	}
}
