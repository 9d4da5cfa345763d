package images

import (
	"image"
	"image/color"
	"image/draw"
)

// How a sheet is laid out, in pixels.
const (
	sheetCell = 64 // images that are smaller are enlarged to about this
	sheetGap  = 4
)

// Sheet is a picture of what training sees: a row for each of so many examples, evenly
// from all, first as it is, then as it comes in epochs 0 to epochs-1. Small images are
// enlarged by a whole number, without smoothing.
func (a *Augmented) Sheet(examples, epochs int) image.Image {
	d := a.g.d
	examples = min(examples, a.Len())
	zoom := max(1, (sheetCell+max(d.h, d.w)/2)/max(d.h, d.w))
	height, width := zoom*d.h+sheetGap, zoom*d.w+sheetGap
	sheet := image.NewNRGBA(image.Rect(0, 0, (epochs+1)*width+2*sheetGap, examples*height+sheetGap))
	draw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, draw.Src)
	e := a.easels.Get().(*easel)
	defer a.easels.Put(e)
	for row := range examples {
		example := row * a.Len() / examples
		top := row*height + sheetGap
		show(sheet, top, sheetGap, zoom, a.d.set.Image(a.d.Place(example)), d)
		for epoch := range epochs {
			a.paint(e, epoch, example)
			show(sheet, top, (epoch+1)*width+2*sheetGap, zoom, e.own.now, d)
		}
	}
	return sheet
}

// show paints an image, of which one channel is gray and the first three of more are a colour.
func show(sheet *image.NRGBA, top, left, zoom int, p []byte, d dims) {
	for y := range d.h * zoom {
		for x := range d.w * zoom {
			v := p[(y/zoom*d.w+x/zoom)*d.c:][:d.c]
			c := color.NRGBA{v[0], v[0], v[0], 255}
			if d.c >= 3 {
				c.G, c.B = v[1], v[2]
			}
			sheet.SetNRGBA(left+x, top+y, c)
		}
	}
}
