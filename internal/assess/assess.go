// Package assess says how good a trained model is: scores with intervals on
// data that it has not seen, beside what a guess and a linear model reach on the
// same split, and how much each column of a table matters.
package assess

import (
	"context"
	"fmt"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Quality is how good a model is on one part of the data.
type Quality struct {
	Part       string         `json:"part"` // test or val
	Model      *metric.Report `json:"model"`
	Baselines  []Baseline     `json:"baselines"`
	Importance []Importance   `json:"importance,omitempty"` // most important first
	Ranking    *Ranking       `json:"ranking,omitempty"`    // of a recommender of what is not rated
	Mistakes   []Mistake      `json:"mistakes,omitempty"`   // of a classifier of images, the worst first
	Notes      []string       `json:"notes,omitempty"`      // what was left out, and why
}

// Baseline is a simple way to predict.
type Baseline struct {
	Name   string         `json:"name"` // guess or linear
	About  string         `json:"about"`
	Scores []metric.Score `json:"scores"`
}

// Importance is how much the loss grows when the values of a column are
// exchanged between the examples, on average.
type Importance struct {
	Column string  `json:"column"`
	Loss   float64 `json:"loss"`
}

// Job is a trained model and its data.
type Job struct {
	Config *config.Config
	Sets   *config.Sets
	Params checkpoint.Tensors
	Part   string          // what Data is
	Data   dataset.Dataset // to measure on
	Seed   uint64

	known *predictions // what is true of Data
}

// Run measures the model and everything beside it.
func (j *Job) Run(ctx context.Context) (*Quality, error) {
	model, err := j.Config.BuildModel(j.Sets.Schema)
	if err != nil {
		return nil, err
	}
	if n := j.Sets.Interactions; n != nil && !n.Explicit {
		return j.ranking(ctx, model)
	}
	if j.known, err = truth(j.Data); err != nil {
		return nil, err
	}
	p, err := j.predict(ctx, j.Params, model)
	if err != nil {
		return nil, err
	}
	q, err := j.judge(p)
	if err != nil {
		return nil, err
	}
	guess, err := j.guess()
	if err != nil {
		return nil, err
	}
	q.Baselines = append(q.Baselines, *guess)
	if j.Sets.Interactions != nil {
		biases, err := j.biases()
		if err != nil {
			return nil, err
		}
		q.Baselines = append(q.Baselines, *biases)
		r := j.Sets.Schema.Pairs
		q.Notes = append(q.Notes, fmt.Sprintf("predictions are kept within the ratings of the training data, %.6g to %.6g", r.Low, r.High))
		return q, nil
	}
	if j.Sets.Train.Len() <= linearRows {
		linear, err := j.linear(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil: // such as memory that does not suffice: the model is measured all the same
			q.Notes = append(q.Notes, fmt.Sprintf("the linear model is left out: %v", err))
		default:
			q.Baselines = append(q.Baselines, *linear)
		}
	}
	q.Importance, err = j.importance(ctx, model)
	return q, err
}

// predictions are the scores of all examples, and what is true.
type predictions struct {
	scores []float32 // (examples, width)
	width  int
	labels []int32
	values []float32
	weight []float32
}

// add appends the scores of a piece of the data.
func (p *predictions) add(_ int, pred *tensor.Tensor, rows int) error {
	p.width = pred.Size() / pred.Shape()[0]
	p.scores = append(p.scores, pred.F32()[:rows*p.width]...)
	return nil
}

// predict runs a model over the data.
func (j *Job) predict(ctx context.Context, params checkpoint.Tensors, model nn.Layer) (*predictions, error) {
	p := *j.known
	return &p, j.evaluator(model, params, func(e *train.Evaluator) error { return e.Predict(ctx, j.Data, p.add) })
}

// judge measures what the model predicts.
func (j *Job) judge(p *predictions) (*Quality, error) {
	r, err := j.measure(p, metric.Options{Seed: j.Seed})
	if err != nil {
		return nil, err
	}
	return &Quality{Part: j.Part, Model: r, Mistakes: j.mistakes(p)}, nil
}

// Evaluate returns the loss and the metrics as training measures them, and in the
// same pass how good the model is, without anything beside it; no quality of a
// target for which there are no scores, or that is not one class.
func (j *Job) Evaluate(ctx context.Context) (values report.Values, q *Quality, err error) {
	model, err := j.Config.BuildModel(j.Sets.Schema)
	if err != nil {
		return nil, nil, err
	}
	p := &predictions{}
	classes := j.Sets.Schema.Target.Task == dataset.TaskClassification && oneClass(j.Data)
	if classes {
		if p, err = truth(j.Data); err != nil {
			return nil, nil, err
		}
	}
	err = j.evaluator(model, j.Params, func(e *train.Evaluator) error {
		e.TargetValue = j.Sets.Schema.TargetValue()
		if !classes {
			values, err = e.Evaluate(ctx, j.Data)
			return err
		}
		values, err = e.EvaluateEach(ctx, j.Data, p.add)
		return err
	})
	if err != nil || !classes {
		return values, nil, err
	}
	q, err = j.judge(p)
	return values, q, err
}

// oneClass reports whether the target of the data is one class or value.
func oneClass(ds dataset.Dataset) bool {
	y := dataset.FieldIndex(ds.Fields(), dataset.FieldY)
	return y >= 0 && (len(ds.Fields()[y].Shape) == 0 || ds.Fields()[y].Shape.Size() == 1)
}

// scores runs a model over the data and measures it.
func (j *Job) scores(ctx context.Context, params checkpoint.Tensors, model nn.Layer) (*metric.Report, error) {
	p, err := j.predict(ctx, params, model)
	if err != nil {
		return nil, err
	}
	return j.measure(p, metric.Options{Seed: j.Seed})
}

func (j *Job) evaluator(model nn.Layer, params checkpoint.Tensors, f func(*train.Evaluator) error) error {
	return j.Config.WithEngine(func(eng engine.Engine) error {
		e, err := train.NewEvaluator(eng, model, j.Config.BuildLoss(), j.Data.Fields(), params)
		if err != nil {
			return err
		}
		return f(e)
	})
}

// truth reads the targets and weights of the data.
func truth(ds dataset.Dataset) (*predictions, error) {
	fields := ds.Fields()
	y := dataset.FieldIndex(fields, dataset.FieldY)
	if y < 0 {
		return nil, fmt.Errorf("assess: no field %q to compare with", dataset.FieldY)
	}
	w := dataset.FieldIndex(fields, dataset.FieldWeight)
	p, n := &predictions{}, chunkOf(fields)
	buf := dataset.NewBuffers(fields, n)
	for from := 0; from < ds.Len(); from += n {
		rows := sequence(from, min(from+n, ds.Len()))
		if err := ds.Gather(buf, 0, rows); err != nil {
			return nil, err
		}
		per := fields[y].Shape.Size()
		if fields[y].DType == tensor.I32 {
			p.labels = append(p.labels, buf[y].I32()[:len(rows)*per]...)
		} else {
			p.values = append(p.values, buf[y].F32()[:len(rows)*per]...)
		}
		if w >= 0 {
			p.weight = append(p.weight, buf[w].F32()[:len(rows)]...)
		}
	}
	return p, nil
}

// How much is read at once, at most: examples, and elements of their fields.
const (
	chunk         = 1024
	chunkElements = 1 << 24
)

// chunkOf returns how many examples with such fields are read at once.
func chunkOf(fields []dataset.Field) int {
	elements := 1
	for _, f := range fields {
		elements += f.Shape.Size()
	}
	return max(1, min(chunk, chunkElements/elements))
}

func sequence(from, to int) []int {
	list := make([]int, to-from)
	for i := range list {
		list[i] = from + i
	}
	return list
}

// measure scores predictions by the task.
func (j *Job) measure(p *predictions, o metric.Options) (*metric.Report, error) {
	s := j.Sets.Schema
	t := &s.Target
	switch t.Task {
	case dataset.TaskRegression:
		value := s.TargetValue()
		outputs := p.width
		pred, target := make([]float64, len(p.scores)), make([]float64, len(p.values))
		for i := range p.scores {
			pred[i], target[i] = value(i%outputs, p.scores[i]), value(i%outputs, p.values[i])
			if r := s.Pairs; r != nil {
				pred[i] = min(max(pred[i], r.Low), r.High)
			}
		}
		if len(s.More) > 0 {
			o.Names = names(s)
		}
		return metric.Regression(pred, target, outputs, p.weight, o)
	case dataset.TaskMultiLabel:
		o.Names = names(s)
		return metric.MultiLabel(probabilities(s, p), p.width, p.values, p.weight, o)
	}
	o.Names = t.Classes
	labels, classes := p.classes()
	return metric.Classification(probabilities(s, p), classes, labels, p.weight, o)
}

// classes returns the true classes and how many there are: two, if there is one
// score.
func (p *predictions) classes() (labels []int32, classes int) {
	if p.labels != nil {
		return p.labels, p.width
	}
	labels = make([]int32, len(p.values))
	for i, y := range p.values {
		labels[i] = int32(y)
	}
	return labels, 2
}

// probabilities are what the scores mean, example by example.
func probabilities(s *dataset.Schema, p *predictions) []float32 {
	var out []float32
	var one []float64
	for from := 0; from < len(p.scores); from += p.width {
		one = s.Probabilities(one[:0], p.scores[from:from+p.width])
		for _, v := range one {
			out = append(out, float32(v))
		}
	}
	return out
}

func names(s *dataset.Schema) []string {
	var list []string
	for _, t := range s.Targets() {
		list = append(list, t.Name)
	}
	return list
}
