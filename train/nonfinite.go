package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
)

// NonFiniteError stops a run: the loss or the gradient of an update is NaN or
// infinite. Nothing of the update was committed.
type NonFiniteError struct {
	Update     uint64 // the update that failed, from 1
	Loss       float64
	GradNorm   float64
	LR         float64
	Examples   []int     // of its batch, as numbers in the training data
	Worst      []Example // those with the highest loss, NaN first, at most 10
	Checkpoint string    // the last state with finite weights; "" if none is kept
}

// Example is an example and its loss, w·ℓ.
type Example struct {
	Index int
	Loss  float64
}

func (e *NonFiniteError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "train: update %d: the loss is %.4g, the norm of the gradient %.4g, at learning rate %.4g, over %d examples: %s",
		e.Update, e.Loss, e.GradNorm, e.LR, len(e.Examples), first(e.Examples))
	for i, x := range e.tellingWorst() {
		sep := "; highest losses: "
		if i > 0 {
			sep = ", "
		}
		fmt.Fprintf(&b, "%sexample %d (%.4g)", sep, x.Index, x.Loss)
	}
	b.WriteString("; a lower learning rate or clip.norm may help")
	if e.Checkpoint != "" {
		fmt.Fprintf(&b, "; the last good state is in %s", e.Checkpoint)
	}
	return b.String()
}

// tellingWorst is Worst, or nothing if it only says NaN of the examples that
// are listed first anyway.
func (e *NonFiniteError) tellingWorst() []Example {
	for i, x := range e.Worst {
		if !math.IsNaN(x.Loss) || i >= len(e.Examples) || x.Index != e.Examples[i] {
			return e.Worst
		}
	}
	return nil
}

// first lists at most ten numbers.
func first(ns []int) string {
	text := strings.Trim(fmt.Sprint(ns[:min(10, len(ns))]), "[]")
	if len(ns) > 10 {
		text += " …"
	}
	return text
}

// nonFinite describes the update of the next rows of the stream, which failed
// its checks, and saves the state before it.
func (l *loop) nonFinite(rows int) error {
	e := &NonFiniteError{
		Update: l.pos.Update + 1, LR: l.event.LR, Examples: l.examples(rows),
		Loss: l.lossSum.F64()[0] / l.weightSum.F64()[0], GradNorm: l.gradNorm.F64()[0],
	}
	var err error
	if e.Worst, err = l.worst(e.Examples); err != nil {
		l.cfg.Progress.Warn("no loss for each example: %v", err)
	}
	if e.Checkpoint, err = l.lastGood(); err != nil {
		l.cfg.Progress.Warn("%v", err)
	}
	return e
}

// examples returns the next rows of the stream, as numbers in the data.
func (l *loop) examples(rows int) []int {
	n := uint64(l.pos.PerEpoch)
	all := make([]int, rows)
	l.cfg.Order(all, int(l.pos.Examples/n), int(l.pos.Examples%n))
	return all
}

// lastGood returns a checkpoint of finite weights: of the state as it is, or,
// if the last step made a weight overflow, the newest one before.
func (l *loop) lastGood() (path string, err error) {
	if l.files == nil {
		return "", nil
	}
	finite, err := l.weights.finite()
	switch {
	case err != nil:
		return "", err
	case finite:
		err = l.save()
		return l.files.lastSaved, err
	case l.saved.Update < l.pos.Update:
		return l.files.lastSaved, nil
	}
	return "", nil
}

// worst runs the examples of a batch forward once more, dropout and all, for
// the losses of each.
func (l *loop) worst(examples []int) ([]Example, error) {
	g, err := trainingForward(l.cfg)
	if err != nil {
		return nil, err
	}
	p, err := l.eng.Compile(g, l.weights.vars, engine.Options{Rows: l.plan.Micro, Batch: l.plan.Size, Seed: l.cfg.Seed})
	if err != nil {
		return nil, err
	}
	p.Begin(l.pos.Examples, l.segmentOf(g))
	out := p.Output(outLoss)
	buf := dataset.NewBuffers(l.cfg.Data.Fields(), l.plan.Micro)
	var all []Example
	for part := range slices.Chunk(examples, l.plan.Micro) {
		if err := gather(l.cfg.Data, buf, part); err != nil {
			return nil, err
		}
		p.Micro(buf, 0, len(part))
		per := out.Size() / out.Shape()[0] // tokens of an example
		for i, index := range part {
			sum := 0.0
			for _, v := range out.F32()[i*per : (i+1)*per] {
				sum += float64(v)
			}
			all = append(all, Example{index, sum})
		}
	}
	slices.SortStableFunc(all, func(a, b Example) int {
		if an, bn := math.IsNaN(a.Loss), math.IsNaN(b.Loss); an || bn {
			return cmp.Compare(b2i(bn), b2i(an))
		}
		return cmp.Compare(b.Loss, a.Loss)
	})
	return all[:min(10, len(all))], nil
}
