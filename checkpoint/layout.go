package checkpoint

import (
	"fmt"
	"maps"

	"github.com/descent-ml/descent/tensor"
)

// ToFile returns the tensors in the layout of files: those whose names are in
// transposed, which the engine keeps as (in, out), become (out, in) as in
// PyTorch. The others are shared with the input, which is not changed. Bits are
// moved, never computed. A name that is missing or no matrix is an error.
//
// An optimizer's moments have the layout of their parameter: name them too.
func ToFile(ts Tensors, transposed map[string]bool) (Tensors, error) {
	out := maps.Clone(ts)
	for name, yes := range transposed {
		if !yes {
			continue
		}
		t, ok := ts[name]
		if !ok || t == nil {
			return nil, fmt.Errorf("checkpoint: transpose %q: no such tensor", name)
		}
		if len(t.Shape()) != 2 {
			return nil, fmt.Errorf("checkpoint: transpose %q: shape %v, want two axes", name, t.Shape())
		}
		out[name] = transpose(t)
	}
	return out, nil
}

// FromFile undoes ToFile: the names in transposed become (in, out) again.
func FromFile(ts Tensors, transposed map[string]bool) (Tensors, error) {
	return ToFile(ts, transposed) // a transpose is its own inverse
}

func transpose(t *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(t.DType(), t.Shape()[1], t.Shape()[0])
	Transpose(out, t)
	return out
}

// Transpose writes the matrix t the other way round to out, which has its type
// and the transposed shape.
func Transpose(out, t *tensor.Tensor) {
	rows, cols := t.Shape()[0], t.Shape()[1]
	switch t.DType() {
	case tensor.F32:
		transposeInto(out.F32(), t.F32(), rows, cols)
	case tensor.F64:
		transposeInto(out.F64(), t.F64(), rows, cols)
	case tensor.I32:
		transposeInto(out.I32(), t.I32(), rows, cols)
	case tensor.I64:
		transposeInto(out.I64(), t.I64(), rows, cols)
	case tensor.U8:
		transposeInto(out.U8(), t.U8(), rows, cols)
	}
}

// transposeInto sets dst[j*rows+i] = src[i*cols+j], in tiles that fit L1.
func transposeInto[T tensor.Element](dst, src []T, rows, cols int) {
	const tile = 32
	for i0 := 0; i0 < rows; i0 += tile {
		for j0 := 0; j0 < cols; j0 += tile {
			for i := i0; i < min(i0+tile, rows); i++ {
				for j := j0; j < min(j0+tile, cols); j++ {
					dst[j*rows+i] = src[i*cols+j]
				}
			}
		}
	}
}
