package dataset

import (
	"image"
	"math"
)

// Picture returns the image that features x were made of, in the order of Shape:
// gray for (height, width) and (height, width, 1), colour for (height, width, 3);
// nil for other shapes. Its pixels are those of the file, but where these do not
// reach 255 because Scale says that less is full: then they are stretched.
func (m *ImageSchema) Picture(x []float32) image.Image {
	channels := 1
	if len(m.Shape) == 3 {
		channels = m.Shape[2]
	}
	if len(m.Shape) < 2 || len(m.Shape) > 3 || channels != 1 && channels != 3 || len(x) != m.Shape[0]*m.Shape[1]*channels {
		return nil
	}
	r := image.Rect(0, 0, m.Shape[1], m.Shape[0])
	if channels == 1 {
		g := image.NewGray(r)
		for i, v := range x {
			g.Pix[i] = m.pixel(i, v)
		}
		return g
	}
	c := image.NewNRGBA(r)
	for i, v := range x {
		c.Pix[i/3*4+i%3] = m.pixel(i, v)
	}
	for i := 3; i < len(c.Pix); i += 4 {
		c.Pix[i] = math.MaxUint8
	}
	return c
}

// pixel is the inverse of Feature, to the nearest of 0 to 255.
func (m *ImageSchema) pixel(i int, x float32) uint8 {
	v := float64(x-m.Shift) / float64(m.Scale)
	switch {
	case len(m.Mean) > 0:
		c := i % len(m.Mean)
		v = math.MaxUint8 * (float64(float64(x)*m.Std[c]) + m.Mean[c])
	case m.Shift == 0:
		v = math.MaxUint8 * float64(x)
	}
	return uint8(math.Round(min(max(v, 0), math.MaxUint8)))
}
