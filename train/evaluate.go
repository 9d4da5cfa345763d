package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// evalRows is how many examples an evaluation executes at once, evalTokens how
// many tokens, if its examples are made of them, and evalNumbers how many numbers else:
// what nets make of large images takes a multiple of their memory.
const (
	evalRows    = 256
	evalTokens  = 1 << 14
	evalNumbers = 1 << 20
)

// rowsToEvaluate returns how many examples are executed at once.
func rowsToEvaluate(fields []dataset.Field) int {
	x, most := dataset.FieldIndex(fields, dataset.FieldX), evalNumbers
	if x < 0 {
		return evalRows
	}
	if fields[x].DType == tensor.I32 {
		most = evalTokens
	}
	return max(1, min(evalRows, most/max(1, fields[x].Shape.Size())))
}

// Evaluator runs a model without changing it: predictions, losses, metrics.
// It is not safe for concurrent use.
type Evaluator struct {
	// TargetValue is as in Config.
	TargetValue func(output int, y float32) float64

	fields  []dataset.Field
	loss    nn.Loss
	prog    engine.Program
	vars    engine.Vars
	checks  checks
	buf     []*tensor.Tensor
	indices []int
}

// newEvaluator is NewEvaluator on variables that have the model's parameters.
func newEvaluator(eng engine.Engine, vars engine.Vars, model nn.Layer, loss nn.Loss, fields []dataset.Field, rows int) (*Evaluator, error) {
	g, err := forwardGraph(model, loss, fields)
	if err != nil {
		return nil, err
	}
	prog, err := eng.Compile(g, vars, engine.Options{Rows: rows, Batch: math.MaxInt32})
	if err != nil {
		return nil, err
	}
	rows = prog.Plan().Rows // in whole groups, if the loss compares examples with others
	return &Evaluator{
		fields: fields, loss: loss, prog: prog, vars: vars, checks: checksOf(g),
		buf: dataset.NewBuffers(fields, rows), indices: make([]int, rows),
	}, nil
}

// Predict calls f with the predictions of the examples in order: example first
// is row 0 of pred (rows, ...), whose memory is the evaluator's. It returns the
// error of f, of the data or of ctx.
func (e *Evaluator) Predict(ctx context.Context, ds dataset.Dataset, f func(first int, pred *tensor.Tensor, rows int) error) error {
	if !slices.EqualFunc(ds.Fields(), e.fields, sameField) {
		return fmt.Errorf("train: data with fields %v (want %v)", ds.Fields(), e.fields)
	}
	e.prog.Begin(0, nil)
	pred := e.prog.Output(outPred)
	for first := 0; first < ds.Len(); first += len(e.indices) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		rows := min(len(e.indices), ds.Len()-first)
		for i := range rows {
			e.indices[i] = first + i
		}
		if err := gather(ds, e.buf, e.indices[:rows]); err != nil {
			return err
		}
		if err := e.checks.check(e.buf, e.indices[:rows]); err != nil {
			return err
		}
		e.prog.Micro(e.buf, 0, rows)
		if err := f(first, pred, rows); err != nil {
			return err
		}
	}
	return nil
}

// Buffers returns the tensors that Run reads, one for each field, with room for
// as many rows as the evaluator executes at once.
func (e *Evaluator) Buffers() []*tensor.Tensor { return e.buf }

// Vars returns the variables that the evaluator reads, for further ones of the
// same model.
func (e *Evaluator) Vars() engine.Vars { return e.vars }

// Run predicts for the first rows of the buffers. The result, (rows, ...), is
// valid until the next call. It checks nothing and allocates nothing.
func (e *Evaluator) Run(rows int) *tensor.Tensor {
	e.prog.Begin(0, nil)
	e.prog.Micro(e.buf, 0, rows)
	return e.prog.Output(outPred)
}

// Evaluate returns the loss, Σ w·ℓ / Σ w, and the metrics that suit the target,
// over all examples of ds.
func (e *Evaluator) Evaluate(ctx context.Context, ds dataset.Dataset) (report.Values, error) {
	values, _, err := e.evaluate(ctx, ds, nil)
	return values, err
}

// EvaluateEach is Evaluate and Predict in one pass over the examples.
func (e *Evaluator) EvaluateEach(ctx context.Context, ds dataset.Dataset, f func(first int, pred *tensor.Tensor, rows int) error) (report.Values, error) {
	values, _, err := e.evaluate(ctx, ds, f)
	return values, err
}

// evaluate measures; f may be nil.
func (e *Evaluator) evaluate(ctx context.Context, ds dataset.Dataset, f func(first int, pred *tensor.Tensor, rows int) error) (report.Values, meter, error) {
	y := dataset.FieldIndex(e.fields, dataset.FieldY)
	if y < 0 || e.loss == nil {
		return nil, nil, fmt.Errorf("train: nothing to evaluate with: no loss, or no field %q", dataset.FieldY)
	}
	m := inUnits(newMeter(e.loss, e.fields[y]), e.TargetValue)
	var weight *tensor.Tensor
	if i := dataset.FieldIndex(e.fields, dataset.FieldWeight); i >= 0 {
		weight = e.buf[i]
	}
	err := e.Predict(ctx, ds, func(first int, pred *tensor.Tensor, rows int) error {
		if m != nil {
			m.add(pred, e.buf[y], weight, rows)
		}
		if f != nil {
			return f(first, pred, rows)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	e.prog.Finish()
	loss := e.prog.Output(outLossSum).F64()[0] / e.prog.Output(outWeightSum).F64()[0]
	values := report.Values{{Name: "loss", V: loss}}
	if t, ok := m.(*nextToken); ok {
		t.of(ds)
		values = append(values, t.ofLoss(loss)...)
	}
	if m != nil {
		values = append(values, m.values()...)
	}
	return values, m, nil
}

// priorExamples and priorTokens limit how much of the training data the
// baseline looks at.
const (
	priorExamples = 100_000
	priorTokens   = 2_000_000
)

// prior adds targets of the training data, at even distances, to a meter.
func prior(ctx context.Context, c *Config) (meter, error) {
	ds, loss := dataset.Original(c.Data), c.Loss
	fields := ds.Fields()
	y := dataset.FieldIndex(fields, dataset.FieldY)
	m := newMeter(loss, fields[y])
	if m = inUnits(m, c.TargetValue); m == nil {
		return nil, nil
	}
	rows := rowsToEvaluate(fields)
	buf := dataset.NewBuffers(fields, rows)
	var weight *tensor.Tensor
	if i := dataset.FieldIndex(fields, dataset.FieldWeight); i >= 0 {
		weight = buf[i]
	}
	// Predictions do not matter; a score for each target will do.
	none := tensor.New(tensor.F32, append([]int{rows}, fields[y].Shape...)...)
	n := min(ds.Len(), priorExamples)
	if t := tokensOf(ds); t > 1 {
		n = min(ds.Len(), max(1, priorTokens/t))
	}
	indices := make([]int, 0, rows)
	for i := range n {
		if indices = append(indices, i*ds.Len()/n); len(indices) < rows && i < n-1 {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if err := gather(ds, buf, indices); err != nil {
			return nil, err
		}
		m.add(none, buf[y], weight, len(indices))
		indices = indices[:0]
	}
	return m, nil
}
