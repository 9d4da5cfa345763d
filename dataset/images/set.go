package images

import (
	"fmt"
	"strconv"
)

// Set is images of one size, each with its class. It is read only, and safe for
// concurrent use until Close.
type Set struct {
	Height, Width, Channels int

	Pixels  []uint8  // (N, Height, Width, Channels); may be a mapped file
	Labels  []int32  // of each image, its place in Classes; dataset.SplitStratified divides by them
	Classes []string // their names

	// Source is the file or folder that the images are from; "" if they are from Go.
	Source string

	names  names  // of the files, relative to Source; none: an image has a number only
	sum    string // identifies pixels and labels; "": to be computed
	pages  *pages // of mapped pixels
	closed func() error
}

// NewSet returns a set of images in memory, which are shared, not copied: pixels
// (N, height, width, channels), of 1 channel or more, and a label for each, the
// place of its class in classes.
func NewSet(height, width, channels int, pixels []uint8, labels []int32, classes []string) (*Set, error) {
	s := &Set{Height: height, Width: width, Channels: channels, Pixels: pixels, Labels: labels, Classes: classes}
	return s, s.check()
}

// check reports sizes that do not fit together, and labels without a class.
func (s *Set) check() error {
	if s.Height < 1 || s.Width < 1 || s.Channels < 1 {
		return fmt.Errorf("images: %dx%d pixels of %d channels (want 1 or more of each)", s.Width, s.Height, s.Channels)
	}
	if len(s.Labels) == 0 || len(s.Pixels) != len(s.Labels)*s.Size() {
		return fmt.Errorf("images: %d bytes of pixels and %d labels (want %dx%dx%d bytes for each label)", len(s.Pixels), len(s.Labels), s.Height, s.Width, s.Channels)
	}
	for i, y := range s.Labels {
		if y < 0 || int(y) >= len(s.Classes) {
			return fmt.Errorf("images: %s: class %d (want 0 to %d)", s.where(i), y, len(s.Classes)-1)
		}
	}
	return nil
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Labels) }

// Size returns the bytes of an image.
func (s *Set) Size() int { return s.Height * s.Width * s.Channels }

// Image returns the pixels of image i, (Height, Width, Channels), which must not be
// changed.
func (s *Set) Image(i int) []uint8 {
	n := s.Size()
	return s.Pixels[i*n : (i+1)*n : (i+1)*n]
}

// Name returns what a person finds image i by: its path within Source with slashes, or
// image and its number, from 0.
func (s *Set) Name(i int) string {
	if len(s.names.ends) > 0 {
		return s.names.at(i)
	}
	return "image " + strconv.Itoa(i)
}

// where returns the name of image i behind that of its source.
func (s *Set) where(i int) string {
	if s.Source == "" {
		return s.Name(i)
	}
	return s.Source + ": " + s.Name(i)
}

// Close gives a mapped cache back; the set and what was made of it must not be used any more.
func (s *Set) Close() error {
	if s.closed == nil {
		return nil
	}
	return s.closed()
}

// names is texts without zeros, each with a zero behind it.
type names struct {
	text []byte
	ends []int // where the zeros are
}

func (n *names) add(name string) {
	n.text = append(append(n.text, name...), 0)
	n.ends = append(n.ends, len(n.text)-1)
}

func (n *names) at(i int) string {
	from := 0
	if i > 0 {
		from = n.ends[i-1] + 1
	}
	return string(n.text[from:n.ends[i]])
}
