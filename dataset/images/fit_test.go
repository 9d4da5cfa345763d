package images

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// withEXIF puts an orientation into a JPEG or PNG file.
func withEXIF(file []byte, orientation uint16, order binary.ByteOrder) []byte {
	head := map[binary.ByteOrder]string{binary.LittleEndian: "II*\x00", binary.BigEndian: "MM\x00*"}[order]
	tiff := []byte(head)
	tiff = appendNumbers(tiff, order, uint32(8), uint16(2), uint16(0x010f), uint16(2), uint32(1), uint32(0))
	tiff = appendNumbers(tiff, order, uint16(orientationTag), uint16(shortType), uint32(1), orientation, uint16(0), uint32(0))
	if bytes.HasPrefix(file, []byte("\xff\xd8")) {
		segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+6+len(tiff)))
		return slices.Concat(file[:2], segment, []byte("Exif\x00\x00"), tiff, file[2:])
	}
	const header = 8 + 25 // the signature and IHDR
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(tiff))), "eXIf"...)
	chunk = append(chunk, tiff...)
	return slices.Concat(file[:header], binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:])), file[header:])
}

func appendNumbers(b []byte, order binary.ByteOrder, numbers ...any) []byte {
	for _, n := range numbers {
		b, _ = binary.Append(b, order, n)
	}
	return b
}

// lying returns an image that stands upright when it is turned as an orientation says.
func lying(m image.Image, orientation int) image.Image {
	size := m.Bounds().Size()
	w, h := size.X, size.Y
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			// EXIF: where row 0 and column 0 of what lies are in what stands.
			at := map[int]image.Point{1: {x, y}, 2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {h - 1 - y, x}, 7: {h - 1 - y, w - 1 - x}, 8: {y, w - 1 - x}}[orientation]
			out.Set(x, y, m.At(at.X, at.Y))
		}
	}
	return out
}

func TestOrientation(t *testing.T) {
	standing := painted(61, 47)
	schema := &dataset.ImageSchema{Shape: []int{9, 7, 3}, Mean: make([]float64, 3), Std: []float64{1, 1, 1}, Resize: dataset.ResizeCrop}
	want := make([]uint8, 9*7*3)
	if err := Fit(want, standing, schema); err != nil {
		t.Fatal(err)
	}
	for o := 1; o <= 8; o++ {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			file := withEXIF(encoded(t, lying(standing, o), "a.png"), uint16(o), order)
			if got := orientation(withEXIF(encoded(t, standing, "a.jpg"), uint16(o), order)); got != o {
				t.Errorf("orientation %d of a JPEG, want %d", got, o)
			}
			got := make([]uint8, len(want))
			if err := Decode(got, file, schema); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("orientation %d: the pixels differ", o)
			}
		}
	}
}

func TestKindsOfImages(t *testing.T) {
	bounds := image.Rect(3, 5, 9, 10)
	gray := image.NewGray(bounds)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(8 * i)
	}
	half := image.NewNRGBA(bounds)
	for i := 0; i < len(half.Pix); i += 4 {
		copy(half.Pix[i:], []uint8{200, 100, 0, 128})
	}
	palette := image.NewPaletted(bounds, color.Palette{color.RGBA{10, 20, 30, 255}, color.RGBA{}})
	palette.Pix[0] = 1
	wide := image.NewGray16(bounds)
	wide.SetGray16(3, 5, color.Gray16{0xabcd})
	cmyk := image.NewCMYK(bounds)
	cmyk.SetCMYK(3, 5, color.CMYK{0, 255, 255, 0})
	photo := image.NewYCbCr(bounds, image.YCbCrSubsampleRatio420)
	for i := range photo.Y {
		photo.Y[i] = uint8(40 + 6*i)
	}
	for i := range photo.Cb {
		photo.Cb[i], photo.Cr[i] = uint8(20*i), uint8(255-20*i)
	}
	odd := image.NewYCbCr(image.Rect(0, 0, 7, 5), image.YCbCrSubsampleRatio420)
	for i := range odd.Y {
		odd.Y[i] = uint8(7 * i)
	}
	for i := range odd.Cb {
		odd.Cb[i], odd.Cr[i] = uint8(255-20*i), uint8(20*i)
	}
	for _, c := range []struct {
		m    image.Image
		rgb  []uint8 // of the first pixel; nil: what At says
		gray uint8
	}{
		{gray, []uint8{0, 0, 0}, 0}, {half, []uint8{228, 177, 127}, 187}, {palette, []uint8{255, 255, 255}, 255},
		{wide, []uint8{0xab, 0xab, 0xab}, 0xab}, {cmyk, []uint8{255, 0, 0}, 76}, {photo, nil, 0}, {odd, nil, 0}, {painted(6, 5), []uint8{0, 0, 0}, 0},
	} {
		var b bitmap
		b.convert(c.m, 3, blocks{n: c.m.Bounds().Dx(), size: 1}, blocks{n: 5, size: 1}, new(lines))
		if c.rgb != nil && !slices.Equal(b.pixels[:3], c.rgb) {
			t.Errorf("%T: %v, want %v", c.m, b.pixels[:3], c.rgb)
		}
		for y := range 5 {
			for x := range c.m.Bounds().Dx() {
				r, g, blue, a := c.m.At(c.m.Bounds().Min.X+x, c.m.Bounds().Min.Y+y).RGBA()
				want := []uint8{uint8(r >> 8), uint8(g >> 8), uint8(blue >> 8)}
				if got := b.row(y)[3*x : 3*x+3]; a == 0xffff && !slices.Equal(got, want) {
					t.Fatalf("%T at %d,%d: %v, want %v", c.m, x, y, got, want)
				}
			}
		}
		var one bitmap
		one.convert(c.m, 1, blocks{n: c.m.Bounds().Dx(), size: 1}, blocks{n: 5, size: 1}, new(lines))
		if c.rgb != nil && one.pixels[0] != c.gray {
			t.Errorf("%T: gray %d, want %d", c.m, one.pixels[0], c.gray)
		}
	}
}

