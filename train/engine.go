package train

import (
	"fmt"
	"runtime"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
)

// NewEvaluator returns an evaluator with its own copy of a model's parameters,
// in the layout of files: those of a Run or a RunDir. It evaluates datasets
// with the given fields; without a loss, or a target among the fields, it can
// only predict.
func NewEvaluator(eng engine.Engine, model nn.Layer, loss nn.Loss, fields []dataset.Field, params checkpoint.Tensors) (*Evaluator, error) {
	return NewEvaluatorOf(eng, model, loss, fields, params, rowsToEvaluate(fields))
}

// NewEvaluatorOf is NewEvaluator for so many rows at once. The results do not
// depend on them.
func NewEvaluatorOf(eng engine.Engine, model nn.Layer, loss nn.Loss, fields []dataset.Field, params checkpoint.Tensors, rows int) (*Evaluator, error) {
	g, err := forwardGraph(model, loss, fields)
	if err != nil {
		return nil, err
	}
	vars, err := NewVars(eng, g, params)
	if err != nil {
		return nil, err
	}
	return newEvaluator(eng, vars, model, loss, fields, rows)
}

// NewEvaluatorOn is NewEvaluatorOf on variables that have the model's
// parameters, such as those of a run in progress: it sees what they become.
func NewEvaluatorOn(eng engine.Engine, vars engine.Vars, model nn.Layer, loss nn.Loss, fields []dataset.Field, rows int) (*Evaluator, error) {
	return newEvaluator(eng, vars, model, loss, fields, rows)
}

// NewVars returns variables for the parameters of a graph that trains nothing,
// with values in the layout of files: those of a Run or a RunDir. Every
// parameter must have one; others are left out.
func NewVars(eng engine.Engine, g *graph.Graph, params checkpoint.Tensors) (engine.Vars, error) {
	w, err := newWeights(eng, g, 0, nil)
	if err != nil {
		return nil, err
	}
	for _, v := range w.nodes {
		if params[v.Attr.Name] == nil {
			return nil, fmt.Errorf("train: the model's parameter %q is missing", v.Attr.Name)
		}
	}
	return w.vars, w.restore(params, false)
}

// NewEngine returns the CPU engine with the settings of x, for one of its
// workers, which share the cores if the threads are left open. The caller
// closes it.
func NewEngine(x Exec) (engine.Engine, error) {
	if x.Threads == 0 && x.Workers > 1 {
		x.Threads = max(1, runtime.GOMAXPROCS(0)/x.Workers)
	}
	return cpu.New(cpu.Config{Threads: x.Threads, ISA: x.ISA})
}
