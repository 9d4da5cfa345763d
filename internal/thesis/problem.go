package thesis

import (
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/digits"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// problem is what batches of all sizes descend on: a linear classifier of
// handwritten digits, whose weights start at 0. Its loss is one bowl.
type problem struct {
	training, test dataset.Dataset
	engine         *cpu.Engine
	vars           engine.HostVars
	weights        [][]float32 // of the variables, where they are
	start          []float64   // the first weights
	whole, held    *meter      // of the training and of the test data
	quick          *meter      // of the loss of the training data alone
}

const hidden, classes = 32, 10

// newProblem loads the digits, a fifth of them to test on.
func newProblem() (*problem, error) {
	data, _, err := digits.Load()
	if err != nil {
		return nil, err
	}
	parts, err := dataset.Split(data.Len(), 1, dataset.Part{Name: "test", Fraction: 0.2})
	if err != nil {
		return nil, err
	}
	p := &problem{}
	if p.training, p.test, err = centered(data, parts["train"], parts["test"]); err != nil {
		return nil, err
	}
	// On one thread the time is the work, whatever else the machine does.
	if p.engine, err = cpu.New(cpu.Config{Threads: 1}); err != nil {
		return nil, err
	}
	if err := p.declare(); err != nil {
		p.engine.Close()
		return nil, err
	}
	return p, nil
}

func (p *problem) close() { p.engine.Close() }

// declare makes the variables, and what measures them.
func (p *problem) declare() error {
	g, err := meterGraph(p.training.Fields())
	if err != nil {
		return err
	}
	var specs []engine.VarSpec
	for _, v := range g.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	vars, err := p.engine.NewVars(specs)
	if err != nil {
		return err
	}
	p.vars = vars.(engine.HostVars)
	for i, s := range specs {
		w := p.vars.View(s.Name).F32()
		if err := nn.Initialize(g.Vars[i].Attr.Init, s.Shape, 1, s.Name, w); err != nil {
			return err
		}
		p.weights = append(p.weights, w)
	}
	p.start = p.point()
	if p.whole, err = newMeter(p, g, p.training); err != nil {
		return err
	}
	if p.held, err = newMeter(p, g, p.test); err != nil {
		return err
	}
	if g, err = lossGraph(p.training.Fields()); err != nil {
		return err
	}
	p.quick, err = newMeter(p, g, p.training)
	return err
}

// point returns a copy of all weights.
func (p *problem) point() (all []float64) {
	for _, w := range p.weights {
		for _, v := range w {
			all = append(all, float64(v))
		}
	}
	return all
}

// moveTo sets all weights.
func (p *problem) moveTo(point []float64) {
	for _, w := range p.weights {
		for i := range w {
			w[i] = float32(point[i])
		}
		point = point[len(w):]
	}
}

// net is the model and its objective in a graph.
type net struct {
	*nn.Context
	layers      []layer
	scores      *graph.Node
	sum, weight *graph.Node // Σ ℓ and the number of examples
	losses      *graph.Node // of each example
}

// layer is what goes into a dense layer, and what comes out.
type layer struct{ in, out *graph.Node }

// newNet builds the model for some fields.
func newNet(training bool, fields []dataset.Field) *net {
	in := make([]nn.Input, len(fields))
	for i, f := range fields {
		in[i] = nn.Input(f)
	}
	n := &net{Context: nn.NewContext(new(graph.Builder), training, in...)}
	h := n.dense("hidden", n.Inputs[dataset.FieldX], hidden)
	n.scores = n.dense("scores", n.Tanh(h), classes)
	n.sum, n.weight, n.losses = nn.Objective(n.Context, nn.CrossEntropy(), n.scores, n.Inputs[dataset.FieldY], nil)
	return n
}

func (n *net) dense(name string, x *graph.Node, size int) *graph.Node {
	y := n.Apply(name, nn.Dense(size), x)
	n.layers = append(n.layers, layer{x, y})
	return y
}

// centered returns two parts of the data with every pixel less its mean over the
// first. Without, one direction in which all pixels grow would be far steeper
// than all others, and set the limit of the learning rate for batches of any size.
func centered(data dataset.Dataset, train, test []int) (training, held dataset.Dataset, err error) {
	first, err := gathered(data, train)
	if err != nil {
		return nil, nil, err
	}
	second, err := gathered(data, test)
	if err != nil {
		return nil, nil, err
	}
	at := dataset.FieldIndex(data.Fields(), dataset.FieldX)
	mean := columnMeans(first[at])
	for _, x := range []*tensor.Tensor{first[at], second[at]} {
		for i := range x.F32() {
			x.F32()[i] -= float32(mean[i%len(mean)])
		}
	}
	if training, err = memoryOf(data.Fields(), first); err != nil {
		return nil, nil, err
	}
	held, err = memoryOf(data.Fields(), second)
	return training, held, err
}

func gathered(data dataset.Dataset, rows []int) ([]*tensor.Tensor, error) {
	b := dataset.NewBuffers(data.Fields(), len(rows))
	return b, data.Gather(b, 0, rows)
}

func columnMeans(x *tensor.Tensor) []float64 {
	rows, columns := x.Shape()[0], x.Shape()[1]
	mean := make([]float64, columns)
	for i, v := range x.F32() {
		mean[i%columns] += float64(v)
	}
	for i := range mean {
		mean[i] /= float64(rows)
	}
	return mean
}

func memoryOf(fields []dataset.Field, data []*tensor.Tensor) (dataset.Dataset, error) {
	var columns []dataset.Column
	for i, f := range fields {
		columns = append(columns, dataset.Column{Name: f.Name, Data: data[i]})
	}
	return dataset.New(columns...)
}
