package train

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// Explanation is what the examples of an update did to it.
type Explanation struct {
	Update   uint64  `json:"update"`
	Epoch    uint64  `json:"epoch"`
	Batch    int     `json:"batch"`
	LR       float64 `json:"lr"`
	Loss     float64 `json:"loss"`
	GradNorm float64 `json:"grad_norm"` // of the mean gradient, before clipping
	// Recorded is what the run's own record says: same (the bits of loss and
	// norm), other, passed (the run passed over this update) or none.
	Recorded string `json:"recorded"`

	Examples []Influence `json:"examples"` // by size of their share, largest first
}

// Influence is one example of an update.
type Influence struct {
	Index int     `json:"example"`        // in the training data, from 0
	Name  string  `json:"name,omitempty"` // of its file, if it has one
	Loss  float64 `json:"loss"`           // w·ℓ
	// Share of the gradient: <g, G>/<G, G>, g being the gradient of w·ℓ and G
	// that of the batch. The shares of a batch add up to 1; one below 0 pulls
	// the other way.
	Share float64 `json:"share"`
	Norm  float64 `json:"norm"` // ‖g‖/‖G‖
}

// Explain does the run in c.Out again up to an update and finds out what each
// of its examples did. c is the run's configuration; only Exec and Engine may
// differ. It writes nothing. Under batch norm the gradient of an example is that
// of its loss within the batch, whose statistics all examples share. With the loss
// InBatch an example alone has no loss: that is an error.
func Explain(ctx context.Context, c Config, update uint64) (*Explanation, error) {
	if c.Loss.Name() == "in_batch" {
		return nil, refuse("train: the loss in_batch is of groups of examples: none of them has a share of its own to be explained")
	}
	v, err := openVerifier(c.Out)
	if err != nil {
		return nil, err
	}
	if update < 1 || update > uint64(len(v.trail)) {
		return nil, refuse("train: update %d: the run has updates 1 to %d", update, len(v.trail))
	}
	if c.Replay, err = report.ReadJournal(c.Out); err != nil {
		return nil, err
	}
	c.Exec.Workers = 0
	l, done, err := again(c)
	if err != nil {
		return nil, err
	}
	defer done()
	v.loop = l
	if err := v.checkData(); err != nil {
		return nil, err
	}
	if err := v.before(ctx, update); err != nil {
		return nil, err
	}
	defer l.loader.Close()
	return l.explain(ctx, v.trail[update-1])
}

// before brings the loop to where an update begins.
func (v *verifier) before(ctx context.Context, update uint64) error {
	from := uint64(0)
	for _, s := range v.states {
		if s < update {
			from = s
		}
	}
	if err := v.start(ctx, from); err != nil {
		return err
	}
	for v.loop.pos.Update+1 < update {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := v.loop.transact(ctx); err != nil {
			return err
		}
	}
	return nil
}

// explain explains the next update.
func (l *loop) explain(ctx context.Context, was trace) (*Explanation, error) {
	f, err := l.fraction()
	if err != nil {
		return nil, err
	}
	rows := l.rows()
	at := l.progress(f)
	l.setScalars(at)
	if _, err := l.execute(ctx, rows, 0); err != nil {
		return nil, err
	}
	e := &Explanation{
		Update: l.pos.Update + 1, Epoch: l.pos.Examples/uint64(l.pos.PerEpoch) + 1, Batch: rows, LR: l.update.LR(at),
		Loss: l.lossSum.F64()[0] / l.weightSum.F64()[0], GradNorm: l.gradNorm.F64()[0],
	}
	switch {
	case !was.known():
		e.Recorded = "none"
	case bitsOf(e.Loss) == was.loss && bitsOf(e.GradNorm) == was.norm:
		e.Recorded = "same"
	case was.loss == bitsOf(math.NaN()) && was.norm == was.loss:
		e.Recorded = "passed"
	default:
		e.Recorded = "other"
	}
	x, err := l.newInfluences(l.examples(rows))
	if err != nil {
		return nil, err
	}
	if e.Examples, err = x.run(ctx, l.pos.Examples); err != nil {
		return nil, err
	}
	slices.SortStableFunc(e.Examples, func(a, b Influence) int { return cmp.Compare(math.Abs(b.Share), math.Abs(a.Share)) })
	return e, nil
}

// influences computes the gradients of the examples of a batch, one by one.
type influences struct {
	loop    *loop
	prog    engine.Program
	indices []int
	fields  []*tensor.Tensor // the batch
	weight  []float32        // the field of weights
	own     []float32        // its values
	grads   []*tensor.Tensor // of Σ w·ℓ, the program's
	loss    *tensor.Tensor
	scalars []float64
	alone   bool // examples do not touch each other: each is a batch
}

