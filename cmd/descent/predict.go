package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// predictFlags are the flags of predict.
type predictFlags struct {
	data, format, out, corrupt string
	set                        []string
}

func (a *app) predict() *cobra.Command {
	f := &predictFlags{}
	c := &cobra.Command{
		Use:   "predict RUN {--data FILE | IMAGE | FOLDER | 'PATTERN'}",
		Short: "Predict the target of new data by the model of a run",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) == 1 && f.data == "" {
				return usagef("predict wants --data FILE, or of a model of images: files, folders or patterns of them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runPredict(args[0], args[1:], f) },
	}
	c.Flags().StringVar(&f.data, "data", "", "file or folder to predict for")
	c.Flags().StringVar(&f.format, "format", "auto", "csv, jsonl or, of images, table; auto is a table for images on a terminal, else csv")
	c.Flags().StringVar(&f.corrupt, "corrupt", "", "what becomes of files that are no images: stop or skip (default: as the run was configured)")
	c.Flags().StringVar(&f.out, "out", "", "file to write (default: standard output)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "override a `key=value` of the run's configuration")
	return c
}

func (a *app) runPredict(run string, args []string, f *predictFlags) error {
	switch {
	case !slices.Contains([]string{"auto", "csv", "jsonl", "table"}, f.format):
		return usagef("--format %q (want csv, jsonl, table or auto)", f.format)
	case !slices.Contains([]string{"", "stop", skipCorrupt}, f.corrupt):
		return usagef("--corrupt %q (want stop or skip)", f.corrupt)
	case f.data != "" && len(args) > 0:
		return usagef("--data and files of images exclude each other")
	}
	t, err := openRun(run, f.set)
	if err != nil {
		return err
	}
	ofImages := t.schema.Image != nil && (len(args) > 0 || isImagePath(f.data))
	switch {
	case len(args) > 0 && !ofImages:
		return usagef("the model of %s is not one of images: give its data by --data", run)
	case f.format == "table" && !ofImages:
		return usagef("--format table is for files of images (want csv or jsonl)")
	case ofImages && len(args) == 0:
		args = []string{f.data}
	}
	paths, err := named(args)
	if err != nil {
		return err
	}
	return a.to(f.out, func(w io.Writer) error {
		if !ofImages {
			return t.output(w, f.format, func(p *predictions) error { return t.predict(a.signals.ctx, f.data, p) })
		}
		if f.format == "auto" && isTerminal(w) {
			f.format = "table"
		}
		return t.output(w, f.format, func(p *predictions) error {
			return t.predictFiles(a.signals.ctx, paths, p, cmp.Or(f.corrupt, t.config.Data.Image.Corrupt), a.err)
		})
	})
}

// to calls f with the file of that name, or with standard output. A file that
// exists is not overwritten, and one that f fails to fill is removed.
func (a *app) to(path string, f func(io.Writer) error) (err error) {
	if path == "" {
		return f(a.out)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return usagef("%s exists (choose another file)", path)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(f(file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// output calls f with what writes predictions in a format, and ends it.
func (t *trained) output(w io.Writer, format string, f func(p *predictions) error) error {
	b := bufio.NewWriter(w)
	p := &predictions{trained: t, csv: csv.NewWriter(b), json: json.NewEncoder(b), lines: format == "jsonl"}
	p.json.SetEscapeHTML(false)
	if format == "table" {
		p.table = w
	}
	err := f(p)
	p.csv.Flush()
	return errors.Join(err, p.csv.Error(), b.Flush())
}

// predict writes a line for each example: the class and the probability of
// each, or the value in the units of the target.
func (t *trained) predict(ctx context.Context, data string, p *predictions) error {
	return t.config.WithEngine(func(eng engine.Engine) error {
		if t.schema.Pairs != nil {
			return t.predictPairs(ctx, eng, data, p)
		}
		var e *train.Evaluator
		return t.config.EncodePieces(data, t.schema, func(ds dataset.Dataset) (err error) {
			if e == nil {
				if e, err = train.NewEvaluator(eng, t.model, nil, ds.Fields(), t.run.Params); err != nil {
					return err
				}
			}
			return e.Predict(ctx, ds, p.write)
		})
	})
}

// predictions writes what a model says.
type predictions struct {
	*trained
	csv   *csv.Writer
	json  *json.Encoder
	lines bool      // JSON, a line for each example
	table io.Writer // for people, instead; nil: none
	begun bool
}

func (p *predictions) write(_ int, pred *tensor.Tensor, rows int) error {
	width := pred.Size() / pred.Shape()[0]
	for i := range rows {
		if err := p.row(pred.F32()[i*width : (i+1)*width]); err != nil {
			return err
		}
	}
	return nil
}

// row writes the prediction for one example.
func (p *predictions) row(scores []float32) error {
	return p.line(p.answer(scores))
}

// line writes values under their names.
func (p *predictions) line(names []string, values []any) error {
	if p.lines {
		return p.json.Encode(object(names, values))
	}
	if !p.begun {
		p.begun = true
		if err := p.csv.Write(names); err != nil {
			return err
		}
	}
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = fmt.Sprint(v)
		if f, ok := v.(float64); ok {
			cells[i] = strconv.FormatFloat(f, 'g', 7, 64)
		}
	}
	return p.csv.Write(cells)
}

// answer names what the scores mean and gives it.
func (p *predictions) answer(scores []float32) (names []string, values []any) {
	t := &p.schema.Target
	switch targets := p.schema.Targets(); {
	case t.Task == dataset.TaskRegression:
		for i, y := range scores {
			name := targets[min(i, len(targets)-1)].Name
			if len(scores) > len(targets) {
				name = fmt.Sprintf("%s.%d", name, i)
			}
			names, values = append(names, name), append(values, targets[min(i, len(targets)-1)].Value(y))
		}
		return names, values
	case t.Task == dataset.TaskMultiLabel:
		for i, yes := range p.schema.Probabilities(nil, scores) {
			names = append(names, targets[i].Name, "p("+targets[i].Name+"="+targets[i].Class(1)+")")
			values = append(values, targets[i].Class(map[bool]int{true: 1}[scores[i] > 0]), yes)
		}
		return names, values
	}
	probabilities, best := p.schema.Probabilities(nil, scores), 0
	for i, x := range probabilities {
		if x > probabilities[best] {
			best = i
		}
	}
	names, values = []string{t.Name}, []any{t.Class(best)}
	for i, x := range probabilities {
		names, values = append(names, "p("+t.Class(i)+")"), append(values, x)
	}
	return names, values
}

// object is a JSON object with its members in order.
func object(names []string, values []any) json.Marshaler { return ordered{names, values} }

type ordered struct {
	names  []string
	values []any
}

func (o ordered) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, n := range o.names {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := plainJSON(n, "")
		if err != nil {
			return nil, err
		}
		value, err := plainJSON(o.values[i], "")
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}
