package images

import (
	"image"
	"image/color"
	"image/draw"
)

// bitmap is the u8 pixels of an image, (height, width, channels), of 1 or 3 channels:
// gray, or red, green and blue.
type bitmap struct {
	height, width, channels int
	pixels                  []uint8
}

// reset gives the bitmap a form. Its pixels are what they were before, if there is
// room in their memory.
func (b *bitmap) reset(height, width, channels int) {
	n := height * width * channels
	if cap(b.pixels) < n {
		b.pixels = make([]uint8, n)
	}
	b.height, b.width, b.channels, b.pixels = height, width, channels, b.pixels[:n]
}

func (b *bitmap) row(y int) []uint8 {
	n := b.width * b.channels
	return b.pixels[y*n : (y+1)*n]
}

// blocks says how a line of n pixels is divided into blocks, of each of which the mean is
// taken: of size pixels, but for the first, or else the last, which may have fewer.
type blocks struct {
	n, size int
	late    bool // the first has fewer: the line is read from its end when the image is turned
}

// count returns the number of blocks.
func (b blocks) count() int { return (b.n + b.size - 1) / b.size }

// span returns the pixels of block i: first to end-1.
func (b blocks) span(i int) (first, end int) {
	first = i * b.size
	if b.late {
		first -= b.count()*b.size - b.n
	}
	return max(first, 0), min(first+b.size, b.n)
}

// convert sets b to the pixels of an image, each the mean of a block, rounded to
// the nearest. 16 bits become 8, and what is transparent shows white behind it. line is
// scratch memory.
func (b *bitmap) convert(m image.Image, channels int, across, down blocks, line *lines) {
	m = readable(m)
	b.reset(down.count(), across.count(), channels)
	if across.size == 1 {
		for y := range b.height {
			readRow(b.row(y), m, y, channels)
		}
		return
	}
	line.reset(across.n*channels, b.width*channels)
	for y := range b.height {
		clear(line.sums)
		first, end := down.span(y)
		for i := first; i < end; i++ {
			readRow(line.row, m, i, channels)
			line.add(across, channels)
		}
		line.means(b.row(y), across, channels, end-first)
	}
}

// lines is a row of an image, and the sums of blocks of its pixels.
type lines struct {
	row  []uint8
	sums []uint32
}

func (l *lines) reset(row, sums int) { l.row, l.sums = resized(l.row, row), resized(l.sums, sums) }

// add adds the pixels of each block of the row to its sum.
func (l *lines) add(across blocks, channels int) {
	for i := range across.count() {
		first, end := across.span(i)
		row, sums := l.row[first*channels:end*channels], l.sums[i*channels:]
		if channels == 1 {
			for _, v := range row {
				sums[0] += uint32(v)
			}
			continue
		}
		var r, g, b uint32
		for ; len(row) >= 3; row = row[3:] {
			r, g, b = r+uint32(row[0]), g+uint32(row[1]), b+uint32(row[2])
		}
		sums[0], sums[1], sums[2] = sums[0]+r, sums[1]+g, sums[2]+b
	}
}

// means divides the sums of blocks that are so many rows high.
func (l *lines) means(dst []uint8, across blocks, channels, rows int) {
	for i, sum := range l.sums {
		first, end := across.span(i / channels)
		n := uint32(rows * (end - first))
		dst[i] = uint8((sum + n/2) / n)
	}
}

// readable returns an image of a type that readRow knows.
func readable(m image.Image) image.Image {
	switch m := m.(type) {
	case *image.Gray, *image.YCbCr:
		return m
	case *image.RGBA:
		if m.Opaque() {
			return m
		}
	}
	return onWhite(m)
}

// onWhite returns an image drawn on white.
func onWhite(m image.Image) *image.RGBA {
	r := m.Bounds()
	out := image.NewRGBA(image.Rectangle{Max: r.Size()})
	op := draw.Src
	if o, ok := m.(interface{ Opaque() bool }); !ok || !o.Opaque() {
		draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		op = draw.Over
	}
	draw.Draw(out, out.Bounds(), m, r.Min, op)
	return out
}

