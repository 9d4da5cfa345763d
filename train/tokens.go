package train

import (
	"fmt"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// tokensOf returns how many tokens an example of the data counts as: of a
// language model, whose target is the next token at each position, the
// positions; of all other data 1. See batch.Position.
func tokensOf(ds dataset.Dataset) int {
	fields := ds.Fields()
	y := dataset.FieldIndex(fields, dataset.FieldY)
	if y < 0 || !isSequence(fields[y]) {
		return 1
	}
	return fields[y].Shape.Size()
}

// isSequence reports whether a target has a class at each of several positions.
func isSequence(target dataset.Field) bool {
	return target.DType == tensor.I32 && len(target.Shape) > 0 && target.Shape.Size() > 1
}

// amount tells how much training data there is.
func (l *loop) amount() string {
	n := l.cfg.Data.Len()
	if t := l.pos.TokensPerExample; t > 1 {
		return fmt.Sprintf("%d windows of %d tokens", n, t)
	}
	return fmt.Sprintf("%d examples", n)
}
