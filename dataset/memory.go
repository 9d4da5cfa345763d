package dataset

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/tensor"
)

// Column is the data of one field for all examples.
type Column struct {
	Name string         // of the field
	Data *tensor.Tensor // (examples, shape of the field...)

	// DType is the type of the field: F32 or I32. The default is F32 for f32,
	// f64 and u8 data, I32 for i32 and i64.
	DType tensor.DType

	// Scale and Shift apply to u8 data in an F32 field, which stays u8 in
	// memory and becomes float32(v*Scale) + Shift in a batch. A Scale of 0
	// means 1.
	Scale, Shift float32
}

// Memory is a dataset whose examples are in memory.
type Memory struct {
	n       int
	fields  []Field
	sources []source
}

// source is one field's data: it copies examples into rows. Indices and the
// destination have been checked.
type source interface {
	gather(dst *tensor.Tensor, row int, indices []int)
}

// New returns a dataset over tensors whose leading axis counts the examples.
// Data that already has the field's type, and u8 data, is shared, the rest is
// converted. Values that are NaN or infinite, integers that do not fit, and
// lengths that differ are errors that name the field and the example.
func New(columns ...Column) (*Memory, error) {
	if len(columns) == 0 {
		return nil, fmt.Errorf("dataset: no columns")
	}
	m := &Memory{n: -1}
	for _, c := range columns {
		if err := m.add(c); err != nil {
			return nil, err
		}
	}
	if m.n == 0 {
		return nil, fmt.Errorf("dataset: no examples")
	}
	return m, nil
}

func (m *Memory) add(c Column) error {
	if c.Name == "" || FieldIndex(m.fields, c.Name) >= 0 {
		return fmt.Errorf("dataset: field name %q is empty or used twice", c.Name)
	}
	if c.Data == nil || len(c.Data.Shape()) == 0 {
		return fmt.Errorf("dataset: field %q: no data, or data without an example axis", c.Name)
	}
	n := c.Data.Shape()[0]
	if m.n >= 0 && n != m.n {
		return fmt.Errorf("dataset: field %q has %d examples, field %q has %d", c.Name, n, m.fields[0].Name, m.n)
	}
	dt := c.fieldType()
	src, err := c.source(dt)
	if err != nil {
		return err
	}
	m.n = n
	m.attach(Field{c.Name, dt, c.Data.Shape()[1:]}, src)
	return nil
}

func (m *Memory) attach(f Field, src source) {
	m.fields, m.sources = append(m.fields, f), append(m.sources, src)
}

func (c Column) fieldType() tensor.DType {
	if c.DType != tensor.Invalid {
		return c.DType
	}
	if d := c.Data.DType(); d == tensor.I32 || d == tensor.I64 {
		return tensor.I32
	}
	return tensor.F32
}

func (c Column) source(field tensor.DType) (source, error) {
	width := c.Data.Shape()[1:].Size()
	switch field {
	case tensor.F32:
		if d := c.Data.U8(); d != nil {
			return newByteRows(d, width, c.Scale, c.Shift), nil
		}
		d, err := toF32(c.Name, c.Data, width)
		return rows[float32]{d, width}, err
	case tensor.I32:
		d, err := toI32(c.Name, c.Data, width)
		return rows[int32]{d, width}, err
	}
	return nil, fmt.Errorf("dataset: field %q: type %v (want f32 or i32)", c.Name, field)
}

// Len returns the number of examples.
func (m *Memory) Len() int { return m.n }

// Fields returns the fields in the order they were given.
func (m *Memory) Fields() []Field { return m.fields }

// Gather implements Dataset.
func (m *Memory) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := CheckGather(m.fields, dst, row, indices, m.n); err != nil {
		return err
	}
	for f, s := range m.sources {
		s.gather(dst[f], row, indices)
	}
	return nil
}

// rows is data that is copied as it is: (examples, width).
type rows[T tensor.Element] struct {
	data  []T
	width int
}

func (r rows[T]) gather(dst *tensor.Tensor, row int, indices []int) {
	out := tensor.Data[T](dst)[row*r.width:]
	if r.width == 1 {
		for i, x := range indices {
			out[i] = r.data[x]
		}
		return
	}
	for i, x := range indices {
		copy(out[i*r.width:(i+1)*r.width], r.data[x*r.width:])
	}
}

// toF32 returns the elements as float32, shared if they already are, and
// refuses what is not finite.
func toF32(name string, t *tensor.Tensor, width int) ([]float32, error) {
	out := t.F32()
	if out == nil {
		out = make([]float32, t.Size())
		switch t.DType() {
		case tensor.F64:
			convert(out, t.F64())
		case tensor.I32:
			convert(out, t.I32())
		case tensor.I64:
			convert(out, t.I64())
		}
	}
	for i, v := range out {
		if v-v != 0 {
			return nil, fmt.Errorf("dataset: field %q, example %d, element %d: %v (want a finite number)", name, i/width, i%width, v)
		}
	}
	return out, nil
}

// toI32 returns the elements as int32, shared if they already are, and refuses
// what is not an integer of that range.
func toI32(name string, t *tensor.Tensor, width int) ([]int32, error) {
	bad := func(i int, v any) error {
		return fmt.Errorf("dataset: field %q, example %d, element %d: %v (want an integer of 32 bits)", name, i/width, i%width, v)
	}
	switch t.DType() {
	case tensor.I32:
		return t.I32(), nil
	case tensor.U8:
		out := make([]int32, t.Size())
		convert(out, t.U8())
		return out, nil
	case tensor.I64:
		out := make([]int32, t.Size())
		for i, v := range t.I64() {
			if out[i] = int32(v); int64(out[i]) != v {
				return nil, bad(i, v)
			}
		}
		return out, nil
	case tensor.F32:
		return integral(t.F32(), bad)
	}
	return integral(t.F64(), bad)
}

func integral[T float32 | float64](src []T, bad func(int, any) error) ([]int32, error) {
	out := make([]int32, len(src))
	for i, v := range src {
		if !(v >= math.MinInt32 && float64(v) <= math.MaxInt32) || T(int32(v)) != v {
			return nil, bad(i, v)
		}
		out[i] = int32(v)
	}
	return out, nil
}

func convert[D, S tensor.Element](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}