// readRow reads row y, counted from the top of an image, as gray or as RGB.
func readRow(dst []uint8, m image.Image, y, channels int) {
	r := m.Bounds()
	switch m := m.(type) {
	case *image.Gray:
		grayRow(dst, m.Pix[y*m.Stride:][:r.Dx()], channels)
	case *image.YCbCr:
		ycbcrRow(dst, m, y+r.Min.Y, channels)
	case *image.RGBA:
		rgbaRow(dst, m.Pix[y*m.Stride:][:4*r.Dx()], channels)
	}
}

func grayRow(dst, src []uint8, channels int) {
	if channels == 1 {
		copy(dst, src)
		return
	}
	for _, v := range src {
		dst[0], dst[1], dst[2] = v, v, v
		dst = dst[3:]
	}
}

func rgbaRow(dst, src []uint8, channels int) {
	for ; len(src) >= 4; src = src[4:] {
		if channels == 1 {
			dst[0] = uint8(luma(src[0], src[1], src[2]))
		} else {
			dst[0], dst[1], dst[2] = src[0], src[1], src[2]
		}
		dst = dst[channels:]
	}
}

// ycbcrRow reads a row of a colour JPEG, as color.YCbCrToRGB converts it.
func ycbcrRow(dst []uint8, m *image.YCbCr, y, channels int) {
	left, width := m.Rect.Min.X, m.Rect.Dx()
	luminance := m.Y[m.YOffset(left, y):][:width]
	if channels == 3 && left%2 == 0 && (m.SubsampleRatio == image.YCbCrSubsampleRatio420 || m.SubsampleRatio == image.YCbCrSubsampleRatio422) {
		c := m.COffset(left, y)
		pairs(dst, luminance, m.Cb[c:], m.Cr[c:])
		return
	}
	for x, v := range luminance {
		c := m.COffset(left+x, y)
		colour := chromaOf(m.Cb[c], m.Cr[c])
		r, g, b := clamp16(int32(v)*0x10101+colour.red), clamp16(int32(v)*0x10101+colour.green), clamp16(int32(v)*0x10101+colour.blue)
		if channels == 1 {
			dst[0] = uint8(luma(r, g, b))
		} else {
			dst[0], dst[1], dst[2] = r, g, b
		}
		dst = dst[channels:]
	}
}

// pairs converts a row in which two pixels have their chroma in common, as most photos do.
func pairs(dst, luminance, cb, cr []uint8) {
	for ; len(luminance) >= 2; cb, cr = cb[1:], cr[1:] {
		c := chromaOf(cb[0], cr[0])
		v, w, d := int32(luminance[0])*0x10101, int32(luminance[1])*0x10101, dst[:6]
		d[0], d[1], d[2] = clamp16(v+c.red), clamp16(v+c.green), clamp16(v+c.blue)
		d[3], d[4], d[5] = clamp16(w+c.red), clamp16(w+c.green), clamp16(w+c.blue)
		luminance, dst = luminance[2:], dst[6:]
	}
	if len(luminance) > 0 {
		c, v := chromaOf(cb[0], cr[0]), int32(luminance[0])*0x10101
		dst[0], dst[1], dst[2] = clamp16(v+c.red), clamp16(v+c.green), clamp16(v+c.blue)
	}
}

// chroma is what Cb and Cr add to red, green and blue, times 2¹⁶.
type chroma struct{ red, green, blue int32 }

func chromaOf(cb, cr uint8) chroma {
	b, r := int32(cb)-128, int32(cr)-128
	return chroma{91881 * r, -22554*b - 46802*r, 116130 * b}
}

// clamp16 returns v/2¹⁶, from 0 to 255.
func clamp16(v int32) uint8 {
	if uint32(v)&0xff000000 == 0 {
		return uint8(v >> 16)
	}
	return uint8(^(v >> 31))
}
