// Package assess says how good a trained model is: scores with intervals on
// data that it has not seen, beside what a guess and a linear model reach on the
// same split, and how much each column of a table matters.
package assess

import (
	"context"
	"fmt"
	"math"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Quality is how good a model is on one part of the data.
type Quality struct {
	Part       string         `json:"part"` // test or val
	Model      *metric.Report `json:"model"`
	Baselines  []Baseline     `json:"baselines"`
	Importance []Importance   `json:"importance,omitempty"` // most important first
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
}

// Scores measures the model.
func (j *Job) Scores(ctx context.Context) (*metric.Report, error) {
	p, err := j.predict(ctx, j.Params, nil)
	if err != nil {
		return nil, err
	}
	return j.measure(p, metric.Options{Seed: j.Seed})
}

// Run measures the model and everything beside it.
func (j *Job) Run(ctx context.Context) (*Quality, error) {
	q := &Quality{Part: j.Part}
	var err error
	if q.Model, err = j.Scores(ctx); err != nil {
		return nil, err
	}
	guess, err := j.guess()
	if err != nil {
		return nil, err
	}
	q.Baselines = append(q.Baselines, *guess)
	if j.Sets.Train.Len() <= linearRows {
		linear, err := j.linear(ctx)
		if err != nil {
			return nil, err
		}
		q.Baselines = append(q.Baselines, *linear)
	}
	q.Importance, err = j.importance(ctx)
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

// predict runs the model, or another, over the data.
func (j *Job) predict(ctx context.Context, params checkpoint.Tensors, other nn.Layer) (*predictions, error) {
	model := other
	if model == nil {
		var err error
		if model, err = j.Config.BuildModel(j.Sets.Schema); err != nil {
			return nil, err
		}
	}
	p, err := truth(j.Data)
	if err != nil {
		return nil, err
	}
	err = j.evaluator(model, params, func(e *train.Evaluator) error {
		return e.Predict(ctx, j.Data, func(_ int, pred *tensor.Tensor, rows int) error {
			p.width = pred.Size() / pred.Shape()[0]
			p.scores = append(p.scores, pred.F32()[:rows*p.width]...)
			return nil
		})
	})
	return p, err
}

func (j *Job) evaluator(model nn.Layer, params checkpoint.Tensors, f func(*train.Evaluator) error) error {
	x, err := j.Config.BuildExec()
	if err != nil {
		return err
	}
	eng, err := train.NewEngine(x)
	if err != nil {
		return err
	}
	defer eng.Close()
	e, err := train.NewEvaluator(eng, model, j.Config.BuildLoss(), j.Data.Fields(), params)
	if err != nil {
		return err
	}
	return f(e)
}

// truth reads the targets and weights of the data.
func truth(ds dataset.Dataset) (*predictions, error) {
	fields := ds.Fields()
	y := dataset.FieldIndex(fields, dataset.FieldY)
	if y < 0 {
		return nil, fmt.Errorf("assess: no field %q to compare with", dataset.FieldY)
	}
	w := dataset.FieldIndex(fields, dataset.FieldWeight)
	p, buf := &predictions{}, dataset.NewBuffers(fields, chunk)
	for from := 0; from < ds.Len(); from += chunk {
		rows := sequence(from, min(from+chunk, ds.Len()))
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

// chunk is how many examples are read at once.
const chunk = 1024

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
		}
		if len(s.More) > 0 {
			o.Names = names(s)
		}
		return metric.Regression(pred, target, outputs, p.weight, o)
	case dataset.TaskMultiLabel:
		prob := make([]float32, len(p.scores))
		for i, x := range p.scores {
			prob[i] = float32(1 / (1 + math.Exp(-float64(x))))
		}
		o.Names = names(s)
		return metric.MultiLabel(prob, p.width, p.values, p.weight, o)
	}
	o.Names = t.Classes
	labels := p.labels
	prob, classes := p.scores, p.width
	if j.Config.Loss.Kind == "bce" {
		labels, classes = make([]int32, len(p.values)), 2
		prob = make([]float32, 2*len(p.scores))
		for i, x := range p.scores {
			yes := float32(1 / (1 + math.Exp(-float64(x))))
			prob[2*i], prob[2*i+1] = 1-yes, yes
			labels[i] = int32(p.values[i])
		}
	} else {
		prob = softmax(p.scores, classes)
	}
	return metric.Classification(prob, classes, labels, p.weight, o)
}

func names(s *dataset.Schema) []string {
	var list []string
	for _, t := range s.Targets() {
		list = append(list, t.Name)
	}
	return list
}

// softmax returns the probabilities of scores (n, classes).
func softmax(scores []float32, classes int) []float32 {
	out := make([]float32, len(scores))
	for from := 0; from < len(scores); from += classes {
		row, most, sum := scores[from:from+classes], math.Inf(-1), 0.0
		for _, x := range row {
			most = max(most, float64(x))
		}
		for _, x := range row {
			sum += math.Exp(float64(x) - most)
		}
		for i, x := range row {
			out[from+i] = float32(math.Exp(float64(x)-most) / sum)
		}
	}
	return out
}
