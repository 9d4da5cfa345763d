package train

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// Names of outputs.
const (
	outLossSum   = "loss_sum"   // Σ w·ℓ of the batch, f64
	outWeightSum = "weight_sum" // Σ w of the batch, f64
	outLoss      = "loss"       // w·ℓ of each example
	outPred      = "pred"       // what the model says of each example
)

// inputs declares the fields of a dataset to a graph, in their order: it is
// the order of the tensors of a batch.
func inputs(fields []dataset.Field) []nn.Input {
	in := make([]nn.Input, len(fields))
	for i, f := range fields {
		in[i] = nn.Input(f)
	}
	return in
}

// trainGraph builds the program of an update.
func trainGraph(c *Config) (*graph.Graph, *optim.Update, error) {
	b := new(graph.Builder)
	x := nn.NewContext(b, true, inputs(c.Data.Fields())...)
	c.SequenceWarmup.declare(x)
	num, den, weighted := nn.Objective(x, c.Loss, x.Model(c.Model), x.Inputs[dataset.FieldY], x.Inputs[dataset.FieldWeight])
	params, err := thawed(x.Params(), c.Freeze)
	if err != nil {
		return nil, nil, err
	}
	if err := c.Optimizer.Fits(params); err != nil {
		return nil, nil, refuse("%w", err)
	}
	gradients := b.Gradient(weighted, params)
	if c.Optimizer.SAM > 0 {
		gradients = sharp(c, x, params, gradients, den)
	}
	up, err := c.Optimizer.Build(b, params, gradients, num, den)
	if e := b.Err(); e != nil {
		return nil, nil, e
	}
	if err != nil {
		return nil, nil, err
	}
	b.Output(outLossSum, num)
	b.Output(outWeightSum, den)
	if c.measuresNoise() {
		if err := watchNoise(c.Noise.By, b, params, gradients, den); err != nil {
			return nil, nil, err
		}
	}
	g, err := b.Build()
	if err == nil && c.measuresNoise() && c.Noise.By == ByExamples {
		err = checkExamples(g)
	}
	if err == nil {
		err = c.SequenceWarmup.checkUsed(g)
	}
	return g, up, err
}

// sharp returns the gradients at the point that SAM ascends to.
func sharp(c *Config, x *nn.Context, params, gradients []*graph.Node, den *graph.Node) []*graph.Node {
	points := c.Optimizer.Ascend(x.Builder, params, gradients, den)
	at := map[string]*graph.Node{}
	for i, p := range params {
		at[p.Attr.Name] = points[i]
	}
	y := x.At(at)
	_, _, weighted := nn.Objective(y, c.Loss, y.Model(c.Model), y.Inputs[dataset.FieldY], y.Inputs[dataset.FieldWeight])
	return x.Gradient(weighted, points)
}

// thawed returns the parameters that no pattern freezes.
func thawed(params []*graph.Node, freeze []string) ([]*graph.Node, error) {
	for _, pattern := range freeze {
		left := slices.DeleteFunc(slices.Clone(params), func(p *graph.Node) bool {
			ok, _ := path.Match(pattern, p.Attr.Name)
			return ok
		})
		if len(left) == len(params) {
			return nil, fmt.Errorf("%w: freeze: no parameter is called %q (got %s)", ErrConfig, pattern, paramNames(params))
		}
		params = left
	}
	return params, nil
}

// paramNames lists parameters for people.
func paramNames(params []*graph.Node) string {
	list := make([]string, len(params))
	for i, p := range params {
		list[i] = p.Attr.Name
	}
	return strings.Join(list, ", ")
}

// forwardGraph builds a program that changes nothing: the prediction, and the
// loss if the fields have a target.
func forwardGraph(model nn.Layer, loss nn.Loss, fields []dataset.Field) (*graph.Graph, error) {
	return forward(nn.NewContext(new(graph.Builder), false, inputs(fields)...), model, loss)
}

// trainingForward is the forward half of trainGraph, dropout and all, for
// finding out which example broke an update.
func trainingForward(c *Config) (*graph.Graph, error) {
	x := nn.NewContext(new(graph.Builder), true, inputs(c.Data.Fields())...)
	c.SequenceWarmup.declare(x)
	return forward(x, c.Model, c.Loss)
}

func forward(x *nn.Context, model nn.Layer, loss nn.Loss) (*graph.Graph, error) {
	b := x.Builder
	x.Stats = nn.Running
	pred := x.Model(model)
	b.Output(outPred, pred)
	if y := x.Inputs[dataset.FieldY]; y != nil && loss != nil {
		num, den, weighted := nn.Objective(x, loss, pred, y, x.Inputs[dataset.FieldWeight])
		b.Output(outLossSum, num)
		b.Output(outWeightSum, den)
		b.Output(outLoss, weighted)
	}
	return b.Build()
}

// weights are the variables of a run, and what the host sees of them: the
// variables themselves where they are in its memory, else copies.
type weights struct {
	vars       engine.Vars
	nodes      []*graph.Node                // of the variables
	host       checkpoint.Tensors           // in the engine's layout
	copied     bool                         // host are copies
	layouts    map[string]checkpoint.Layout // of what files hold otherwise
	rearranged checkpoint.Tensors           // copies of that, made when they are first needed
}

