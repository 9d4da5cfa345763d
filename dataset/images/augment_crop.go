package images

import (
	"math"
	"slices"

	"github.com/descent-ml/descent/internal/portmath"
)

// dims is the size of an image of u8 pixels (H, W, C), rows one behind another.
type dims struct{ h, w, c int }

func (d dims) row() int  { return d.w * d.c } // bytes of a row
func (d dims) size() int { return d.h * d.w * d.c }

// shiftCrop copies src, moved by (top, left), to dst: dst[y, x] = src[y+top, x+left],
// and what is not inside is 0 or, with reflect, mirrored; |top| < h and |left| < w.
// dst and src do not overlap.
func shiftCrop(dst, src []byte, d dims, top, left int, reflect bool) {
	from, to := max(0, -left), d.w-max(0, left) // columns of dst that are inside
	row := d.row()
	for y := range d.h {
		out := dst[y*row:][:row]
		sy := y + top
		if sy < 0 || sy >= d.h {
			if !reflect {
				clear(out)
				continue
			}
			sy = mirror(sy, d.h)
		}
		in := src[sy*row:][:row]
		copy(out[from*d.c:to*d.c], in[(from+left)*d.c:])
		if !reflect {
			clear(out[:from*d.c])
			clear(out[to*d.c:])
			continue
		}
		for x := range from {
			copy(out[x*d.c:][:d.c], in[mirror(x+left, d.w)*d.c:])
		}
		for x := to; x < d.w; x++ {
			copy(out[x*d.c:][:d.c], in[mirror(x+left, d.w)*d.c:])
		}
	}
}

// mirror returns the place in [0, n) of one at most n-1 outside, mirrored at the
// first and the last.
func mirror(i, n int) int {
	if i < 0 {
		return -i
	}
	if i >= n {
		return 2*(n-1) - i
	}
	return i
}

// box is a part of an image.
type box struct{ top, left, h, w int }

// The ratios of width to height of a resized crop, and how often one is drawn
// before it is the whole image, or as much of it as the ratios permit.
const (
	leastRatio = 3.0 / 4
	mostRatio  = 4.0 / 3
	cropTries  = 10
)

var logRatio = [2]float64{portmath.Log(leastRatio), portmath.Log(mostRatio)}

// resizedBox draws the part of an image that a resized crop shows: torchvision's
// RandomResizedCrop.get_params, with the largest share 1.
func resizedBox(w *words, d dims, least float64) box {
	area := float64(d.h * d.w)
	for range cropTries {
		target := float64(area * w.between(least, 1))
		ratio := portmath.Exp(w.between(logRatio[0], logRatio[1]))
		b := box{h: int(math.RoundToEven(math.Sqrt(target / ratio))), w: int(math.RoundToEven(math.Sqrt(float64(target * ratio))))}
		if 0 < b.w && b.w <= d.w && 0 < b.h && b.h <= d.h {
			b.top, b.left = w.below(d.h-b.h+1), w.below(d.w-b.w+1)
			return b
		}
	}
	b := box{h: d.h, w: d.w}
	switch ratio := float64(d.w) / float64(d.h); {
	case ratio < leastRatio:
		b.h = int(math.RoundToEven(float64(d.w) / leastRatio))
	case ratio > mostRatio:
		b.w = int(math.RoundToEven(float64(d.h) * mostRatio))
	}
	b.top, b.left = (d.h-b.h)/2, (d.w-b.w)/2
	return b
}

// tap is where a pixel of an enlarged row or column comes from: pixel at and the
// one step behind it, which has a weight of so many 2⁻²².
type tap struct{ at, step, weight int32 }

const tapBits = 22

// enlarge sets the taps of n pixels made of size <= n pixels from first on: those
// of a triangle of width 2 around the centre, as Pillow's BILINEAR, with what is
// beyond the ends left out.
func enlarge(taps []tap, first, size int) {
	n := len(taps)
	for x := range taps {
		place := (2*x+1)*size - n // of the centre, from that of the first pixel, in 1/(2n)
		if place <= 0 {
			taps[x] = tap{int32(first), 0, 0}
			continue
		}
		at, rest := place/(2*n), place%(2*n)
		if at >= size-1 {
			taps[x] = tap{int32(first + size - 1), 0, 0}
			continue
		}
		weight := (uint64(rest)<<(tapBits+1) + uint64(2*n)) / uint64(4*n)
		taps[x] = tap{int32(first + at), 1, int32(weight)}
	}
}

// resizeCrop enlarges a part of src to the whole of dst, bilinearly: first along
// rows into wide, (b.h, W, C), then along columns, each rounded to 8 bits, as
// Pillow does. dst, src and wide do not overlap; taps has room for max(H, W).
func resizeCrop(dst, src, wide []byte, d dims, b box, taps []tap) {
	row := d.row()
	enlarge(taps[:d.w], b.left, b.w)
	for y := range b.h {
		in, out := src[(b.top+y)*row:][:row], wide[y*row:][:row]
		stretchRow(out, in, d.c, taps[:d.w])
	}
	enlarge(taps[:d.h], 0, b.h)
	for y, t := range taps[:d.h] {
		lo, hi, out := wide[int(t.at)*row:][:row], wide[int(t.at+t.step)*row:][:row], dst[y*row:][:row]
		for k := range out {
			out[k] = between(lo[k], hi[k], t.weight)
		}
	}
}

// stretchRow makes a row of pixels of c channels from another by taps.
func stretchRow(out, in []byte, c int, taps []tap) {
	for _, t := range taps {
		lo, hi, to := in[int(t.at)*c:][:c], in[int(t.at+t.step)*c:][:c], out[:c]
		for k := range to {
			to[k] = between(lo[k], hi[k], t.weight)
		}
		out = out[c:]
	}
}

// between returns lo + (hi-lo)·weight/2²², rounded to the nearest.
func between(lo, hi byte, weight int32) byte {
	l := int32(lo)
	return byte((l<<tapBits + (int32(hi)-l)*weight + 1<<(tapBits-1)) >> tapBits)
}

// flipRows mirrors left and right, in place.
func flipRows(p []byte, d dims) {
	for row := d.row(); len(p) > 0; p = p[row:] {
		switch line := p[:row]; d.c {
		case 1:
			slices.Reverse(line)
		case 3:
			flipColors(line)
		default:
			flipPixels(line, d.c)
		}
	}
}

// flipPixels reverses the order of pixels of c channels.
func flipPixels(line []byte, c int) {
	for ; len(line) > c; line = line[c : len(line)-c] {
		a, b := line[:c], line[len(line)-c:]
		for k := range a {
			a[k], b[k] = b[k], a[k]
		}
	}
}

// flipColors is flipPixels of three channels.
func flipColors(line []byte) {
	for ; len(line) > 3; line = line[3 : len(line)-3] {
		a, b := (*[3]byte)(line), (*[3]byte)(line[len(line)-3:])
		*a, *b = *b, *a
	}
}

// flipColumns mirrors above and below, in place.
func flipColumns(p []byte, d dims) {
	row := d.row()
	for a, b := 0, d.h-1; a < b; a, b = a+1, b-1 {
		above, below := p[a*row:][:row], p[b*row:][:row]
		for k := range above {
			above[k], below[k] = below[k], above[k]
		}
	}
}
