package images

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"

	// The formats that Decode knows beside JPEG and PNG.
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// mostPixels bounds an image, so that a small file cannot ask for all memory.
const mostPixels = 1 << 28

// bitmap is the u8 pixels of an image, (height, width, channels), 1 or 3 channels.
type bitmap struct {
	height, width, channels int
	pixels                  []uint8
}

// decode returns the pixels of a file that has been read.
func decode(data []byte, channels int) (*bitmap, error) {
	if len(data) == 0 {
		return nil, errors.New("the file is empty")
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, badImage(data, err)
	}
	if err := checkSize(c.Width, c.Height); err != nil {
		return nil, err
	}
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("damaged %s: %w", format, err)
	}
	return pixelsOf(m, channels), nil
}

// badImage says what a file is that is no image.
func badImage(data []byte, err error) error {
	if errors.Is(err, image.ErrFormat) {
		return fmt.Errorf("begins with %q (want JPEG, PNG, GIF, BMP, TIFF or WebP)", data[:min(len(data), 12)])
	}
	return fmt.Errorf("damaged: %w", err)
}

func checkSize(width, height int) error {
	if width < 1 || height < 1 || height > mostPixels/width {
		return fmt.Errorf("%dx%d pixels (want 1 to %d)", width, height, mostPixels)
	}
	return nil
}

// pixelsOf returns the pixels of an image: 16 bits become 8, and what is transparent
// shows white behind it.
func pixelsOf(m image.Image, channels int) *bitmap {
	size := m.Bounds().Size()
	b := &bitmap{size.Y, size.X, channels, make([]uint8, size.X*size.Y*channels)}
	if gray, ok := m.(*image.Gray); ok {
		b.fromGray(gray)
		return b
	}
	b.fromRGBA(opaque(m))
	return b
}

// opaque returns an image on white.
func opaque(m image.Image) *image.RGBA {
	if c, ok := m.(*image.RGBA); ok && c.Opaque() {
		return c
	}
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

func (b *bitmap) fromGray(m *image.Gray) {
	for y := range b.height {
		src := m.Pix[y*m.Stride:][:b.width]
		dst := b.pixels[y*b.width*b.channels:]
		if b.channels == 1 {
			copy(dst, src)
			continue
		}
		for x, v := range src {
			dst[3*x], dst[3*x+1], dst[3*x+2] = v, v, v
		}
	}
}

// fromRGBA copies an opaque image. Gray is that of ITU-R BT.601, as in color.GrayModel.
func (b *bitmap) fromRGBA(m *image.RGBA) {
	for y := range b.height {
		src := m.Pix[y*m.Stride:][:4*b.width]
		dst := b.pixels[y*b.width*b.channels:]
		for x := 0; len(src) >= 4; x, src = x+1, src[4:] {
			if b.channels == 1 {
				dst[x] = uint8((19595*uint32(src[0]) + 38470*uint32(src[1]) + 7471*uint32(src[2]) + 1<<15) >> 16)
				continue
			}
			dst[3*x], dst[3*x+1], dst[3*x+2] = src[0], src[1], src[2]
		}
	}
}
