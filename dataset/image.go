package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/descent-ml/descent/tensor"
)

// ImageOptions says how images become features. The zero value is flat
// features from 0 to 1, and classes 0 to the largest label.
type ImageOptions struct {
	Scale, Shift float32  // a pixel v becomes v*Scale + Shift; Scale 0: 1/255
	KeepShape    bool     // x has the shape of an image; else it is flat
	Classes      []string // their names, by label; nil: the labels themselves
}

// LoadIDX reads images and their labels, each an IDX file, plain or gzip, of
// u8. The fields are x, f32, and y, i32; pixels stay u8 in memory. A label
// without a class, and files of different lengths, are errors.
func LoadIDX(images, labels string, o ImageOptions) (*Memory, *Schema, error) {
	x, err := readU8(images)
	if err != nil {
		return nil, nil, err
	}
	y, err := readU8(labels)
	if err != nil {
		return nil, nil, err
	}
	if len(x.Shape()) < 2 || len(y.Shape()) != 1 || x.Shape()[0] != y.Shape()[0] {
		return nil, nil, fmt.Errorf("dataset: %s holds %v and %s holds %v (want as many images as labels)", images, x, labels, y)
	}
	s := o.schema(x.Shape()[1:], y.U8())
	for i, label := range y.U8() {
		if int(label) >= len(s.Target.Classes) {
			return nil, nil, fmt.Errorf("dataset: %s: label %d is %d (want 0 to %d)", labels, i, label, len(s.Target.Classes)-1)
		}
	}
	if !o.KeepShape {
		if x, err = x.Reshape(x.Shape()[0], x.Shape()[1:].Size()); err != nil {
			return nil, nil, err
		}
	}
	m, err := New(
		Column{Name: FieldX, Data: x, Scale: s.Image.Scale, Shift: s.Image.Shift},
		Column{Name: FieldY, Data: y, DType: tensor.I32})
	if err != nil {
		return nil, nil, fmt.Errorf("%w in %s", err, images)
	}
	return m, s, nil
}

func readU8(path string) (*tensor.Tensor, error) {
	t, err := ReadIDX(path)
	if err == nil && t.DType() != tensor.U8 {
		err = fmt.Errorf("dataset: %s: elements are %v (want u8)", path, t.DType())
	}
	return t, err
}

func (o ImageOptions) schema(shape tensor.Shape, labels []uint8) *Schema {
	if o.Scale == 0 {
		o.Scale = 1.0 / 255
	}
	if o.Classes == nil {
		last := 0
		for _, l := range labels {
			last = max(last, int(l))
		}
		for i := range last + 1 {
			o.Classes = append(o.Classes, strconv.Itoa(i))
		}
	}
	return &Schema{
		Version: SchemaVersion,
		Image:   &ImageSchema{Shape: shape, Scale: o.Scale, Shift: o.Shift},
		Target:  TargetSchema{Name: FieldY, Task: TaskClassification, Classes: o.Classes, Std: 1},
		Rows:    len(labels),
	}
}

// LoadIDXDir reads a folder of four IDX files named as MNIST's: train-images,
// train-labels, t10k-images and t10k-labels, with -idx3-ubyte or -idx1-ubyte
// behind, each plain or .gz. The test images have the classes of the training
// images; test is nil if neither of the t10k files is there.
func LoadIDXDir(dir string, o ImageOptions) (train, test *Memory, s *Schema, err error) {
	load := func(part string, o ImageOptions) (*Memory, *Schema, error) {
		images, err := findFile(dir, part+"-images-idx3-ubyte")
		if err != nil {
			return nil, nil, err
		}
		labels, err := findFile(dir, part+"-labels-idx1-ubyte")
		if err != nil {
			return nil, nil, err
		}
		return LoadIDX(images, labels, o)
	}
	if train, s, err = load("train", o); err != nil {
		return nil, nil, nil, err
	}
	if !hasFile(dir, "t10k-images-idx3-ubyte") && !hasFile(dir, "t10k-labels-idx1-ubyte") {
		return train, nil, s, nil
	}
	o.Classes = s.Target.Classes
	test, _, err = load("t10k", o)
	return train, test, s, err
}

// findFile returns the path of a file in dir, or of the same with .gz.
func findFile(dir, name string) (string, error) {
	for _, ext := range []string{"", ".gz"} {
		path := filepath.Join(dir, name+ext)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("dataset: %w", err)
		}
	}
	return "", fmt.Errorf("dataset: no %s or %s.gz in %s: %w", name, name, dir, fs.ErrNotExist)
}

// hasFile reports whether findFile finds the file, or fails to look.
func hasFile(dir, name string) bool {
	_, err := findFile(dir, name)
	return !errors.Is(err, fs.ErrNotExist)
}

// CheckClasses reports the first example whose class, in an i32 field y without
// axes, is not 0 to classes-1.
func CheckClasses(ds Dataset, classes int) error {
	f, err := FindField(ds, FieldY)
	if err != nil {
		return err
	}
	if f.DType != tensor.I32 || len(f.Shape) != 0 {
		return fmt.Errorf("dataset: field %v holds no classes (want i32 ())", f)
	}
	const rows = 256
	buf, at := NewBuffers(ds.Fields(), rows), FieldIndex(ds.Fields(), FieldY)
	indices := make([]int, 0, rows)
	for lo := 0; lo < ds.Len(); lo += rows {
		indices = indices[:0]
		for i := lo; i < min(lo+rows, ds.Len()); i++ {
			indices = append(indices, i)
		}
		if err := ds.Gather(buf, 0, indices); err != nil {
			return err
		}
		for row, y := range buf[at].I32()[:len(indices)] {
			if y < 0 || int(y) >= classes {
				return fmt.Errorf("dataset: example %d: class %d (want 0 to %d)", lo+row, y, classes-1)
			}
		}
	}
	return nil
}
