package images

import (
	"bufio"
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"slices"
)

// form is what the header of a file says.
type form struct {
	width, height int
	gray          bool
	err           error
}

// settle decides the size and the channels that are not given, by the headers of the
// training images.
func (r *reader) settle(ctx context.Context, l *listing) error {
	t := &r.target
	if t.height > 0 && t.width > 0 && t.channels > 0 {
		return nil
	}
	forms := make([]form, len(l.files))
	tell := r.options.told("looking at images", len(forms))
	err := r.store.each(ctx, l.files, func(i int, in io.Reader, err error) {
		if forms[i].err = err; err == nil {
			forms[i] = formOf(in)
		}
		tell()
	})
	if err != nil {
		return err
	}
	whole := slices.DeleteFunc(forms, func(f form) bool { return f.err != nil })
	if len(whole) == 0 {
		return fmt.Errorf("images: %s: none of %d files is an image", r.name, len(l.files))
	}
	if t.channels == 0 {
		t.channels = 3
		if !slices.ContainsFunc(whole, func(f form) bool { return !f.gray }) {
			t.channels = 1
		}
	}
	if t.height == 0 || t.width == 0 {
		t.height, t.width, r.why = autoSize(whole)
	}
	return nil
}

// formOf reads the header of a file, which says how the image lies in it: turned
// images count as they lie.
func formOf(in io.Reader) form {
	c, _, err := image.DecodeConfig(bufio.NewReader(in))
	return form{c.Width, c.Height, c.ColorModel == color.GrayModel || c.ColorModel == color.Gray16Model, err}
}

// The sizes that are chosen.
const (
	keptSide  = 256 // images of one size with a shorter side up to this are left as they are
	photoSide = 128 // the side of others, at most
	sideStep  = 32  // which divides it, if images are as large
)

// autoSize returns the size that all images have, if none is large; else that of a
// square: the median of the shorter sides, rounded down to a multiple of 32, and 128 at most.
// why says so, "" if all stay as they are.
func autoSize(forms []form) (height, width int, why string) {
	first := forms[0]
	same := !slices.ContainsFunc(forms, func(f form) bool { return f.width != first.width || f.height != first.height })
	if same && min(first.width, first.height) <= keptSide {
		return first.height, first.width, ""
	}
	sides := make([]int, len(forms))
	for i, f := range forms {
		sides[i] = min(f.width, f.height)
	}
	slices.Sort(sides)
	median := sides[len(sides)/2]
	side := min(median, photoSide)
	if side >= sideStep {
		side -= side % sideStep
	}
	return side, side, fmt.Sprintf("images become %dx%d: the median of their shorter sides is %d (another size by data.image.size)", side, side, median)
}
