package train

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
)

// bound puts the policy of batch sizes within what the run bears, and returns the
// planner for its largest batch. How much memory there is decides where nobody has
// set the largest size: then it is the largest one that fits at full speed. That
// is a decision about the result which the machine makes, so it stands in the
// journal, and a resumed or replayed run takes it from there.
func (l *loop) bound(p *planner) (*planner, error) {
	c, n := l.cfg, l.cfg.Data.Len()
	var err error
	if l.most, err = recordedMost(c); err != nil {
		return nil, err
	}
	l.policy = batch.Within(c.Batch, n, l.fewest(), l.most)
	p = p.sized(l.policy.Max(n))
	if c.Resume || c.Replay != nil || !batch.Open(c.Batch, n) {
		return p, nil
	}
	if fit := p.fastest(firstSize(c, l.policy)); fit < p.size {
		l.most = fit
		l.policy = batch.Within(c.Batch, n, l.fewest(), fit)
		p = p.sized(l.policy.Max(n))
	}
	return p, nil
}

// fewest is the least number of examples that batches of changing sizes have: one
// for each shard; two for batch norm, and in each shard for a loss that compares
// examples.
func (l *loop) fewest() int {
	n := max(l.cfg.Shards, 1)
	if l.cfg.comparesExamples() {
		n *= 2
	}
	return max(n, l.least)
}

// checkMeasurable refuses first batches that have no two pieces to measure the noise
// by, where the policy goes by nothing else and so would never change them.
func (l *loop) checkMeasurable() error {
	first, shards := firstSize(l.cfg, l.policy), max(l.cfg.Shards, 1)
	if l.meter == nil || !batch.NeedsNoise(l.policy) || batch.NeedsClock(l.policy) || l.meter.border(first, shards) > 0 {
		return nil
	}
	for n := first + 1; n <= l.plan.Size; n++ {
		if l.meter.border(n, shards) > 0 {
			return refuse("train: the policy %s goes by the noise of gradients, which a first batch of %d is too small to measure: it has no two pieces (want %d or more)", policyName(l.cfg.Batch), first, n)
		}
	}
	return refuse("train: the policy %s goes by the noise of gradients, which no batch of up to %d is large enough to measure: it has no two pieces", policyName(l.cfg.Batch), l.plan.Size)
}

// fastest returns the largest batch, by halving down to least, that fits without
// more time for each example: kept as a whole where it has several passes, in
// micro-batches of full speed. If there is none, it is the planner's own size, and
// slower layouts have to do.
func (p *planner) fastest(least int) int {
	rows := rowsToEvaluate(p.cfg.Data.Fields())
	for size := p.size; size >= least; size /= 2 {
		q := p.sized(size)
		first, err := q.first()
		if err != nil {
			break
		}
		fast, _ := q.micros(first.Micro)
		for _, micro := range append([]int{first.Micro}, fast...) {
			if x, err := q.estimate(layout{micro: micro, evalRows: rows}); err == nil && q.fits(x) {
				return size
			}
		}
	}
	return p.size
}

// announceMost writes the largest size to the journal, if memory has decided it.
func (l *loop) announceMost() error {
	if l.most == 0 {
		return nil
	}
	text := fmt.Sprintf("the largest batch that fits at full speed: %s (%s)", Bytes(l.memory.Limit), l.memory.LimitBy)
	return l.journal(report.Entry{Kind: entryMost, Value: float64(l.most), Text: text})
}

// recordedMost returns the largest size of the run that is resumed or replayed, as
// its journal tells; 0 if it was not limited.
func recordedMost(c *Config) (int, error) {
	journal := c.Replay
	if c.Resume && journal == nil {
		var err error
		if journal, err = report.ReadJournal(c.Out); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	}
	for _, e := range journal {
		if e.Kind == entryMost {
			return int(e.Value), nil
		}
	}
	return 0, nil
}

// comparesExamples reports whether the loss is of examples that are compared with each other.
func (c *Config) comparesExamples() bool {
	item, err := dataset.FindField(c.Data, dataset.FieldItem)
	return c.Loss != nil && c.Loss.Name() == "in_batch" && err == nil && len(item.Shape) == 0 // else examples bring their negatives along
}
