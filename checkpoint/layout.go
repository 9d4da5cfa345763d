package checkpoint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Layout says that files hold a weight as PyTorch does, outputs first, then
// inputs, then whatever axes are before those two in the engine: a dense weight
// (in, out) is (out, in) there, that of a convolution (kh, kw, in, out) is
// (out, in, kh, kw).
type Layout struct {
	// Channels, if not 0, says that the inputs of a matrix are the elements of
	// an image (H, W, Channels), which files hold as (Channels, H, W).
	Channels int
}

// ToFile returns the tensors in the layout of files: those whose names are in
// layouts are rearranged, the others are shared with the input, which is not
// changed. Bits are moved, never computed. A name that is missing, or whose axes
// do not fit, is an error.
//
// An optimizer's moments have the layout of their parameter: name them too.
func ToFile(ts Tensors, layouts map[string]Layout) (Tensors, error) {
	return rearranged(ts, layouts, Layout.FileShape, Layout.ToFile)
}

// FromFile undoes ToFile.
func FromFile(ts Tensors, layouts map[string]Layout) (Tensors, error) {
	return rearranged(ts, layouts, Layout.engineShape, Layout.FromFile)
}

func rearranged(ts Tensors, layouts map[string]Layout, shape func(Layout, tensor.Shape) tensor.Shape, move func(l Layout, out, t *tensor.Tensor)) (Tensors, error) {
	all := maps.Clone(ts)
	for name, l := range layouts {
		t := ts[name]
		if t == nil {
			return nil, fmt.Errorf("checkpoint: layout of %q: no such tensor", name)
		}
		s := shape(l, t.Shape())
		if s == nil {
			return nil, fmt.Errorf("checkpoint: layout of %q: shape %v, want two axes or more, and of an image whole pixels of %d channels", name, t.Shape(), l.Channels)
		}
		out := tensor.New(t.DType(), s...)
		move(l, out, t)
		all[name] = out
	}
	return all, nil
}

// FileShape returns the shape in files of a tensor that has shape s in the
// engine; nil if s does not fit the layout.
func (l Layout) FileShape(s tensor.Shape) tensor.Shape {
	n := len(s)
	if n < 2 || n == 2 && s[0]%max(1, l.Channels) != 0 {
		return nil
	}
	return append(tensor.Shape{s[n-1], s[n-2]}, s[:n-2]...)
}

func (l Layout) engineShape(s tensor.Shape) tensor.Shape {
	if len(s) < 2 || len(s) == 2 && s[1]%max(1, l.Channels) != 0 {
		return nil
	}
	return append(slices.Clone(s[2:]), s[1], s[0])
}

// ToFile writes t, a tensor of the engine, to out, which has its FileShape.
func (l Layout) ToFile(out, t *tensor.Tensor) {
	before, in, outputs := l.axes(t.Shape())
	reverse(out, t, before, in, outputs)
}

// FromFile undoes the method ToFile.
func (l Layout) FromFile(out, t *tensor.Tensor) {
	before, in, outputs := l.axes(out.Shape())
	reverse(out, t, outputs, in, before)
}

// axes returns a shape of the engine as three axes, which are those of files
// backwards: (taps, in, out), or of a matrix (in, 1, out) or (pixels, channels,
// out).
func (l Layout) axes(s tensor.Shape) (before, in, out int) {
	n := len(s)
	in, out = s[n-2], s[n-1]
	if n == 2 {
		in = max(1, l.Channels)
	}
	return s.Size() / in / out, in, out
}

// reverse sets dst (c, b, a) to src (a, b, c) with its axes backwards.
func reverse(dst, src *tensor.Tensor, a, b, c int) {
	switch src.DType() {
	case tensor.F32:
		reverseInto(dst.F32(), src.F32(), a, b, c)
	case tensor.F64:
		reverseInto(dst.F64(), src.F64(), a, b, c)
	case tensor.I32:
		reverseInto(dst.I32(), src.I32(), a, b, c)
	case tensor.I64:
		reverseInto(dst.I64(), src.I64(), a, b, c)
	case tensor.U8:
		reverseInto(dst.U8(), src.U8(), a, b, c)
	}
}

// reverseInto sets dst[(k·b + j)·a + i] = src[(i·b + j)·c + k], in tiles of i and
// k that fit L1.
func reverseInto[T tensor.Element](dst, src []T, a, b, c int) {
	const tile = 32
	for j := range b {
		for i0 := 0; i0 < a; i0 += tile {
			for k0 := 0; k0 < c; k0 += tile {
				for i := i0; i < min(i0+tile, a); i++ {
					for k := k0; k < min(k0+tile, c); k++ {
						dst[(k*b+j)*a+i] = src[(i*b+j)*c+k]
					}
				}
			}
		}
	}
}
