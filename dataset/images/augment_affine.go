package images

import (
	"math"

	"github.com/descent-ml/descent/internal/portmath"
)

// affine says where a pixel of the result comes from: the centre of pixel (x, y) from the
// place
//
//	(m[0]·(x+½) + m[1]·(y+½) + m[2],  m[3]·(x+½) + m[4]·(y+½) + m[5])
//
// of the source, whose first pixel has its centre at (½, ½).
type affine [6]float64

// rotation turns counter-clockwise by an angle in degrees around the centre of
// an image.
func rotation(degrees float64, d dims) affine {
	sin, cos := portmath.Sincos(float64(degrees * (math.Pi / 180)))
	cx, cy := float64(d.w)/2, float64(d.h)/2
	return affine{
		cos, -sin, cx - float64(cos*cx) + float64(sin*cy),
		sin, cos, cy - float64(sin*cx) - float64(cos*cy),
	}
}

// shearing slants around the upper left corner: row y is moved left by x·(y+½),
// column x up by y·(x+½).
func shearing(x, y float64) affine { return affine{1, x, 0, y, 1, 0} }

// fixed32 rounds to a multiple of 2⁻³².
func fixed32(v float64) int64 { return int64(math.Floor(float64(v*(1<<32)) + 0.5)) }

// warp fills dst from src, bilinearly between four pixels; what is outside of src is black.
// Places are multiples of 2⁻³² of a pixel, weights of 2⁻¹⁶, and the sum is rounded
// once. dst and src do not overlap.
func warp(dst, src []byte, d dims, m affine) {
	ax, bx, ay, by := fixed32(m[0]), fixed32(m[1]), fixed32(m[3]), fixed32(m[4])
	half := int64(1) << 31 // from the corner of a pixel to its centre
	x0 := fixed32(m[2]) + (ax+bx)/2 - half
	y0 := fixed32(m[5]) + (ay+by)/2 - half
	for y := range d.h {
		sx, sy := x0+int64(y)*bx, y0+int64(y)*by
		out := dst[y*d.row():][:d.row()]
		for x := 0; x < len(out); x += d.c {
			ix, iy := int(sx>>32), int(sy>>32)
			fx, fy := uint64(sx>>16&0xffff), uint64(sy>>16&0xffff)
			if at := (iy*d.w + ix) * d.c; uint(ix) >= uint(d.w-1) || uint(iy) >= uint(d.h-1) {
				border(out[x:x+d.c], src, d, ix, iy, fx, fy)
			} else {
				inside(out[x:x+d.c], src[at:], src[at+d.row():], fx, fy)
			}
			sx, sy = sx+ax, sy+ay
		}
	}
}

// inside sets the channels of a pixel to a mixture of the first two of one row and the
// first two of the row below it.
func inside(out, above, below []byte, fx, fy uint64) {
	if len(out) == 3 {
		above, below = above[:6:6], below[:6:6]
		out[0] = lerp2(above[0], above[3], below[0], below[3], fx, fy)
		out[1] = lerp2(above[1], above[4], below[1], below[4], fx, fy)
		out[2] = lerp2(above[2], above[5], below[2], below[5], fx, fy)
		return
	}
	for k := range out {
		out[k] = lerp2(above[k], above[k+len(out)], below[k], below[k+len(out)], fx, fy)
	}
}

// border is inside where some of the four pixels are not.
func border(out, src []byte, d dims, ix, iy int, fx, fy uint64) {
	if ix < -1 || iy < -1 || ix >= d.w || iy >= d.h {
		clear(out)
		return
	}
	at := func(x, y, k int) byte {
		if x < 0 || y < 0 || x >= d.w || y >= d.h {
			return 0
		}
		return src[(y*d.w+x)*d.c+k]
	}
	for k := range out {
		out[k] = lerp2(at(ix, iy, k), at(ix+1, iy, k), at(ix, iy+1, k), at(ix+1, iy+1, k), fx, fy)
	}
}

// lerp2 mixes (a b; c d) by fx from left to right and fy from above to below, in
// 2⁻¹⁶.
func lerp2(a, b, c, d byte, fx, fy uint64) byte {
	above := uint64(a)<<16 + fx*uint64(b) - fx*uint64(a)
	below := uint64(c)<<16 + fx*uint64(d) - fx*uint64(c)
	return byte((above<<16 + fy*below - fy*above + 1<<31) >> 32)
}

// translate moves src by whole pixels to the right and down; what is left behind is black.
func translate(dst, src []byte, d dims, right, down int) {
	shiftCrop(dst, src, d, -down, -right, false)
}
