package train

import (
	"errors"
	"fmt"
	"strings"

	"github.com/descent-ml/descent/engine"
)

// Preview is how a configuration would be executed.
type Preview struct {
	Execution string      // batch, micro-batches, shards, passes
	Program   engine.Plan // of an update, of the first worker
	Memory    MemoryPlan
	Choices   []Choice // what exact batch norm costs, and what it could cost; nil without
}

// Choice is one way to execute batch norm over whole batches.
type Choice struct {
	Name  string
	Bytes int64   // of activations, gradients and sums, of all workers
	Price float64 // time that is spent on computing values again, as a share of the rest: an estimate
	Taken bool
}

// PreviewOf returns what Fit would run. It reads and writes no file.
func PreviewOf(c Config) (*Preview, error) {
	done, err := c.prepare()
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := newLoop(&c)
	if err != nil {
		return nil, err
	}
	v := &Preview{Execution: l.execution(), Program: l.prog.Plan(), Memory: l.memory}
	if v.Program.Passes > 1 {
		v.Choices, err = l.choices()
	}
	return v, errors.Join(err, l.crew.close())
}

// choices lists how the barriers of a model could be executed.
func (l *loop) choices() ([]Choice, error) {
	p := &planner{cfg: l.cfg, graph: l.graph, size: l.plan.Size}
	taken := l.prog.Plan()
	var all []Choice
	for _, try := range []struct {
		name  string
		size  int
		again engine.Recompute
	}{
		{"keep everything", p.size, engine.RecomputeNever},
		{"compute everything again", p.size, engine.RecomputeAlways},
		{fmt.Sprintf("a batch of %d, keep everything", max(1, p.size/4)), max(1, p.size/4), engine.RecomputeNever},
	} {
		q, cfg := *p, *l.cfg
		cfg.Exec.Recompute = try.again
		q.cfg, q.size = &cfg, try.size
		x, err := q.estimate(layout{micro: min(l.plan.Micro, try.size)})
		if err != nil {
			return nil, err
		}
		all = append(all, Choice{try.name, x.arena, x.plan.Price, try.size == p.size && x.plan.Again == taken.Again})
	}
	if !all[0].Taken && !all[1].Taken {
		all = append(all, Choice{"keep what fits", taken.Bytes, taken.Price, true})
	}
	return all, nil
}

// String is the preview for people.
func (v *Preview) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nmemory\n%v\n", v.Execution, v.Memory)
	if v.Choices != nil {
		fmt.Fprintf(&b, "batch norm over whole batches: %d passes\n", v.Program.Passes)
		for _, c := range v.Choices {
			mark := " "
			if c.Taken {
				mark = "*"
			}
			fmt.Fprintf(&b, "%s %-44s %12s  %3.0f %% more time\n", mark, c.Name, Bytes(c.Bytes), 100*c.Price)
		}
		b.WriteString("  batchnorm: {group: 32} needs none of this: one pass, another result\n\n")
	}
	fmt.Fprint(&b, v.Program)
	return b.String()
}
