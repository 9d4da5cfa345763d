package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

func (a *app) predict() *cobra.Command {
	var data, format, out string
	var set []string
	c := &cobra.Command{
		Use:   "predict RUN --data FILE",
		Short: "Predict the target of new data by the model of a run",
		Args:  arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if data == "" {
				return usagef("predict wants --data FILE")
			}
			if format != "csv" && format != "jsonl" {
				return usagef("--format %q (want csv or jsonl)", format)
			}
			t, err := openRun(args[0], set)
			if err != nil {
				return err
			}
			return a.to(out, func(w io.Writer) error { return t.predict(a.signals.ctx, data, w, format) })
		},
	}
	c.Flags().StringVar(&data, "data", "", "file or folder to predict for")
	c.Flags().StringVar(&format, "format", "csv", "csv or jsonl")
	c.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	c.Flags().StringArrayVar(&set, "set", nil, "override a `key=value` of the run's configuration")
	return c
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

// predict writes a line for each example: the class and the probability of
// each, or the value in the units of the target.
func (t *trained) predict(ctx context.Context, data string, w io.Writer, format string) error {
	b := bufio.NewWriter(w)
	p := &predictions{trained: t, csv: csv.NewWriter(b), json: json.NewEncoder(b), lines: format == "jsonl"}
	p.json.SetEscapeHTML(false)
	err := t.config.WithEngine(func(eng engine.Engine) error {
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
	p.csv.Flush()
	return errors.Join(err, p.csv.Error(), b.Flush())
}

// predictions writes what a model says.
type predictions struct {
	*trained
	csv   *csv.Writer
	json  *json.Encoder
	lines bool // JSON, a line for each example
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
