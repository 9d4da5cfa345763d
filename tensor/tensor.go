package tensor

import (
	"fmt"
	"slices"
	"strings"
)

// DType is the type of an element.
type DType uint8

const (
	Invalid DType = iota
	F32
	F64
	I32
	I64
	U8
)

var dtypes = [...]struct {
	name string
	size int
}{Invalid: {"invalid", 0}, F32: {"f32", 4}, F64: {"f64", 8}, I32: {"i32", 4}, I64: {"i64", 8}, U8: {"u8", 1}}

// String returns the short name: f32, f64, i32, i64, u8.
func (d DType) String() string { return dtypes[d].name }

// Size returns the bytes of one element.
func (d DType) Size() int { return dtypes[d].size }

// ParseDType returns the type with a short name.
func ParseDType(name string) (DType, bool) {
	for d := F32; int(d) < len(dtypes); d++ {
		if dtypes[d].name == name {
			return d, true
		}
	}
	return Invalid, false
}

// Shape is the length of each axis, outermost first. A nil shape is a scalar.
type Shape []int

// Size returns the number of elements.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Equal reports whether both shapes have the same axes.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// String formats the shape as (2, 3); a scalar is ().
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = fmt.Sprint(d)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// Element is the set of Go types that a tensor stores.
type Element interface {
	float32 | float64 | int32 | int64 | uint8
}

// Tensor is a host array. Its data is shared, never copied, by the accessors.
type Tensor struct {
	shape Shape
	dtype DType
	data  any // []float32, []float64, []int32, []int64 or []uint8, len = shape.Size()
}

// New returns a tensor of zeros.
func New(d DType, shape ...int) *Tensor {
	n := Shape(shape).Size()
	t := &Tensor{shape: slices.Clone(shape), dtype: d}
	switch d {
	case F32:
		t.data = make([]float32, n)
	case F64:
		t.data = make([]float64, n)
	case I32:
		t.data = make([]int32, n)
	case I64:
		t.data = make([]int64, n)
	case U8:
		t.data = make([]uint8, n)
	default:
		panic("tensor: New of an invalid dtype")
	}
	return t
}

// Of returns a tensor over data, which it shares. Without a shape the tensor
// has one axis. It panics if the lengths disagree: the caller has both.
func Of[T Element](data []T, shape ...int) *Tensor {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	if n := Shape(shape).Size(); n != len(data) {
		panic(fmt.Sprintf("tensor: %d elements do not fill shape %v, which has %d", len(data), Shape(shape), n))
	}
	return &Tensor{shape: slices.Clone(shape), dtype: dtypeOf[T](), data: data}
}

// Scalar returns a tensor without axes.
func Scalar[T Element](v T) *Tensor { return &Tensor{dtype: dtypeOf[T](), data: []T{v}} }

func dtypeOf[T Element]() DType {
	var z T
	switch any(z).(type) {
	case float32:
		return F32
	case float64:
		return F64
	case int32:
		return I32
	case int64:
		return I64
	}
	return U8
}

// Shape returns the axes; the caller must not change them.
func (t *Tensor) Shape() Shape { return t.shape }

// DType returns the element type.
func (t *Tensor) DType() DType { return t.dtype }

// Size returns the number of elements.
func (t *Tensor) Size() int { return t.shape.Size() }

// Bytes returns the memory of the elements.
func (t *Tensor) Bytes() int { return t.Size() * t.dtype.Size() }

// Data returns the elements as a slice of T, shared with the tensor, or nil if
// T is not the tensor's type.
func Data[T Element](t *Tensor) []T {
	d, _ := t.data.([]T)
	return d
}

// F32 returns the elements of an f32 tensor, shared; nil for another type.
func (t *Tensor) F32() []float32 { return Data[float32](t) }

// F64 returns the elements of an f64 tensor, shared; nil for another type.
func (t *Tensor) F64() []float64 { return Data[float64](t) }

// I32 returns the elements of an i32 tensor, shared; nil for another type.
func (t *Tensor) I32() []int32 { return Data[int32](t) }

// I64 returns the elements of an i64 tensor, shared; nil for another type.
func (t *Tensor) I64() []int64 { return Data[int64](t) }

// U8 returns the elements of a u8 tensor, shared; nil for another type.
func (t *Tensor) U8() []uint8 { return Data[uint8](t) }

// Clone returns a copy that shares nothing.
func (t *Tensor) Clone() *Tensor {
	c := New(t.dtype, t.shape...)
	switch d := t.data.(type) {
	case []float32:
		copy(c.F32(), d)
	case []float64:
		copy(c.F64(), d)
	case []int32:
		copy(c.I32(), d)
	case []int64:
		copy(c.I64(), d)
	case []uint8:
		copy(c.U8(), d)
	}
	return c
}

// Reshape returns a tensor over the same data with other axes of equal size.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	if Shape(shape).Size() != t.Size() {
		return nil, fmt.Errorf("tensor: reshape %v to %v: %d elements, want %d", t.shape, Shape(shape), t.Size(), Shape(shape).Size())
	}
	return &Tensor{shape: slices.Clone(shape), dtype: t.dtype, data: t.data}, nil
}

// String describes the tensor without its elements: f32 (2, 3).
func (t *Tensor) String() string { return t.dtype.String() + " " + t.shape.String() }
