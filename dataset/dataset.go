package dataset

import (
	"fmt"
	"strings"

	"github.com/descent-ml/descent/tensor"
)

// The names of the fields that training knows.
const (
	FieldUser   = "user"   // the number of a user, i32 ()
	FieldItem   = "item"   // the number of an item, i32 (), or of several, i32 (n)
	FieldLogQ   = "logq"   // ln of the probability with which an item is drawn, f32 of item's shape
	FieldX      = "x"      // features, f32
	FieldCat    = "cat"    // embedding indices of categorical columns, i32
	FieldY      = "y"      // the target: a class, i32, or values, f32
	FieldWeight = "weight" // the weight of the example, f32 ()
	FieldY2     = "y2"     // a second class, of what the example is mixed with, i32 ()
	FieldMix    = "mix"    // the share of y where there is y2, f32 (): the loss is mix·ℓ(y) + (1-mix)·ℓ(y2)
)

// Field is one part of an example: its name, element type and shape without
// the batch axis, such as {"x", F32, (784)} or {"y", I32, ()}.
type Field struct {
	Name  string
	DType tensor.DType
	Shape tensor.Shape
}

// String describes the field: x f32 (784).
func (f Field) String() string { return f.Name + " " + f.DType.String() + " " + f.Shape.String() }

// Dataset is a fixed number of examples with the same fields. It is safe for
// concurrent use.
type Dataset interface {
	// Len returns the number of examples.
	Len() int

	// Fields returns the parts of an example, in a fixed order; the caller
	// must not change them.
	Fields() []Field

	// Gather copies example indices[i] into row row+i of dst[f], for every
	// field f in the order of Fields. Each dst[f] has the field's type and
	// shape behind a leading axis of at least row+len(indices). Rows outside
	// that range are left alone. It allocates nothing in steady state.
	Gather(dst []*tensor.Tensor, row int, indices []int) error
}

// Digested is a dataset that can say what its examples are without making each
// of them.
type Digested interface {
	Dataset

	// Digest identifies the examples, all fields in their order, by 32
	// hexadecimal digits. It finds what changed by mistake.
	Digest() string
}

// FieldIndex returns the position of the named field, or -1.
func FieldIndex(fields []Field, name string) int {
	for i, f := range fields {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// FindField returns the named field of a dataset, or an error that lists the
// fields there are.
func FindField(ds Dataset, name string) (Field, error) {
	fields := ds.Fields()
	if i := FieldIndex(fields, name); i >= 0 {
		return fields[i], nil
	}
	have := make([]string, len(fields))
	for i, f := range fields {
		have[i] = f.Name
	}
	return Field{}, fmt.Errorf("dataset: no field %q (got %s)", name, strings.Join(have, ", "))
}

// NewBuffers returns one tensor of zeros for each field with room for the
// given number of rows, as Gather wants them.
func NewBuffers(fields []Field, rows int) []*tensor.Tensor {
	buf := make([]*tensor.Tensor, len(fields))
	for i, f := range fields {
		buf[i] = tensor.New(f.DType, append(tensor.Shape{rows}, f.Shape...)...)
	}
	return buf
}

// CheckGather reports a destination that cannot take the examples, or an index
// outside [0, n): what every Gather checks first.
func CheckGather(fields []Field, dst []*tensor.Tensor, row int, indices []int, n int) error {
	if len(dst) != len(fields) {
		return fmt.Errorf("dataset: gather into %d tensors (want %d)", len(dst), len(fields))
	}
	for i, f := range fields {
		s := dst[i].Shape()
		if len(s) == 0 || dst[i].DType() != f.DType || !s[1:].Equal(f.Shape) || row < 0 || s[0]-row < len(indices) {
			return fmt.Errorf("dataset: gather rows %d to %d of field %s into %v", row, row+len(indices), f, dst[i])
		}
	}
	for _, i := range indices {
		if uint(i) >= uint(n) {
			return fmt.Errorf("dataset: gather example %d (want 0 to %d)", i, n-1)
		}
	}
	return nil
}
