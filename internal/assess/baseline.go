package assess

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/metric"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/train"
)

// guess predicts without looking: the shares of the classes, or the mean of
// the values, of the training data.
func (j *Job) guess() (*Baseline, error) {
	known, err := truth(dataset.Original(j.Sets.Train))
	if err != nil {
		return nil, err
	}
	p := *j.known
	about := "the mean of the training data"
	var row []float32
	switch {
	case known.labels != nil:
		about = "the shares of the classes in the training data"
		row = make([]float32, max(len(j.Sets.Schema.Target.Classes), int(slices.Max(known.labels))+1))
		for i, y := range known.labels {
			row[y] += known.of(i)
		}
		for i, n := range row {
			row[i] = float32(math.Log(max(float64(n), 1e-6)))
		}
	default:
		row = j.meanRow(known)
	}
	p.width = len(row)
	for range j.Data.Len() {
		p.scores = append(p.scores, row...)
	}
	r, err := j.measure(&p, metric.Options{Resamples: -1})
	if err != nil {
		return nil, err
	}
	return &Baseline{Name: "guess", About: about, Scores: r.Scores}, nil
}

func (p *predictions) of(i int) float32 {
	if p.weight == nil {
		return 1
	}
	return p.weight[i]
}

// meanRow is the mean of each value, as the model would predict it: of labels,
// the logit of their share.
func (j *Job) meanRow(known *predictions) []float32 {
	width := len(known.values) / j.Sets.Train.Len()
	row := make([]float32, width)
	labels := j.Sets.Schema.Target.Task != dataset.TaskRegression
	value := j.Sets.Schema.TargetValue()
	for o := range width {
		sum, n := 0.0, 0.0
		for i := o; i < len(known.values); i += width {
			w := float64(known.of(i / width))
			v := float64(known.values[i])
			if !labels {
				v = value(o, known.values[i])
			}
			sum += float64(w * v)
			n += w
		}
		mean := sum / n
		if labels {
			mean = min(max(mean, 1e-6), 1-1e-6)
			row[o] = float32(math.Log(mean / (1 - mean)))
			continue
		}
		row[o] = j.Sets.Schema.Targets()[min(o, len(j.Sets.Schema.More))].Scaled(mean)
	}
	return row
}

// Settings of the linear model.
const (
	linearRows    = 1_000_000 // at most
	linearUpdates = 2000      // at most
	linearEpochs  = 200
	linearBatch   = 256
	linearRate    = 0.02

	// Of images: the rate for all pixels together, which are standardized and alike, where
	// a step of Adam changes the weights of all; operations at most, some ten
	// seconds; and updates at least, or none is trained.
	pixelRate   = 5
	linearFLOPs = 5e11
	linearLeast = 50
)

// linear trains a linear model on the same data, categories one-hot.
func (j *Job) linear(ctx context.Context) (*Baseline, error) {
	data, s := dataset.Original(j.Sets.Train), j.Sets.Schema
	model, about, rate := linearLayer(s.CatSizes(), j.outputs()), "a linear model, trained on the same split", linearRate
	updates := min(linearUpdates, linearEpochs*((data.Len()+linearBatch-1)/linearBatch))
	switch {
	case s.Text != nil:
		model, about = bagOfTokens(s.Text.Vocab, j.outputs()), "a linear model of the tokens of a text in any order, trained on the same split"
	case s.Image != nil && len(s.Image.Mean) > 0:
		pixels := float64(s.Width())
		about, rate = "a linear model of the pixels, trained on the same split without changes to the images", pixelRate/pixels
		if updates = min(updates, int(linearFLOPs/(6*pixels*float64(j.outputs())*linearBatch))); updates < linearLeast {
			return nil, fmt.Errorf("of %.0f pixels and %d classes it would take too long", pixels, j.outputs())
		}
	}
	x, err := j.Config.BuildExec()
	if err != nil {
		return nil, err
	}
	run, err := train.Fit(ctx, train.Config{
		Name: "linear", Seed: j.Seed, Model: model, Data: data, Loss: j.Config.BuildLoss(), Out: train.NoOut,
		Optimizer: optim.Adam(rate).WithSchedule(optim.Linear(0)), Batch: batch.Fixed(min(linearBatch, data.Len())),
		Budget: train.Updates(updates), Exec: train.Exec{Threads: x.Threads, ISA: x.ISA, Memory: x.Memory},
	})
	if err != nil {
		return nil, err
	}
	r, err := j.scores(ctx, run.Params, model)
	if err != nil {
		return nil, err
	}
	return &Baseline{Name: "linear", About: about, Scores: r.Scores}, nil
}

// bagScale makes the scores of texts of some dozen tokens as quick to learn as
// those of a table are.
const bagScale = 10

// bagOfTokens is a linear model of a text: the mean of a row of weights for each
// of its tokens, and a bias.
func bagOfTokens(vocab, width int) nn.Layer {
	return nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
		rows := c.Apply("tokens", nn.Embedding(vocab, width).Init(nn.Zeros()), x)
		mean := c.Mul(c.MeanOver(rows, c.Inputs[dataset.FieldLength]), c.Const(bagScale))
		return c.Add(mean, c.Param("bias", graph.Init{}, width))
	})
}

// outputs is the width of the model's scores.
func (j *Job) outputs() int {
	if j.known.labels != nil {
		return len(j.Sets.Schema.Target.Classes)
	}
	return len(j.known.values) / j.Data.Len()
}

// linearLayer is x·W + b, with a row of weights for each category.
func linearLayer(cats []int, width int) nn.Layer {
	return nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
		var y *graph.Node
		if x != nil {
			if len(x.Shape.Inner()) > 1 {
				x = c.Apply("flat", nn.Flatten(), x)
			}
			y = c.Apply("x", nn.Dense(width).Init(nn.Zeros()).BiasInit(nn.Zeros()), x)
		}
		for i, size := range cats {
			one := c.Apply("cat"+strconv.Itoa(i), nn.Embedding(size, width).Init(nn.Zeros()), c.Reshape(c.Slice(c.Inputs[dataset.FieldCat], i, 1)))
			if y == nil {
				y = one
				continue
			}
			y = c.Add(y, one)
		}
		return y
	})
}
