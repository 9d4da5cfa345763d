package images

import (
	"github.com/descent-ml/descent/internal/rng"
)

// canvas is an image that is being changed, and a second one for changes that
// cannot be done in place.
type canvas struct {
	d     dims
	now   []byte // (H, W, C)
	spare []byte
	wide  []byte // of a resized crop
	taps  []tap  // likewise
}

func newCanvas(d dims) *canvas {
	return &canvas{d, make([]byte, d.size()), make([]byte, d.size()), make([]byte, d.size()), make([]tap, max(d.h, d.w))}
}

// next is where a change that is not in place writes; then swap makes that the
// image.
func (v *canvas) next() []byte { return v.spare }
func (v *canvas) swap()        { v.now, v.spare = v.spare, v.now }

func (v *canvas) warp(m affine) {
	warp(v.next(), v.now, v.d, m)
	v.swap()
}

// augmenter is options for images of one size.
type augmenter struct {
	Augment
	d    dims
	key  [2]uint32
	fill []byte // the colour of Cutout, (C)
}

func newAugmenter(a Augment, d dims, fill []byte) *augmenter {
	return &augmenter{a, d, rng.Key(a.Seed, "augment"), fill}
}

func (g *augmenter) draws(epoch, example int) draws {
	return draws{g.key, uint32(epoch), uint64(example)}
}

// draw puts an image on a canvas and changes it by itself, without a partner.
func (g *augmenter) draw(v *canvas, src []byte, r draws) {
	g.place(v, src, r.words(forCrop))
	g.flip(v, r.words(forFlip))
	if g.Rotate > 0 {
		w := r.words(forRotation)
		v.warp(rotation(w.between(-g.Rotate, g.Rotate), g.d))
	}
	g.RandAugment.apply(v, r.words(forRandAugment))
	if g.Color != (Color{}) {
		g.Color.jitter(v.now, g.d, r.words(forColor))
	}
	if g.Cutout > 0 {
		w := r.words(forCutout)
		y, x := w.below(g.d.h), w.below(g.d.w)
		paint(v.now, g.d, square(g.d, y, x, g.Cutout), g.fill)
	}
}

// place copies an image to a canvas, cropped.
func (g *augmenter) place(v *canvas, src []byte, w words) {
	switch {
	case g.ResizedCrop > 0:
		resizeCrop(v.now, src, v.wide, g.d, resizedBox(&w, g.d, g.ResizedCrop), v.taps)
	case g.Crop > 0:
		top, left := w.below(2*g.Crop+1)-g.Crop, w.below(2*g.Crop+1)-g.Crop
		shiftCrop(v.now, src, g.d, top, left, g.Padding == PadReflect)
	default:
		copy(v.now, src)
	}
}

func (g *augmenter) flip(v *canvas, w words) {
	across, over := w.coin(), w.coin()
	if across && (g.Flip == FlipHorizontal || g.Flip == FlipBoth) {
		flipRows(v.now, g.d)
	}
	if over && (g.Flip == FlipVertical || g.Flip == FlipBoth) {
		flipColumns(v.now, g.d)
	}
}
