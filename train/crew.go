package train

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/descent-ml/descent/collective"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/tensor"
)

// crew is the workers of this process. Each carries some of a batch's shards
// with an engine and a program of its own; the variables are common to all, so
// the first worker alone finishes and commits.
type crew struct {
	workers []*worker
	engines []engine.Engine // started for the crew
	shards  int
	passes  int
	border  int // where the first piece of the batch ends; 0 if it is not watched
}

// worker executes the shards [from, to) of each batch.
type worker struct {
	prog     engine.Program
	from, to int
	micro    int                // examples at once
	member   *collective.Member // nil: it is the only one
	total    collective.Part
}

// newCrew compiles a graph for each worker. o has the sizes, for all shards.
func newCrew(c *Config, g *graph.Graph, vars engine.Vars, o engine.Options) (*crew, error) {
	n, shards := max(c.Exec.Workers, 1), max(c.Shards, 1)
	w := &crew{shards: shards}
	members := collective.Local(n)
	for rank := range n {
		eng := c.Engine
		if rank > 0 {
			var err error
			if eng, err = another(c); err != nil {
				return nil, errors.Join(err, w.close())
			}
			w.engines = append(w.engines, eng)
		}
		own := shareOf(o, n, shards, rank)
		p, err := eng.Compile(g, vars, own)
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		m := &worker{prog: p, from: own.First, to: own.First + own.Own, micro: p.Plan().Rows}
		if n > 1 {
			m.member = members[rank]
		}
		w.workers = append(w.workers, m)
	}
	w.passes = w.prog().Passes()
	return w, nil
}

// another starts an engine for one more worker: one like the first, if that
// can be had.
func another(c *Config) (engine.Engine, error) {
	if e, ok := c.Engine.(interface {
		Another() (engine.Engine, error)
	}); ok {
		return e.Another()
	}
	return NewEngine(c.Exec)
}

// shareOf returns the options of one of n workers.
func shareOf(o engine.Options, n, shards, rank int) engine.Options {
	from, to := collective.Range(shards, n, rank)
	first, _ := collective.Range(o.Batch, shards, from)
	_, last := collective.Range(o.Batch, shards, to-1)
	o.Shards, o.First, o.Own, o.Batch = shards, from, to-from, last-first
	o.Rows = min(o.Rows, max(o.Batch, 1))
	if n > 1 { // a smaller batch may be cut one example later
		o.Batch++
	}
	return o
}

// prog is the program that has the results.
func (w *crew) prog() engine.Program { return w.workers[0].prog }

// single reports whether one worker carries the batch undivided.
func (w *crew) single() bool { return w.shards == 1 && len(w.workers) == 1 }

func (w *crew) close() error {
	for _, e := range w.engines {
		e.Close()
	}
	w.engines = nil
	return nil
}

// run executes all passes over a batch of n examples that is in memory.
func (w *crew) run(ctx context.Context, first uint64, scalars []float64, in []*tensor.Tensor, n int) error {
	if len(w.workers) == 1 {
		return w.workers[0].run(ctx, w, first, scalars, in, n)
	}
	errs := make([]error, len(w.workers))
	var wg sync.WaitGroup
	for i, m := range w.workers {
		wg.Go(func() {
			if errs[i] = m.guarded(ctx, w, first, scalars, in, n); errs[i] != nil {
				m.member.Leave()
			}
		})
	}
	wg.Wait()
	w.workers[0].member.Join()
	for _, err := range errs { // what failed first, not who waited for it
		if err != nil && !errors.Is(err, collective.ErrLeft) {
			return err
		}
	}
	return errors.Join(errs...)
}

// guarded is run for a goroutine of its own: a panic becomes an error.
func (m *worker) guarded(ctx context.Context, w *crew, first uint64, scalars []float64, in []*tensor.Tensor, n int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{p}
		}
	}()
	return m.run(ctx, w, first, scalars, in, n)
}

// watch says where the first pieces of the next batches end: behind so many
// examples or, of several shards, so many shards; 0 is that they are not watched.
func (w *crew) watch(border int) {
	w.border = border
	for _, m := range w.workers {
		m.prog.Watch(border > 0)
	}
}

// micros executes rows [from, to) of in, in micro-batches. One that holds the row
// border, where the first piece of an undivided batch ends, is two.
func micros(ctx context.Context, p engine.Program, in []*tensor.Tensor, from, to, micro, border int) error {
	for at := from; at < to; {
		if at > from && ctx.Err() != nil {
			return errInterrupted
		}
		end := min(at+micro, to)
		if at < border {
			end = min(end, border)
		}
		p.Micro(in, at, end-at)
		if at = end; at == border {
			p.Mark()
		}
	}
	return nil
}

// run executes the worker's shards.
func (m *worker) run(ctx context.Context, w *crew, first uint64, scalars []float64, in []*tensor.Tensor, n int) error {
	from, _ := collective.Range(n, w.shards, m.from)
	m.prog.Begin(first+uint64(from), scalars)
	for range w.passes {
		if w.shards == 1 {
			if err := micros(ctx, m.prog, in, 0, n, m.micro, w.border); err != nil {
				return err
			}
		} else if err := m.divided(ctx, w, in, n); err != nil {
			return err
		}
		if err := m.exchange(ctx, w.border > 0); err != nil {
			return err
		}
		m.prog.EndPass()
	}
	return nil
}

// divided executes the worker's shards in one pass. The mark is behind the last of
// them that is in the first piece.
func (m *worker) divided(ctx context.Context, w *crew, in []*tensor.Tensor, n int) error {
	for r := m.from; r < m.to; r++ {
		from, to := collective.Range(n, w.shards, r)
		if err := micros(ctx, m.prog, in, from, to, m.micro, 0); err != nil {
			return err
		}
		m.prog.EndShard(r)
		if r+1 == min(w.border, m.to) {
			m.prog.Mark()
		}
	}
	return nil
}

// exchange brings the sums of all workers together, and those of the first piece if
// the update is watched.
func (m *worker) exchange(ctx context.Context, watched bool) error {
	if m.member == nil {
		return nil
	}
	if err := m.sum(ctx, m.prog.Parts(), m.prog.Adopt); err != nil || !watched {
		return err
	}
	return m.sum(ctx, m.prog.Marks(), m.prog.AdoptMarks)
}

// sum adds what all workers have and gives it to adopt.
func (m *worker) sum(ctx context.Context, parts []collective.Part, adopt func(*collective.Part)) error {
	if err := m.member.Sum(ctx, parts, &m.total); err != nil {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	adopt(&m.total)
	return nil
}

// PanicError is a panic of a part of the run that is not descent's own, such as
// a dataset or a callback.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }
