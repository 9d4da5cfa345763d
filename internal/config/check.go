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
	if b.Err() == nil {
		if err := c.checkScores(pred, s.Schema); err != nil {
			return err
		}
	}
	nn.Objective(x, c.BuildLoss(), pred, x.Inputs[dataset.FieldY], x.Inputs[dataset.FieldWeight])
	return c.modelFault(b.Err())
}

// nothingToTrain reports a model without a parameter that training changes.
func (c *Config) nothingToTrain(frozen bool) error {
	why := "no layer has parameters, so there is nothing to train"
	if frozen {
		why = "every parameter is frozen, so there is nothing to train: leave a layer out of frozen"
	}
	return Faults{{place{source: "model"}, why}}
}

// checkScores reports a model with fewer scores than there are classes.
func (c *Config) checkScores(pred *graph.Node, s *dataset.Schema) error {
	t := &s.Target
	last := c.Model[len(c.Model)-1]
	if t.Task == dataset.TaskLanguage && pred.Shape.Last() < s.Text.Vocab {
		return Faults{{last.at, fmt.Sprintf("the model gives %d scores for the %d tokens of the text", pred.Shape.Last(), s.Text.Vocab)}}
	}
	if n := len(t.Classes); c.Loss.Kind == "cross_entropy" && len(pred.Shape.Inner()) > 0 && pred.Shape.Last() < n {
		return Faults{{last.at, fmt.Sprintf("the model gives %d scores for the %d classes of %s (end it with {dense: auto})", pred.Shape.Last(), n, t.Name)}}
	}
	return nil
}

// modelFault is a mistake in a graph at the place of its layer.
func (c *Config) modelFault(err error) error {
	var e *graph.Error
	if !errors.As(err, &e) {
		return err
	}
	operands := make([]string, len(e.Operands))
	for i, o := range e.Operands {
		operands[i] = o.String()
	}
	at, what := place{source: "model"}, "loss"
	if l := findLayer(c.Model, e.Scope); l != nil {
		at, what = l.at, fmt.Sprintf("layer %s, %s", e.Scope, l.Kind)
	}
	if l := findLayer(c.Model, e.Scope); l != nil && l.Kind == "embedding" && e.Op == "gather" {
		return Faults{{at, what + ": it looks up whole numbers, and is given others; for the categorical columns of a table begin the model with {categories: 8} and set data.categories to embedding"}}
	}
	return Faults{{at, fmt.Sprintf("%s: %s (%s of %s)", what, e.Reason, e.Op, strings.Join(operands, ", "))}}
}

// findLayer returns the layer that a path such as 2.0.1 leads to, or the last
// one on the way.
func findLayer(list []Layer, path string) *Layer {
	first, rest, _ := strings.Cut(path, ".")
	i, err := strconv.Atoi(first)
	if err != nil || i < 0 || i >= len(list) {
		return nil
	}
	if g, ok := list[i].Options.(*group); ok {
		if inner := findLayer(g.list, rest); inner != nil {
			return inner
		}
	}
	return &list[i]
}
