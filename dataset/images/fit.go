package images

import (
	"fmt"
	"image"
	"sync"

	"github.com/descent-ml/descent/dataset"
)

// reducing is how many times larger than wanted an image stays when it is reduced by the
// mean of blocks before it is resampled: at 3 or more the difference cannot be seen
// (Pillow's reducing_gap), and a large photo is resampled many times faster.
const reducing = 3

// target is the form that images are brought to.
type target struct {
	height, width, channels int
	resize                  string // dataset.ResizeCrop, ...; "": another size is an error
}

// size returns the bytes of an image.
func (t *target) size() int { return t.height * t.width * t.channels }

// targetOf returns the form of the images of a schema.
func targetOf(m *dataset.ImageSchema) (target, error) {
	if len(m.Mean) == 0 || len(m.Shape) != 3 || m.Shape[2] != 1 && m.Shape[2] != 3 {
		return target{}, fmt.Errorf("images: a model of images %v (want height, width and 1 or 3 channels)", m.Shape)
	}
	return target{m.Shape[0], m.Shape[1], m.Shape[2], m.Resize}, nil
}

// Fit writes the u8 pixels of an image, brought to the shape of a schema, into dst: what
// Load makes of a file with that image. Its length is that of an image of the schema. It does
// not turn the image: see Decode.
func Fit(dst []uint8, m image.Image, s *dataset.ImageSchema) error {
	t, err := targetOf(s)
	if err != nil {
		return err
	}
	size := m.Bounds().Size()
	if err := checkSize(size.X, size.Y); err != nil {
		return fmt.Errorf("images: %w", err)
	}
	w := works.Get().(*work)
	defer works.Put(w)
	if err := w.fit(dst, m, upright, t); err != nil {
		return fmt.Errorf("images: %w", err)
	}
	return nil
}

// works lends scratch memory, a photo's worth for each goroutine at work.
var works = sync.Pool{New: func() any { return new(work) }}

// work is scratch memory for one image at a time.
type work struct {
	image, turned, narrow bitmap
	line                  lines
	x, y                  taps
	sums                  []int32
}

// fit writes the pixels of an image with an orientation.
func (w *work) fit(dst []uint8, m image.Image, orientation int, t target) error {
	size := m.Bounds().Size()
	if orientation >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	if (size.X != t.width || size.Y != t.height) && t.resize == "" {
		return fmt.Errorf("%dx%d pixels (want %dx%d, or a way to resize)", size.X, size.Y, t.width, t.height)
	}
	from, to := t.frame(size.X, size.Y)
	factor := max(int(min(from.width/float64(to.width), from.height/float64(to.height))/reducing), 1)
	across, down := blocks{m.Bounds().Dx(), factor, mirrorsX(orientation)}, blocks{m.Bounds().Dy(), factor, mirrorsY(orientation)}
	w.image.convert(m, t.channels, across, down, &w.line)
	src := &w.image
	if orientation != upright {
		w.turned.turn(src, orientation)
		src = &w.turned
	}
	out := bitmap{t.height, t.width, t.channels, dst[:t.size()]}
	if src.height == t.height && src.width == t.width {
		copy(out.pixels, src.pixels)
		return nil
	}
	w.resample(&out, src, from.over(float64(factor)), to)
	return nil
}

// frame is a part of an image.
type frame struct{ left, top, width, height float64 }

func (f frame) over(factor float64) frame {
	return frame{f.left / factor, f.top / factor, f.width / factor, f.height / factor}
}

// place is a part of the pixels that are written.
type place struct{ left, top, width, height int }

// frame returns which part of an image of width x height becomes which part of the
// target.
func (t *target) frame(width, height int) (frame, place) {
	from := frame{0, 0, float64(width), float64(height)}
	to := place{0, 0, t.width, t.height}
	wider := width*t.height > t.width*height // than the target, by its proportions
	switch {
	case t.resize == dataset.ResizePad && wider:
		to.height = ratio(height*t.width, width)
		to.top = (t.height - to.height) / 2
	case t.resize == dataset.ResizePad:
		to.width = ratio(width*t.height, height)
		to.left = (t.width - to.width) / 2
	case t.resize == dataset.ResizeCrop && wider:
		from.width = float64(height*t.width) / float64(t.height)
		from.left = (float64(width) - from.width) / 2
	case t.resize == dataset.ResizeCrop:
		from.height = float64(width*t.height) / float64(t.width)
		from.top = (float64(height) - from.height) / 2
	}
	return from, to
}

// ratio is a/b rounded, and 1 at least.
func ratio(a, b int) int { return max((2*a+b)/(2*b), 1) }

// resample writes a part of an image into a place of another; what is around it becomes
// black.
func (w *work) resample(out, src *bitmap, from frame, to place) {
	w.x.set(src.width, from.left, from.left+from.width, to.width)
	w.y.set(src.height, from.top, from.top+from.height, to.height)
	first, end := w.y.rows(src.height)
	w.narrow.across(src, &w.x, first, end)
	clear(out.pixels)
	w.sums = resized(w.sums, to.width*out.channels)
	at := (to.top*out.width + to.left) * out.channels
	inner := bitmap{to.height, out.width, out.channels, out.pixels[at:]}
	w.narrow.down(&inner, &w.y, first, w.sums)
}
