package assess

import (
	"context"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Limits of what is exchanged.
const (
	importanceRows    = 4000
	importanceColumns = 200
)

// importance measures the loss with each column of a table exchanged between
// the examples (Breiman: Random forests, 2001, section 10, for any model).
func (j *Job) importance(ctx context.Context, model nn.Layer) ([]Importance, error) {
	s := j.Sets.Schema
	if len(s.Columns) == 0 || len(s.Columns) > importanceColumns || j.Data.Len() < 2 {
		return nil, nil
	}
	enc, err := dataset.NewEncoder(s)
	if err != nil {
		return nil, err
	}
	perm := rng.NewPermutation(uint64(j.Data.Len()), rng.Key(j.Seed, "importance"))
	rows := make([]int, min(j.Data.Len(), importanceRows))
	for i := range rows {
		rows[i] = int(perm.At(uint64(i)))
	}
	some, err := dataset.Subset(j.Data, rows)
	if err != nil {
		return nil, err
	}
	var out []Importance
	err = j.evaluator(model, j.Params, func(e *train.Evaluator) error {
		loss, err := lossOf(ctx, e, some)
		if err != nil {
			return err
		}
		for i := range enc.Len() {
			mixed, err := lossOf(ctx, e, &exchanged{Dataset: some, place: enc.Place(i)})
			if err != nil {
				return err
			}
			out = append(out, Importance{enc.Column(i).Name, mixed - loss})
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b Importance) int {
		switch {
		case a.Loss > b.Loss:
			return -1
		case a.Loss < b.Loss:
			return 1
		}
		return 0
	})
	return out, err
}

func lossOf(ctx context.Context, e *train.Evaluator, ds dataset.Dataset) (float64, error) {
	values, err := e.Evaluate(ctx, ds)
	if err != nil {
		return 0, err
	}
	return values[0].V, nil
}

// exchanged is a dataset where each example has one column of another: of the
// one half the examples further.
type exchanged struct {
	dataset.Dataset
	place dataset.Place
	buf   []*tensor.Tensor
}

// Gather implements dataset.Dataset.
func (x *exchanged) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := x.Dataset.Gather(dst, row, indices); err != nil {
		return err
	}
	if x.buf == nil || x.buf[0].Shape()[0] < len(indices) {
		x.buf = dataset.NewBuffers(x.Fields(), len(indices))
	}
	others := make([]int, len(indices))
	for i, at := range indices {
		others[i] = (at + x.Len()/2) % x.Len()
	}
	if err := x.Dataset.Gather(x.buf, 0, others); err != nil {
		return err
	}
	f := dataset.FieldIndex(x.Fields(), x.place.Field)
	for i := range indices {
		x.copyColumn(dst[f], row+i, x.buf[f], i)
	}
	return nil
}

func (x *exchanged) copyColumn(dst *tensor.Tensor, to int, src *tensor.Tensor, from int) {
	width := dst.Size() / dst.Shape()[0]
	p := x.place
	if dst.DType() == tensor.I32 {
		copy(dst.I32()[to*width+p.From:to*width+p.To], src.I32()[from*width+p.From:])
		return
	}
	copy(dst.F32()[to*width+p.From:to*width+p.To], src.F32()[from*width+p.From:])
	if p.Indicator >= 0 {
		dst.F32()[to*width+p.Indicator] = src.F32()[from*width+p.Indicator]
	}
}
