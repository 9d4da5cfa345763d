package digits

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

//go:embed digits.csv.gz
var compressed []byte

const (
	side    = 8
	pixels  = side * side
	classes = 10
	levels  = 16 // the largest value of a pixel
)

// Load returns the images in the order of the file, with the fields x, f32
// (64), pixels from 0 to 1 row by row, and y, i32 (), the digit. Neighbours in
// the file are by the same writer, so a fair test part is drawn at random.
func Load() (*dataset.Memory, *dataset.Schema, error) {
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, nil, fmt.Errorf("digits: %w", err)
	}
	r := csv.NewReader(z)
	r.FieldsPerRecord = pixels + 1
	lines, err := r.ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("digits: %w", err)
	}
	x, y := make([]uint8, 0, len(lines)*pixels), make([]uint8, 0, len(lines))
	for i, line := range lines {
		for _, cell := range line[:pixels] {
			v, err := strconv.ParseUint(cell, 10, 8)
			if err != nil {
				return nil, nil, fmt.Errorf("digits: line %d: %w", i+1, err)
			}
			x = append(x, uint8(v))
		}
		label, err := strconv.ParseUint(line[pixels], 10, 8)
		if err != nil || label >= classes {
			return nil, nil, fmt.Errorf("digits: line %d: label %q (want 0 to 9)", i+1, line[pixels])
		}
		y = append(y, uint8(label))
	}
	m, err := dataset.New(
		dataset.Column{Name: dataset.FieldX, Data: tensor.Of(x, len(y), pixels), Scale: 1.0 / levels},
		dataset.Column{Name: dataset.FieldY, Data: tensor.Of(y), DType: tensor.I32})
	return m, schema(len(y)), err
}

func schema(rows int) *dataset.Schema {
	s := &dataset.Schema{
		Version: dataset.SchemaVersion,
		Image:   &dataset.ImageSchema{Shape: []int{side, side}, Scale: 1.0 / levels},
		Target:  dataset.TargetSchema{Name: dataset.FieldY, Task: dataset.TaskClassification, Std: 1},
		Rows:    rows,
	}
	for c := range classes {
		s.Target.Classes = append(s.Target.Classes, strconv.Itoa(c))
	}
	return s
}
