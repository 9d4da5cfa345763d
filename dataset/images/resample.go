package images

import "math"

// Images are resampled as Pillow does it (Image.resize with BICUBIC, libImaging/Resample.c):
// rows first, then columns (Pillow 13 may do columns first), each an integer sum of pixels with weights of 22 bits, rounded to
// u8 in between. The filter is Catmull and Rom's (1974), stretched by the ratio where an
// image becomes smaller, so that nothing aliases. Weights come from float64 arithmetic
// in which each operation is rounded by itself: the bits are the same on every
// processor.

// precision is the bits of a weight behind the point.
const precision = 32 - 8 - 2

// support is how far the filter reaches, in pixels of the larger of both images.
const support = 2

// taps says which pixels of a line, with which weights, make each pixel of another.
type taps struct {
	first   []int   // of each pixel, the first that it is made of
	weights []int32 // of each pixel, width of them; those behind the end are 0
	width   int
	line    []float64 // scratch: the weights of a pixel
}

// set computes the taps of size pixels made of those between from and to, in a line of n.
func (t *taps) set(n int, from, to float64, size int) {
	scale := (to - from) / float64(size)
	stretch := max(scale, 1)
	reach := support * stretch
	t.width = 2*int(math.Ceil(reach)) + 1
	t.first, t.weights = resized(t.first, size), resized(t.weights, size*t.width)
	clear(t.weights)
	t.line = resized(t.line, t.width)
	for i := range size {
		center := from + float64((float64(i)+0.5)*scale)
		first := max(int(center-reach+0.5), 0)
		last := min(int(center+reach+0.5), n)
		line := t.line[:last-first]
		var sum float64
		for k := range line {
			line[k] = catmullRom((float64(first+k) - center + 0.5) * (1 / stretch))
			sum += line[k]
		}
		t.first[i] = first
		for k, w := range line {
			t.weights[i*t.width+k] = int32(math.Round(w / sum * (1 << precision)))
		}
	}
}

// of returns the first pixel that pixel i is made of, and the weights.
func (t *taps) of(i int) (first int, weights []int32) {
	return t.first[i], t.weights[i*t.width : (i+1)*t.width]
}

// rows returns which pixels the taps read: from first to end-1.
func (t *taps) rows(n int) (first, end int) {
	last := len(t.first) - 1
	return t.first[0], min(t.first[last]+t.width, n)
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// catmullRom is the cubic filter with a = -1/2.
func catmullRom(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64(float64(float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

// clip rounds a sum of weighted pixels.
func clip(sum int32) uint8 { return uint8(min(max(sum>>precision, 0), 255)) }

const half = 1 << (precision - 1)

// across sets dst to rows first to end-1 of src, resampled.
func (dst *bitmap) across(src *bitmap, t *taps, first, end int) {
	dst.reset(end-first, len(t.first), src.channels)
	for y := range dst.height {
		line, out := src.row(first+y), dst.row(y)
		for x := range dst.width {
			at, weights := t.of(x)
			weights = weights[:min(len(weights), src.width-at)]
			if src.channels == 1 {
				out[x] = weigh1(line[at:], weights)
			} else {
				out[3*x], out[3*x+1], out[3*x+2] = weigh3(line[3*at:], weights)
			}
		}
	}
}

func weigh1(line []uint8, weights []int32) uint8 {
	sum := int32(half)
	line = line[:len(weights)]
	for k, w := range weights {
		sum += w * int32(line[k])
	}
	return clip(sum)
}

func weigh3(line []uint8, weights []int32) (r, g, b uint8) {
	x, y, z := int32(half), int32(half), int32(half)
	for _, w := range weights {
		x, y, z = x+w*int32(line[0]), y+w*int32(line[1]), z+w*int32(line[2])
		line = line[3:]
	}
	return clip(x), clip(y), clip(z)
}

// down writes columns of src resampled, row by row, into dst, from its first pixel on; rows of
// dst may be longer. src begins with row first of the image that the taps are of. sums has
// room for a row of src.
func (src *bitmap) down(dst *bitmap, t *taps, first int, sums []int32) {
	for y := range len(t.first) {
		for i := range sums {
			sums[i] = half
		}
		at, weights := t.of(y)
		for k, w := range weights[:min(len(weights), first+src.height-at)] {
			if w == 0 {
				continue
			}
			line := src.row(at - first + k)[:len(sums)]
			for i := range sums {
				sums[i] += w * int32(line[i])
			}
		}
		out := dst.pixels[y*dst.width*dst.channels:][:len(sums)]
		for i, sum := range sums {
			out[i] = clip(sum)
		}
	}
}
