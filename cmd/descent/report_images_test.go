package main

import (
	"bytes"
	"image"
	"image/png"
	"math/rand/v2"
	"testing"
)

// TestPictureIsBounded: a large image becomes a small one of the same proportions, and a sheet
// of the worst, which do not compress, stays below a megabyte.
func TestPictureIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := image.NewNRGBA(image.Rect(0, 0, 640, 320))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32()) | map[bool]uint8{true: 255}[i%4 == 3]
	}
	p, err := picture(m)
	if err != nil {
		t.Fatal(err)
	}
	c, err := png.DecodeConfig(bytes.NewReader(p.PNG))
	if err != nil || c.Width != thumbnailSide || c.Height != thumbnailSide/2 || p.Width != c.Width || p.Height != c.Height {
		t.Errorf("%+v, %v", c, err)
	}
	square := image.NewNRGBA(image.Rect(0, 0, thumbnailSide, thumbnailSide))
	copy(square.Pix, m.Pix)
	if p, err = picture(square); err != nil || 36*len(p.PNG)*4/3 > 1_000_000 {
		t.Errorf("%d bytes, %v", len(p.PNG), err)
	}
	if p, err := picture(nil); p != nil || err != nil {
		t.Errorf("of nothing: %v, %v", p, err)
	}
}
