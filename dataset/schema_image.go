package dataset

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// How an image of another size is brought to that of a model.
const (
	ResizeCrop   = "crop"   // fill the size, keep the proportions, and cut off what is too much on two sides
	ResizeSquash = "squash" // to the size, whatever becomes of the proportions
	ResizePad    = "pad"    // to fit into the size, keep the proportions, and black on two sides
)

// ImageSchema says how u8 pixels become features.
//
// Without Mean the pixel v is v*Scale + Shift, and x is usually flat. With it
// the image has channels, Shape is (height, width, channels), and the pixel v of
// channel c is (v/255 - Mean[c]) / Std[c], as torchvision's Normalize has it behind
// ToTensor; Scale and Shift mean nothing.
type ImageSchema struct {
	Shape []int     `json:"shape"` // of an image
	Scale float32   `json:"scale"`
	Shift float32   `json:"shift"`
	Mean  []float64 `json:"mean,omitempty"` // of the pixels of each channel, from 0 to 1
	Std   []float64 `json:"std,omitempty"`  // as many, above 0

	// Resize is how images of other sizes are brought to Shape: ResizeCrop,
	// ResizeSquash, ResizePad; "": they are refused.
	Resize string `json:"resize,omitempty"`
}

// Value returns a pixel of an image without channels as a feature.
func (m *ImageSchema) Value(v float32) float32 { return float32(v*m.Scale) + m.Shift }

// Feature returns the feature of element i of an image, in the order of Shape,
// that has value v, 0 to 255.
func (m *ImageSchema) Feature(i int, v float32) float32 {
	if len(m.Mean) == 0 {
		return m.Value(v)
	}
	c := i % len(m.Mean)
	return float32((float64(v)/255 - m.Mean[c]) / m.Std[c])
}

// Tables returns, for each channel, the features of the 256 values of a pixel:
// what is copied into a batch. Without Mean there is one table for all.
func (m *ImageSchema) Tables() [][256]float32 {
	tables := make([][256]float32, max(len(m.Mean), 1))
	for c := range tables {
		for v := range tables[c] {
			tables[c][v] = m.Feature(c, float32(v))
		}
	}
	return tables
}

// String describes the images in a line.
func (m *ImageSchema) String() string {
	if len(m.Mean) == 0 {
		return fmt.Sprintf("image: %v, pixels * %.6g + %.6g", tensor.Shape(m.Shape), m.Scale, m.Shift)
	}
	s := fmt.Sprintf("image: %v, pixels with mean %.4f and std %.4f", tensor.Shape(m.Shape), m.Mean, m.Std)
	if m.Resize != "" {
		s += ", other sizes by " + m.Resize
	}
	return s
}

func (m *ImageSchema) validate() error {
	for _, d := range m.Shape {
		if d < 1 || d > 1<<16 {
			return fmt.Errorf("dataset: schema: image shape %v", tensor.Shape(m.Shape))
		}
	}
	if len(m.Mean) == 0 && len(m.Std) == 0 {
		return nil
	}
	if len(m.Shape) != 3 || len(m.Mean) != m.Shape[2] || len(m.Std) != m.Shape[2] {
		return fmt.Errorf("dataset: schema: image shape %v with the mean of %d channels and the std of %d", tensor.Shape(m.Shape), len(m.Mean), len(m.Std))
	}
	for c, s := range m.Std {
		if !(s > 0) || m.Mean[c]-m.Mean[c] != 0 || s-s != 0 {
			return fmt.Errorf("dataset: schema: channel %d with mean %v and std %v", c, m.Mean[c], s)
		}
	}
	if !slices.Contains([]string{"", ResizeCrop, ResizeSquash, ResizePad}, m.Resize) {
		return fmt.Errorf("dataset: schema: resize %q (want %s, %s or %s)", m.Resize, ResizeCrop, ResizeSquash, ResizePad)
	}
	return nil
}