// TestBlocks checks means of blocks against sums by pixel.
func TestBlocks(t *testing.T) {
	m := made(23, 17, 3)
	rgba := image.NewRGBA(image.Rect(0, 0, 23, 17))
	for i := range 23 * 17 {
		copy(rgba.Pix[4*i:], append(slices.Clone(m.pixels[3*i:3*i+3]), 255))
	}
	for _, late := range []bool{false, true} {
		across, down := blocks{23, 5, late}, blocks{17, 5, late}
		var b bitmap
		b.convert(rgba, 3, across, down, new(lines))
		if b.width != 5 || b.height != 4 {
			t.Fatalf("%dx%d blocks", b.width, b.height)
		}
		for i := range b.pixels {
			y0, y1 := down.span(i / 15)
			x0, x1 := across.span(i / 3 % 5)
			sum, n := 0, (y1-y0)*(x1-x0)
			for y := y0; y < y1; y++ {
				for x := x0; x < x1; x++ {
					sum += int(m.pixels[(y*23+x)*3+i%3])
				}
			}
			if want := uint8((sum + n/2) / n); b.pixels[i] != want {
				t.Errorf("late %v, element %d: %d, want %d", late, i, b.pixels[i], want)
			}
		}
	}
}

func TestFrame(t *testing.T) {
	for _, c := range []struct {
		resize        string
		width, height int
		from          frame
		to            place
	}{
		{dataset.ResizeCrop, 400, 100, frame{150, 0, 100, 100}, place{0, 0, 20, 20}},
		{dataset.ResizeCrop, 100, 401, frame{0, 150.5, 100, 100}, place{0, 0, 20, 20}},
		{dataset.ResizeSquash, 400, 100, frame{0, 0, 400, 100}, place{0, 0, 20, 20}},
		{dataset.ResizePad, 400, 100, frame{0, 0, 400, 100}, place{0, 7, 20, 5}},
		{dataset.ResizePad, 1, 400, frame{0, 0, 1, 400}, place{9, 0, 1, 20}},
	} {
		target := target{20, 20, 3, c.resize}
		if from, to := target.frame(c.width, c.height); from != c.from || to != c.to {
			t.Errorf("%s of %dx%d: %v, %v (want %v, %v)", c.resize, c.width, c.height, from, to, c.from, c.to)
		}
	}
}

// TestConstantStays checks that resampling keeps what is of one colour, and pads with black.
func TestConstantStays(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 500}, {640, 480}, {33, 32}} {
		m := image.NewGray(image.Rect(0, 0, size[0], size[1]))
		for i := range m.Pix {
			m.Pix[i] = 201
		}
		for _, resize := range []string{dataset.ResizeCrop, dataset.ResizeSquash, dataset.ResizePad} {
			schema := &dataset.ImageSchema{Shape: []int{32, 32, 1}, Mean: []float64{0}, Std: []float64{1}, Resize: resize}
			got := make([]uint8, 32*32)
			if err := Fit(got, m, schema); err != nil {
				t.Fatal(err)
			}
			allowed := []uint8{201}
			if resize == dataset.ResizePad {
				allowed = append(allowed, 0)
			}
			if i := slices.IndexFunc(got, func(v uint8) bool { return !slices.Contains(allowed, v) }); i >= 0 || !slices.Contains(got, 201) {
				t.Errorf("%v by %s: element %d is %d", size, resize, i, got[max(i, 0)])
			}
		}
	}
}

func TestFitRefuses(t *testing.T) {
	schema := &dataset.ImageSchema{Shape: []int{4, 4, 3}, Mean: make([]float64, 3), Std: []float64{1, 1, 1}}
	dst := make([]uint8, 48)
	if err := Fit(dst, painted(4, 5), schema); err == nil || !strings.Contains(err.Error(), "4x5 pixels (want 4x4") {
		t.Errorf("another size: %v", err)
	}
	if err := Fit(dst, image.NewGray(image.Rectangle{}), schema); err == nil {
		t.Error("an image without pixels is taken")
	}
	if err := Fit(dst, painted(4, 4), &dataset.ImageSchema{Shape: []int{4, 4}, Scale: 1}); err == nil {
		t.Error("a schema without channels is taken")
	}
	var huge bytes.Buffer
	png.Encode(&huge, image.NewGray(image.Rect(0, 0, 1, 1)))
	bomb := huge.Bytes()
	binary.BigEndian.PutUint32(bomb[16:], 1<<20)
	binary.BigEndian.PutUint32(bomb[20:], 1<<20)
	if err := Decode(dst, bomb, schema); err == nil {
		t.Error("an image of 2^40 pixels is taken")
	} else if s := fmt.Sprint(err); !strings.HasPrefix(s, "images: ") {
		t.Error(s)
	}
}
