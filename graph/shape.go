package graph

import (
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/tensor"
)

// Batch is the length of the example axis, which is not known until the
// program runs. Only axis 0 can have it.
const Batch = -1

// Touched is the length of the axis of touched rows, known only when the batch
// is: see SparseParam. Only axis 0 of a per-update value can have it.
const Touched = -2

// Shape is the type of a value: its element type and the length of each axis.
type Shape struct {
	DType tensor.DType
	Dims  []int // outermost first; Dims[0] may be Batch or Touched
}

// F32 returns the shape of a float32 value.
func F32(dims ...int) Shape { return Shape{tensor.F32, dims} }

// F64 returns the shape of a float64 value.
func F64(dims ...int) Shape { return Shape{tensor.F64, dims} }

// PerExample reports whether the value has a row for each example.
func (s Shape) PerExample() bool { return len(s.Dims) > 0 && s.Dims[0] == Batch }

// Touched reports whether the value has a row for each touched row.
func (s Shape) Touched() bool { return s.Lead() == Touched }

// Lead returns Batch or Touched if the value has such an axis, else 0.
func (s Shape) Lead() int {
	if len(s.Dims) > 0 && s.Dims[0] < 0 {
		return s.Dims[0]
	}
	return 0
}

// Inner returns the axes within an example or a touched row: all but the first
// if that is Batch or Touched.
func (s Shape) Inner() []int {
	if s.Lead() != 0 {
		return s.Dims[1:]
	}
	return s.Dims
}

// Size returns the number of elements: of one example if the value is
// per-example, of one touched row if it has the axis Touched, else of the whole
// value.
func (s Shape) Size() int { return tensor.Shape(s.Inner()).Size() }

// Last returns the length of the innermost axis, or 1 for a scalar.
func (s Shape) Last() int {
	if in := s.Inner(); len(in) > 0 {
		return in[len(in)-1]
	}
	return 1
}

// Equal reports whether both shapes have the same type and axes.
func (s Shape) Equal(t Shape) bool { return s.DType == t.DType && slices.Equal(s.Dims, t.Dims) }

// String formats the shape as f32[B 784]; a scalar is f32[], touched rows are f32[T 16].
func (s Shape) String() string {
	parts := make([]string, len(s.Dims))
	for i, d := range s.Dims {
		switch d {
		case Batch:
			parts[i] = "B"
		case Touched:
			parts[i] = "T"
		default:
			parts[i] = strconv.Itoa(d)
		}
	}
	return s.DType.String() + "[" + strings.Join(parts, " ") + "]"
}

// with returns the shape of the same first axis, if that is Batch or Touched,
// with other inner axes.
func (s Shape) with(inner ...int) Shape {
	if lead := s.Lead(); lead != 0 {
		return Shape{s.DType, append([]int{lead}, inner...)}
	}
	return Shape{s.DType, slices.Clone(inner)}
}