// newWeights makes the variables of a graph with their first values.
func newWeights(eng engine.Engine, g *graph.Graph, seed uint64, init checkpoint.Tensors) (*weights, error) {
	w := &weights{nodes: g.Vars, host: checkpoint.Tensors{}, layouts: layouts(g), rearranged: checkpoint.Tensors{}}
	specs := make([]engine.VarSpec, len(g.Vars))
	for i, v := range g.Vars {
		specs[i] = engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims}
	}
	var err error // before anything is allocated: the engine knows what fits
	if w.vars, err = eng.NewVars(specs); err != nil {
		return nil, err
	}
	view, ok := w.vars.(engine.HostVars)
	w.copied = !ok
	for _, v := range g.Vars {
		if w.copied {
			w.host[v.Attr.Name] = tensor.New(tensor.F32, v.Shape.Dims...)
		} else {
			w.host[v.Attr.Name] = view.View(v.Attr.Name)
		}
	}
	return w, w.reset(seed, init)
}

// reset gives the variables their first values.
func (w *weights) reset(seed uint64, init checkpoint.Tensors) error {
	for _, v := range w.nodes {
		if err := nn.Initialize(v.Attr.Init, v.Shape.Dims, seed, v.Attr.Name, w.host[v.Attr.Name].F32()); err != nil {
			return err
		}
	}
	has := func(name string) bool { return w.host[name] != nil }
	if err := w.adopt(nn.HuggingFace(init, has)); err != nil {
		return err
	}
	return w.push()
}

// layouts lists the variables that files hold in another order: the parameters
// that say so, and the optimizer's state of the same shape.
func layouts(g *graph.Graph) map[string]checkpoint.Layout {
	l := map[string]checkpoint.Layout{}
	shape := map[string]graph.Shape{}
	for _, v := range g.Vars {
		if v.Attr.Init.Transposed {
			l[v.Attr.Name] = checkpoint.Layout{Channels: v.Attr.Init.Channels}
			shape[v.Attr.Name] = v.Shape
		}
	}
	for _, v := range g.Vars {
		name, isState := strings.CutPrefix(v.Attr.Name, "optim/")
		i := strings.LastIndexByte(name, '/')
		if !isState || i < 0 {
			continue
		}
		if of, ok := l[name[:i]]; ok && v.Shape.Equal(shape[name[:i]]) {
			l[v.Attr.Name] = of
		}
	}
	return l
}

// push writes the host's copies, if there are any, to the engine.
func (w *weights) push() error {
	if !w.copied {
		return nil
	}
	for name, t := range w.host {
		if err := w.vars.Write(name, t); err != nil {
			return err
		}
	}
	return nil
}

// pull reads the engine's values into the host's copies, if there are any.
func (w *weights) pull() error {
	if !w.copied {
		return nil
	}
	for name, t := range w.host {
		if err := w.vars.Read(name, t); err != nil {
			return err
		}
	}
	return nil
}

// finite reports whether the engine's values are all finite.
func (w *weights) finite() (bool, error) {
	if err := w.pull(); err != nil {
		return false, err
	}
	for _, t := range w.host {
		for _, v := range t.F32() {
			if v-v != 0 {
				return false, nil
			}
		}
	}
	return true, nil
}

// file returns what the engine holds, in the layout of files: parameters and
// state, or parameters alone. The tensors are valid until the next call or
// update.
func (w *weights) file(state bool) (checkpoint.Tensors, error) {
	if err := w.pull(); err != nil {
		return nil, err
	}
	ts := checkpoint.Tensors{}
	for _, v := range w.nodes {
		name := v.Attr.Name
		layout, otherwise := w.layouts[name]
		switch {
		case !state && v.Attr.Kind == graph.State:
		case !otherwise:
			ts[name] = w.host[name]
		default:
			if w.rearranged[name] == nil {
				w.rearranged[name] = tensor.New(tensor.F32, layout.FileShape(v.Shape.Dims)...)
			}
			layout.ToFile(w.rearranged[name], w.host[name])
			ts[name] = w.rearranged[name]
		}
	}
	return ts, nil
}

// adopt copies tensors in the layout of files over the host's. Names and
// shapes that do not fit are errors; names that are missing stay as they are.
func (w *weights) adopt(ts checkpoint.Tensors) error {
	layouts := map[string]checkpoint.Layout{}
	for name, t := range ts {
		if w.host[name] == nil && strings.HasSuffix(name, "num_batches_tracked") {
			continue // of PyTorch's batch norm; nothing depends on it
		}
		if w.host[name] == nil {
			return fmt.Errorf("train: the model has no parameter %q", name)
		}
		if t.DType() != tensor.F32 || t.Size() != w.host[name].Size() {
			return fmt.Errorf("train: parameter %q is %v (want %v)", name, t, w.host[name])
		}
		if l, ok := w.layouts[name]; ok {
			layouts[name] = l
		}
	}
	ts, err := checkpoint.FromFile(ts, layouts)
	if err != nil {
		return err
	}
	for name, t := range ts {
		if w.host[name] == nil {
			continue
		}
		if !t.Shape().Equal(w.host[name].Shape()) {
			return fmt.Errorf("train: parameter %q is %v (want %v)", name, t, w.host[name])
		}
		copy(w.host[name].F32(), t.F32())
	}
	return nil
}

// restore makes the engine hold tensors in the layout of files; all variables
// of the given kinds must be there.
func (w *weights) restore(ts checkpoint.Tensors, state bool) error {
	kept := checkpoint.Tensors{}
	for _, v := range w.nodes {
		if !state && v.Attr.Kind == graph.State {
			continue
		}
		t := ts[v.Attr.Name]
		if t == nil {
			return fmt.Errorf("train: %q is missing from what is to be restored", v.Attr.Name)
		}
		kept[v.Attr.Name] = t
	}
	if err := w.pull(); err != nil {
		return err
	}
	if err := w.adopt(kept); err != nil {
		return err
	}
	return w.push()
}