// gradientGraph builds the gradients of Σ w·ℓ, before any division or clipping.
func gradientGraph(c *Config, fields []dataset.Field) (*graph.Graph, []string, error) {
	b := new(graph.Builder)
	x := nn.NewContext(b, true, inputs(fields)...)
	x.Dense = true
	c.SequenceWarmup.declare(x)
	num, _, weighted := nn.Objective(x, c.Loss, x.Model(c.Model), x.Inputs[dataset.FieldY], x.Inputs[dataset.FieldWeight])
	b.Output(outLossSum, num)
	params := x.Params()
	var names []string
	for i, g := range b.Gradient(weighted, params) {
		names = append(names, "gradient of "+params[i].Attr.Name)
		b.Output(names[i], g)
	}
	g, err := b.Build()
	return g, names, err
}

func (l *loop) newInfluences(indices []int) (*influences, error) {
	fields := slices.Clone(l.cfg.Data.Fields())
	x := &influences{loop: l, indices: indices, fields: dataset.NewBuffers(fields, len(indices))}
	if err := gather(l.cfg.Data, x.fields, indices); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(fields, func(f dataset.Field) bool { return f.Name == dataset.FieldWeight })
	if at < 0 {
		at = len(fields)
		fields = append(fields, dataset.Field{Name: dataset.FieldWeight, DType: tensor.F32})
		x.fields = append(x.fields, tensor.New(tensor.F32, len(indices)))
		for i := range indices {
			x.fields[at].F32()[i] = 1
		}
	}
	x.weight = x.fields[at].F32()
	x.own = slices.Clone(x.weight)
	g, names, err := gradientGraph(l.cfg, fields)
	if err != nil {
		return nil, err
	}
	shards := max(1, l.cfg.Shards)
	x.prog, err = l.eng.Compile(g, l.weights.vars, engine.Options{Rows: l.crew.workers[0].micro, Batch: len(indices), Shards: shards, Seed: l.cfg.Seed})
	if err != nil {
		return nil, err
	}
	plan := x.prog.Plan()
	x.alone = plan.Passes == 1 && plan.Group == 1
	for _, name := range names {
		x.grads = append(x.grads, x.prog.Output(name))
	}
	x.loss, x.scalars = x.prog.Output(outLossSum), l.segmentOf(g)
	return x, nil
}

// run returns the influence of each example.
func (x *influences) run(ctx context.Context, first uint64) ([]Influence, error) {
	x.pass(first, 0, len(x.indices))
	whole := make([][]float32, len(x.grads))
	for i, g := range x.grads {
		whole[i] = slices.Clone(g.F32())
	}
	square := dots(whole, x.grads)
	all := make([]Influence, len(x.indices))
	for i, index := range x.indices {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if x.alone {
			x.pass(first, i, i+1)
		} else {
			clear(x.weight)
			per := len(x.weight) / len(x.indices)
			copy(x.weight[i*per:(i+1)*per], x.own[i*per:])
			x.pass(first, 0, len(x.indices))
		}
		norm := 0.0
		for _, g := range x.grads {
			for _, v := range g.F32() {
				norm += float64(v) * float64(v)
			}
		}
		if _, changes := x.loop.cfg.Data.(dataset.Changing); changes {
			index %= x.loop.cfg.Data.Len() // it carries its epoch
		}
		all[i] = Influence{Index: index, Name: dataset.NameOf(x.loop.cfg.Data, index), Loss: x.loss.F64()[0], Share: dots(whole, x.grads) / square, Norm: math.Sqrt(norm / square)}
	}
	copy(x.weight, x.own)
	return all, nil
}

// pass runs examples [from, to) of the batch as a batch.
func (x *influences) pass(first uint64, from, to int) {
	shards, rows := max(1, x.loop.cfg.Shards), x.prog.Plan().Rows
	x.prog.Begin(first+uint64(from), x.scalars)
	for range x.prog.Passes() {
		for r := range shards {
			lo, hi := collective.Range(to-from, shards, r)
			for at := lo; at < hi; at += rows {
				x.prog.Micro(x.fields, from+at, min(rows, hi-at))
			}
			if shards > 1 {
				x.prog.EndShard(r)
			}
		}
		x.prog.EndPass()
	}
	x.prog.Finish()
}

// dots is the scalar product of all gradients.
func dots(a [][]float32, b []*tensor.Tensor) (sum float64) {
	for i := range a {
		for j, v := range b[i].F32() {
			sum += float64(a[i][j]) * float64(v)
		}
	}
	return sum
}
