package images

import "math"

// square is a square of n pixels a side around a pixel, as far as it is inside.
func square(d dims, y, x, n int) box { return around(d, y, x, n, n) }

// around is a box of a height and a width around a pixel, as far as it is inside.
func around(d dims, y, x, h, w int) box {
	top, left := max(0, y-h/2), max(0, x-w/2)
	bottom, right := min(d.h, y-h/2+h), min(d.w, x-w/2+w)
	return box{top, left, max(0, bottom-top), max(0, right-left)}
}

// paint fills a box with a colour.
func paint(p []byte, d dims, b box, color []byte) {
	for y := b.top; y < b.top+b.h; y++ {
		line := p[y*d.row()+b.left*d.c:][:b.w*d.c]
		for ; len(line) > 0; line = line[d.c:] {
			copy(line, color)
		}
	}
}

// paste copies a box of src to the same place of p.
func paste(p, src []byte, d dims, b box) {
	for y := b.top; y < b.top+b.h; y++ {
		at := y*d.row() + b.left*d.c
		copy(p[at:at+b.w*d.c], src[at:])
	}
}

// add mixes q into p: share·p + (1-share)·q, rounded. A share is a multiple of
// 2⁻¹⁶, so it is that of the label to the bit.
func add(p, q []byte, share fixed) {
	a, b := uint32(share), uint32(one-share)
	q = q[:len(p)]
	for i, v := range p {
		p[i] = byte((uint32(v)*a + uint32(q[i])*b + 1<<15) >> 16)
	}
}

// mixing is what an example is mixed with, and how.
type mixing struct {
	partner int
	paste   bool  // a box of the partner, else all of it
	box     box   // of paste
	share   fixed // of the example itself, without paste
	label   float32
}

// mixing draws the partner of an example among n, and its share.
func (a Augment) mixing(w words, d dims, n int) (m mixing) {
	m.paste = w.coin()
	if a.Mixup == 0 || a.Cutmix == 0 {
		m.paste = a.Cutmix > 0
	}
	m.partner = w.below(n)
	y, x := w.below(d.h), w.below(d.w)
	if !m.paste {
		m.share = toFixed(w.beta(a.Mixup))
		m.label = float32(m.share) / float32(one)
		return m
	}
	side := math.Sqrt(1 - w.beta(a.Cutmix))
	m.box = around(d, y, x, int(float64(side*float64(d.h))), int(float64(side*float64(d.w))))
	m.label = float32(1 - float64(m.box.h*m.box.w)/float64(d.h*d.w))
	return m
}
