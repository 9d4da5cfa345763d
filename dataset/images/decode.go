package images

import (
	"bytes"
	"errors"
	"fmt"
	"image"

	// The formats that are known.
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"github.com/descent-ml/descent/dataset"
)

// mostPixels bounds an image, so that a small file cannot ask for all memory.
const mostPixels = 1 << 28

// Decode writes the u8 pixels of a file of an image (JPEG, PNG, GIF, BMP, TIFF or WebP), turned
// upright as its EXIF data say and brought to the shape of a schema, into dst: what Load makes of the file.
func Decode(dst []uint8, file []byte, s *dataset.ImageSchema) error {
	t, err := targetOf(s)
	if err != nil {
		return err
	}
	if err := t.decode(dst, file); err != nil {
		return fmt.Errorf("images: %w", err)
	}
	return nil
}

// decode writes the pixels of a file.
func (t target) decode(dst []uint8, file []byte) error {
	m, err := decode(file)
	if err != nil {
		return err
	}
	w := works.Get().(*work)
	defer works.Put(w)
	return w.fit(dst, m, orientation(file), t)
}

// decode returns the image in a file, as it lies there. A file at which a decoder panics is a
// damaged one.
func decode(file []byte) (m image.Image, err error) {
	if len(file) == 0 {
		return nil, errors.New("the file is empty")
	}
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("a damaged image: %v", p)
		}
	}()
	c, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, notAnImage(file, err)
	}
	if err := checkSize(c.Width, c.Height); err != nil {
		return nil, err
	}
	m, _, err = image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("a damaged %s: %w", format, err)
	}
	return m, nil
}

// notAnImage says what a file is that cannot be read as an image.
func notAnImage(file []byte, err error) error {
	if errors.Is(err, image.ErrFormat) {
		return fmt.Errorf("not an image: it begins with %q (want JPEG, PNG, GIF, BMP, TIFF or WebP)", file[:min(len(file), 12)])
	}
	return fmt.Errorf("a damaged image: %w", err)
}

func checkSize(width, height int) error {
	if width < 1 || height < 1 || height > mostPixels/width {
		return fmt.Errorf("%dx%d pixels (want 1 to %d pixels)", width, height, mostPixels)
	}
	return nil
}
