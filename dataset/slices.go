package dataset

import (
	"fmt"
	"iter"

	"github.com/descent-ml/descent/tensor"
)

// Number is the Go types that FromSlices takes.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~float32 | ~float64
}

// FromSlices returns a dataset of examples x[i] with the target y[i]: the
// fields x, f32 (len(x[0])), and y, i32 () for integers, which are classes, or
// f32 () for floats. The data is copied.
func FromSlices[X, Y Number](x [][]X, y []Y) (*Memory, error) {
	if len(x) != len(y) {
		return nil, fmt.Errorf("dataset: %d examples with %d targets", len(x), len(y))
	}
	return FromSeq(func(yield func([]X, Y) bool) {
		for i := range x {
			if !yield(x[i], y[i]) {
				return
			}
		}
	})
}

// FromSeq is FromSlices for a sequence, which is read once and collected. The
// slice that the sequence yields may be used again for the next example.
func FromSeq[X, Y Number](seq iter.Seq2[[]X, Y]) (*Memory, error) {
	var x, y []float64
	n, width := 0, -1
	for features, target := range seq {
		if width < 0 {
			width = len(features)
		}
		if len(features) != width {
			return nil, fmt.Errorf("dataset: example %d has %d features (want %d, as the first)", n, len(features), width)
		}
		for _, v := range features {
			x = append(x, float64(v))
		}
		y = append(y, float64(target))
		n++
	}
	if n == 0 {
		return nil, fmt.Errorf("dataset: no examples")
	}
	yType := tensor.I32
	if half := 0.5; Y(half) != 0 {
		yType = tensor.F32
	}
	return New(
		Column{Name: FieldX, Data: tensor.Of(x, n, width)},
		Column{Name: FieldY, Data: tensor.Of(y), DType: yType})
}
