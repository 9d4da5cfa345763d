package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
)

// checkModel builds the model and its loss for the data, and reports at the
// place of a layer what does not fit there.
func (c *Config) checkModel(model nn.Layer, s *Sets) error {
	var inputs []nn.Input
	for _, f := range s.Train.Fields() {
		inputs = append(inputs, nn.Input(f))
	}
	b := new(graph.Builder)
	x := nn.NewContext(b, true, inputs...)
	pred := x.Model(model)
	if b.Err() == nil && len(x.Params()) == 0 {
		return c.nothingToTrain(len(x.Vars()) > 0)
	}
	if b.Err() != nil {
		return c.modelFault(b.Err(), c.wholeModel())
	}
	if err := c.checkScores(pred, s.Schema); err != nil {
		return err
	}
	if err := c.checkCausal(model, s.Schema); err != nil {
		return err
	}
	nn.Objective(x, c.BuildLoss(), pred, x.Inputs[dataset.FieldY], x.Inputs[dataset.FieldWeight])
	if b.Err() != nil {
		return c.modelFault(b.Err(), named{place{source: "model"}, "loss"})
	}
	return c.checkOptimizer(x.Params(), s)
}

// checkOptimizer reports a rule that cannot be for the tables of the model.
func (c *Config) checkOptimizer(params []*graph.Node, s *Sets) error {
	err := c.buildOptimizer(s.Train.Len()).Fits(params)
	if err == nil {
		return nil
	}
	return Faults{{place{source: "optimizer"}, strings.TrimPrefix(err.Error(), "optim: ") + " (sparse: false)"}}
}

// nothingToTrain reports a model without a parameter that training changes.
func (c *Config) nothingToTrain(frozen bool) error {
	why := "no layer has parameters, so there is nothing to train"
	if frozen {
		why = "every parameter is frozen, so there is nothing to train: leave a layer out of frozen"
	}
	return Faults{{place{source: "model"}, why}}
}

// checkScores reports a model whose scores are not as many as what it predicts:
// one for each class, or for each token of the text, and those at each position
// for a language model only.
func (c *Config) checkScores(pred *graph.Node, s *dataset.Schema) error {
	t := &s.Target
	fault := func(format string, args ...any) error {
		return Faults{{c.Model[len(c.Model)-1].at, fmt.Sprintf(format, args...)}}
	}
	inner, language := pred.Shape.Inner(), t.Task == dataset.TaskLanguage
	switch {
	case s.Text != nil && language && len(inner) < 2:
		return fault("the model gives scores for a text as a whole, and a language model wants them for each token (leave out the pool, or let gpt be the model)")
	case s.Text != nil && !language && len(inner) > 1:
		return fault("the model gives scores for each of %d positions, and a text has one %s (put mean_pool, max_pool or last_pool before the last layer, or begin with encoder)", inner[0], t.Name)
	case s.Image != nil && c.Loss.Kind == "cross_entropy" && len(inner) > 1:
		return fault("the model gives scores for each of %d places, and an image has one class (put global_avg_pool or flatten before the last layer)", pred.Shape.Size()/inner[len(inner)-1])
	case language && pred.Shape.Last() != s.Text.Vocab:
		return fault("the model gives %d scores for the %d tokens of the text", pred.Shape.Last(), s.Text.Vocab)
	case c.Loss.Kind == "cross_entropy" && t.Task == dataset.TaskClassification && len(inner) > 0 && pred.Shape.Last() != len(t.Classes):
		return fault("the model gives %d scores for the %d classes of %s (end it with {dense: auto})", pred.Shape.Last(), len(t.Classes), t.Name)
	}
	return nil
}

// checkCausal reports a layer of a language model that sees the tokens which it
// is to predict.
func (c *Config) checkCausal(model nn.Layer, s *dataset.Schema) error {
	if s.Target.Task != dataset.TaskLanguage {
		return nil
	}
	_, _, err := nn.Decoder(model, 1, s.Text.Length)
	var e *graph.Error
	if !errors.As(err, &e) {
		return err
	}
	in := c.layerOf(e, c.wholeModel())
	return Faults{{in.at, in.name + ": it sees tokens behind a position, and a language model is to predict those (want gpt, or lstm or gru forward)"}}
}

// named is a part of the model that a mistake is in.
type named struct {
	at   place
	name string
}

// wholeModel is what to name where the layer is not known.
func (c *Config) wholeModel() named {
	if c.lone {
		return named{c.Model[0].at, c.Model[0].Kind}
	}
	return named{place{source: "model"}, "layers"}
}

// layerOf returns the layer of a mistake, else other.
func (c *Config) layerOf(e *graph.Error, other named) named {
	if l := findLayer(c.Model, e.Scope); l != nil {
		return named{l.at, fmt.Sprintf("layer %s, %s", e.Scope, l.Kind)}
	}
	return other
}

// modelFault is a mistake in a graph at the place of its layer, else in other.
func (c *Config) modelFault(err error, other named) error {
	var e *graph.Error
	if !errors.As(err, &e) {
		return err
	}
	operands := make([]string, len(e.Operands))
	for i, o := range e.Operands {
		operands[i] = o.String()
	}
	in := c.layerOf(e, other)
	if l := findLayer(c.Model, e.Scope); l != nil && l.Kind == "embedding" && e.Op == "gather" {
		return Faults{{in.at, in.name + ": it looks up whole numbers, and is given others; for the categorical columns of a table begin the model with {categories: 8} and set data.categories to embedding"}}
	}
	return Faults{{in.at, fmt.Sprintf("%s: %s (%s of %s)", in.name, e.Reason, e.Op, strings.Join(operands, ", "))}}
}

// findLayer returns the layer that a path such as 2.0.1 leads to, or the last
// one on the way.
func findLayer(list []Layer, path string) *Layer {
	first, rest, _ := strings.Cut(path, ".")
	i, err := strconv.Atoi(first)
	if err != nil || i < 0 || i >= len(list) {
		return nil
	}
	if o, ok := list[i].Options.(nested); ok {
		for name, inner := range o.inner() {
			if below, ok := below(rest, name); ok {
				if l := findLayer(inner, below); l != nil {
					return l
				}
			}
		}
	}
	return &list[i]
}

// below returns what is behind a name in a path; "" is in every path.
func below(path, name string) (string, bool) {
	if name == "" {
		return path, true
	}
	return strings.CutPrefix(path, name+".")
}
