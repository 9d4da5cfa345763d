package thesis

import (
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// meter measures the weights as they are on all examples of some data.
type meter struct {
	program engine.Program
	data    []*tensor.Tensor
	rows    int
	labels  []int32
}

// meterRows is how many examples a meter takes at once.
const meterRows = 256

// Outputs of a meter.
const (
	outScores  = "scores"
	outLoss    = "loss"    // Σ ℓ
	outSquares = "squares" // Σ ‖g_i‖²
	outWhole   = "whole"   // ‖Σ g_i‖²
)

// meterGraph computes what a reading needs of all examples together. The gradient
// of an example in the weights of a dense layer is the outer product of its
// inputs, with a 1 for the bias, and the gradient δ in its outputs, so its square
// is (‖x‖² + 1)·‖δ‖² (Goodfellow, arXiv:1510.01799).
func meterGraph(fields []dataset.Field) (*graph.Graph, error) {
	c := newNet(false, fields)
	var outs []*graph.Node
	for _, l := range c.layers {
		outs = append(outs, l.out)
	}
	squares, whole := c.Const64(0), c.Const64(0)
	for i, delta := range c.Gradient(c.losses, outs) {
		x := c.layers[i].in
		inputs := c.Builder.Add(c.ReduceSum(c.Mul(x, x), 1), c.Const(1))
		squares = c.Builder.Add(squares, c.SumExamples64(c.Mul(inputs, c.ReduceSum(c.Mul(delta, delta), 1))))
	}
	for _, g := range c.Gradient(c.losses, c.Params()) {
		whole = c.Builder.Add(whole, c.SumSquares(g))
	}
	c.Output(outScores, c.scores)
	c.Output(outLoss, c.sum)
	c.Output(outSquares, squares)
	c.Output(outWhole, whole)
	return c.Build()
}

// lossGraph computes the loss alone, for where it is looked at often.
func lossGraph(fields []dataset.Field) (*graph.Graph, error) {
	c := newNet(false, fields)
	c.Output(outLoss, c.sum)
	return c.Build()
}

func newMeter(p *problem, g *graph.Graph, data dataset.Dataset) (*meter, error) {
	prog, err := p.engine.Compile(g, p.vars, engine.Options{Rows: meterRows, Batch: data.Len()})
	if err != nil {
		return nil, err
	}
	all := make([]int, data.Len())
	dataset.Sequential(all, 0, 0)
	m := &meter{program: prog, rows: data.Len()}
	if m.data, err = gathered(data, all); err != nil {
		return nil, err
	}
	m.labels = m.data[dataset.FieldIndex(data.Fields(), dataset.FieldY)].I32()
	return m, nil
}

// reading is what a meter says of the weights.
type reading struct {
	loss     float64 // mean
	accuracy float64
	noise    float64 // tr Σ: the variance of the gradient of one example
	signal   float64 // ‖G‖²
}

// read measures all that meterGraph computes.
func (m *meter) read() reading {
	right := 0
	m.run(func(row, rows int) {
		right += hits(m.program.Output(outScores).F32(), m.labels[row:row+rows])
	})
	n := float64(m.rows)
	r := reading{loss: m.of(outLoss) / n, accuracy: float64(right) / n, signal: m.of(outWhole) / (n * n)}
	r.noise = max(0, m.of(outSquares)/n-r.signal)
	return r
}

// loss measures what lossGraph computes.
func (m *meter) loss() float64 {
	m.run(func(int, int) {})
	return m.of(outLoss) / float64(m.rows)
}

// run goes through the data, and calls each behind every part of them.
func (m *meter) run(each func(row, rows int)) {
	m.program.Begin(0, nil)
	for row := 0; row < m.rows; row += meterRows {
		rows := min(meterRows, m.rows-row)
		m.program.Micro(m.data, row, rows)
		each(row, rows)
	}
	m.program.Finish()
}

func (m *meter) of(output string) float64 { return m.program.Output(output).F64()[0] }

// hits counts the rows of scores whose largest is that of the label.
func hits(scores []float32, labels []int32) (n int) {
	for i, label := range labels {
		row, best := scores[i*classes:(i+1)*classes], 0
		for k, s := range row {
			if s > row[best] {
				best = k
			}
		}
		if int32(best) == label {
			n++
		}
	}
	return n
}

// variance is that of the mean gradient of size different ones of n examples,
// whose gradients have the variance noise: noise/size, less where the batch is
// a large part of all, and 0 where it is all.
func variance(noise float64, size, n int) float64 {
	return noise / float64(size) * float64(n-size) / float64(n-1)
}
