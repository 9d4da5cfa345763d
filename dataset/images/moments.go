package images

import (
	"math"
	"math/bits"

	"github.com/descent-ml/descent/dataset"
)

// Schema returns how the images become features: with the mean and standard deviation
// of the pixels of the listed ones, which are those of training; nil: of all.
// Resize, dataset.ResizeCrop or another, is how images of other sizes will be
// brought to this one; "": they are refused.
func (s *Set) Schema(training []int, resize string) *dataset.Schema {
	mean, std := s.Moments(training)
	for c, v := range std {
		if v == 0 {
			std[c] = 1 // a constant channel is 0
		}
	}
	rows := len(training)
	if training == nil {
		rows = s.Len()
	}
	return &dataset.Schema{
		Version: dataset.SchemaVersion,
		Image:   &dataset.ImageSchema{Shape: []int{s.Height, s.Width, s.Channels}, Mean: mean, Std: std, Resize: resize},
		Target:  dataset.TargetSchema{Name: dataset.FieldY, Task: dataset.TaskClassification, Classes: s.Classes, Std: 1},
		Rows:    rows,
	}
}

// Moments returns the mean and the standard deviation (that of the population) of
// the pixels of the listed images, nil: of all, for each channel, pixels being
// from 0 to 1. The sums are exact, so the result depends on nothing else.
func (s *Set) Moments(list []int) (mean, std []float64) {
	sums := make([]sums, s.Channels)
	if list == nil {
		for i := range s.Len() {
			addPixels(sums, s.use(i))
		}
	}
	for _, i := range list {
		addPixels(sums, s.use(i))
	}
	mean, std = make([]float64, s.Channels), make([]float64, s.Channels)
	for c := range sums {
		mean[c], std[c] = sums[c].moments()
	}
	return mean, std
}

// sums is n pixels, their sum and the sum of their squares: exact up to 2⁴⁸ pixels.
type sums struct{ n, sum, squares uint64 }

// addPixels adds pixels (..., channels).
func addPixels(all []sums, pixels []uint8) {
	channels := len(all)
	for c := range all {
		var sum, squares uint64
		for at := c; at < len(pixels); at += channels {
			v := uint64(pixels[at])
			sum += v
			squares += v * v
		}
		all[c].n += uint64(len(pixels) / channels)
		all[c].sum += sum
		all[c].squares += squares
	}
}

// moments returns sum/n and √(n·squares − sum²)/n, of pixels from 0 to 1. The
// difference is taken in 128 bits; then there are four roundings.
func (s *sums) moments() (mean, std float64) {
	if s.n == 0 {
		return 0, 0
	}
	high, low := bits.Mul64(s.n, s.squares)
	h, l := bits.Mul64(s.sum, s.sum)
	low, borrow := bits.Sub64(low, l, 0)
	high, _ = bits.Sub64(high, h, borrow)
	spread := float64(float64(high)*(1<<64)) + float64(low)
	n := 255 * float64(s.n)
	return float64(s.sum) / n, math.Sqrt(spread) / n
}
