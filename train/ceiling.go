package train

import "github.com/descent-ml/descent/batch"

// Ceiling is how large a batch may be within the limit on the process. The
// numbers are of the plan that Fit makes before it allocates anything.
type Ceiling struct {
	Whole   int    `json:"whole"` // examples of the largest batch that is executed at once; 0: not even one
	Batch   int    `json:"batch"` // of the largest batch, in micro-batches, and computing again or reading again what is not kept; 0: none
	Data    int    `json:"data"`  // examples of the training data: no batch is larger
	Limit   int64  `json:"limit"` // bytes; 0 if nothing limits the process
	LimitBy string `json:"limit_by,omitempty"`
}

// CeilingOf returns the largest batches that the limit on the process lets c
// have, whatever c.Batch is. Like PreviewOf it reads and writes no file, and it
// allocates no variables.
func CeilingOf(c Config) (Ceiling, error) {
	done, err := c.prepare()
	if err != nil {
		return Ceiling{}, err
	}
	defer done()
	g, up, err := trainGraph(&c)
	if err != nil {
		return Ceiling{}, err
	}
	l := &loop{cfg: &c, eng: c.Engine, graph: g, update: up, averages: newAverages(up.Evals())}
	p, err := l.newPlanner()
	if err != nil {
		return Ceiling{}, err
	}
	defer p.base.leaveRoom()()
	n := c.Data.Len()
	x := Ceiling{Data: n, Limit: p.limit, LimitBy: p.by}
	rows := rowsToEvaluate(c.Data.Fields())
	x.Whole = largest(n, func(size int) bool {
		q := p.sized(size)
		at, err := q.estimate(layout{micro: size, evalRows: rows})
		return err == nil && q.fits(at)
	})
	x.Batch = largest(n, func(size int) bool { return size <= x.Whole || p.sized(size).bearable(rows) })
	return x, nil
}

// bearable reports whether a batch of the planner's size fits in some layout.
func (p *planner) bearable(rows int) bool {
	first, err := batch.NewPlan(p.size, p.graph.Tallest(), p.cfg.Exec.Micro)
	if err != nil {
		return false
	}
	x, err := p.estimate(layout{micro: first.Micro, evalRows: rows})
	if err != nil || p.fits(x) {
		return err == nil
	}
	_, err = p.smaller(x)
	return err == nil
}
