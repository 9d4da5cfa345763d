package images

import (
	"fmt"
	"image"
	"math"
	"sync"

	"github.com/descent-ml/descent/dataset"
)

// Encoder makes features of images as the schema of a model says, by the same code as
// Load and Dataset.Gather, so that a prediction gets the bits of an evaluation. A model of
// flat features, such as those of dataset.LoadIDX, takes images too: cropped to its size, gray
// unless its images have three channels. It is safe for concurrent use.
type Encoder struct {
	form    *dataset.ImageSchema // what Fit and Decode are told
	tables  [][256]float32       // of each channel: the feature of each value of a pixel
	scratch sync.Pool            // *[]uint8, the pixels of an image
}

// NewEncoder returns an encoder for a schema, of images (height, width) or (height,
// width, channels) with 1 or 3 channels.
func NewEncoder(s *dataset.ImageSchema) (*Encoder, error) {
	e := &Encoder{form: s, tables: s.Tables()}
	if len(s.Mean) == 0 {
		e.form, e.tables = flatForm(s), flatTables(s)
	}
	t, err := targetOf(e.form)
	if err != nil {
		return nil, err
	}
	e.scratch.New = func() any { pixels := make([]uint8, t.size()); return &pixels }
	return e, nil
}

// flatForm is the form of images whose features are flat.
func flatForm(s *dataset.ImageSchema) *dataset.ImageSchema {
	shape := s.Shape
	if len(shape) == 2 {
		shape = []int{shape[0], shape[1], 1}
	}
	form := &dataset.ImageSchema{Shape: shape, Resize: dataset.ResizeCrop}
	if len(shape) == 3 {
		form.Mean, form.Std = make([]float64, shape[2]), make([]float64, shape[2])
		for c := range form.Std {
			form.Std[c] = 1
		}
	}
	return form
}

// flatTables are the features of the values of pixels, 0 to 255, in the units of the
// file that a model was trained on: where its white is less than 255 (Scale without Shift: white
// is 1), pixels are scaled to that.
func flatTables(s *dataset.ImageSchema) [][256]float32 {
	white := float64(math.MaxUint8)
	if s.Shift == 0 && s.Scale > 0 {
		white = math.Round(1 / float64(s.Scale))
	}
	tables := make([][256]float32, 1)
	for v := range tables[0] {
		tables[0][v] = s.Value(float32(math.Round(float64(v) * white / math.MaxUint8)))
	}
	return tables
}

// Len returns the number of features of an image.
func (e *Encoder) Len() int { return e.form.Shape[0] * e.form.Shape[1] * e.form.Shape[2] }

// Image writes the features of an image of any size into x, of length Len. It allocates
// nothing in steady state for gray, for opaque RGBA and for the YCbCr of JPEG; others are
// drawn into memory first.
func (e *Encoder) Image(x []float32, m image.Image) error {
	return e.encode(x, func(pixels []uint8) error { return Fit(pixels, m, e.form) })
}

// File is Image for the bytes of a file, such as a JPEG, which is turned upright as its
// EXIF data say.
func (e *Encoder) File(x []float32, file []byte) error {
	return e.encode(x, func(pixels []uint8) error { return Decode(pixels, file, e.form) })
}

// encode writes the features of the pixels that read gives.
func (e *Encoder) encode(x []float32, read func(pixels []uint8) error) error {
	if len(x) != e.Len() {
		return fmt.Errorf("images: %d features (want %d)", len(x), e.Len())
	}
	pixels := e.scratch.Get().(*[]uint8)
	defer e.scratch.Put(pixels)
	if err := read(*pixels); err != nil {
		return err
	}
	normalize(x, *pixels, e.tables)
	return nil
}
