package train

import (
	"context"
	"fmt"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// estimation is the program that computes running statistics anew; see
// Config.Reestimate and nn.Estimation.
type estimation struct {
	prog   engine.Program
	graph  *graph.Graph
	each   []nn.Estimate
	sums   [][]float64
	counts []float64
}

func estimationGraph(c *Config) (*graph.Graph, []nn.Estimate, error) {
	return nn.Estimation(c.Model, inputs(c.Data.Fields())...)
}

// reestimate replaces the running statistics by those of the weights as they
// are, over the first examples of the training data's first epochs.
func (l *loop) reestimate(ctx context.Context) error {
	g, each, err := estimationGraph(l.cfg)
	if err != nil || len(each) == 0 {
		return err
	}
	l.busy("estimating statistics")
	e := &estimation{graph: g, each: each, sums: make([][]float64, len(each)), counts: make([]float64, len(each))}
	rows := l.crew.workers[0].micro
	e.prog, err = l.eng.Compile(g, l.weights.vars, engine.Options{Rows: rows, Batch: l.plan.Size, Seed: l.cfg.Seed, Recompute: l.cfg.Exec.Recompute})
	if err != nil {
		return err
	}
	buf := dataset.NewBuffers(l.cfg.Data.Fields(), rows)
	total := l.reestimated()
	for first := 0; first < total; {
		n := min(l.plan.Size, total-first, l.pos.PerEpoch-first%l.pos.PerEpoch)
		if err := l.estimateBatch(ctx, e, buf, first, n); err != nil {
			return err
		}
		first += n
	}
	if err := e.write(l.weights.vars); err != nil {
		return err
	}
	return l.journal(report.Entry{Update: l.pos.Update, Kind: entryEstimate, Value: float64(total), Text: fmt.Sprintf("running statistics of %d layers over %d examples", len(each), total)})
}

// reestimated is the number of examples to go over.
func (l *loop) reestimated() int {
	n := l.cfg.Reestimate.N
	if l.cfg.Reestimate.Unit == batch.Epoch {
		n *= float64(l.pos.PerEpoch)
	}
	return max(1, int(n))
}

// estimateBatch adds the sums of one batch of n examples. A batch that has a
// single value somewhere says nothing, and is left out.
func (l *loop) estimateBatch(ctx context.Context, e *estimation, buf []*tensor.Tensor, first, n int) error {
	if e.graph.Single(n, 1) != nil {
		return nil
	}
	rows, per := buf[0].Shape()[0], l.pos.PerEpoch
	indices := make([]int, 0, rows)
	e.prog.Begin(uint64(first), nil)
	for range e.prog.Passes() {
		for at := 0; at < n; at += rows {
			if ctx.Err() != nil {
				return errInterrupted
			}
			indices = indices[:0]
			for i := at; i < min(at+rows, n); i++ {
				indices = append(indices, l.cfg.Order.At((first+i)/per, (first+i)%per))
			}
			if err := gather(l.cfg.Data, buf, indices); err != nil {
				return err
			}
			if err := l.checks.check(buf, indices); err != nil {
				return err
			}
			e.prog.Micro(buf, 0, len(indices))
		}
		e.prog.EndPass()
	}
	e.prog.Finish()
	for i, x := range e.each {
		sums := e.prog.Output(x.Sums).F64()
		if e.sums[i] == nil {
			e.sums[i] = make([]float64, len(sums))
		}
		for j, v := range sums {
			e.sums[i][j] += v
		}
		e.counts[i] += e.prog.Output(x.Count).F64()[0]
	}
	return nil
}

// write sets the running statistics.
func (e *estimation) write(vars engine.Vars) error {
	for i, x := range e.each {
		if e.counts[i] < 2 {
			continue
		}
		shift := tensor.New(tensor.F32, len(e.sums[i])/2)
		if err := vars.Read(x.Mean, shift); err != nil {
			return err
		}
		mean, variance := x.Of(e.sums[i], e.counts[i], shift.F32())
		if err := vars.Write(x.Mean, tensor.Of(mean)); err != nil {
			return err
		}
		if err := vars.Write(x.Variance, tensor.Of(variance)); err != nil {
			return err
		}
	}
	return nil
}
