package images

import (
	"context"
	"fmt"
	"image"
	"slices"
)

// conform brings the sets of arrays to what the options ask for: size, channels and
// classes. Those of files are read so.
func (p *Parts) conform(ctx context.Context, o *Options) error {
	for part := range parts {
		s := *p.at(part)
		if s == nil {
			continue
		}
		err := s.reclass(o.Classes)
		if err == nil {
			err = s.reform(ctx, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reclass makes labels places in the classes of a model: by their names, or, of classes
// that are numbers only, by number.
func (s *Set) reclass(classes []string) error {
	if classes == nil || slices.Equal(s.Classes, classes) {
		return nil
	}
	places := make([]int32, len(s.Classes))
	byName := true
	for i, name := range s.Classes {
		places[i] = int32(slices.Index(classes, name))
		byName = byName && places[i] >= 0
	}
	switch {
	case byName:
		labels := make([]int32, len(s.Labels))
		for i, y := range s.Labels {
			labels[i] = places[y]
		}
		s.Labels = labels
	case len(s.Classes) > len(classes) || !slices.Equal(s.Classes, numbered([]int32{int32(len(s.Classes) - 1)})):
		return fmt.Errorf("images: %s has the classes %q (want %q)", s.Source, s.Classes, classes)
	}
	s.Classes, s.sum = classes, ""
	return nil
}

// reform brings images to a size and to channels.
func (s *Set) reform(ctx context.Context, o *Options) error {
	t := o.target()
	if t.height == 0 || t.width == 0 {
		t.height, t.width = s.Height, s.Width
	}
	if t.channels == 0 {
		t.channels = s.Channels
	}
	if t.height == s.Height && t.width == s.Width && t.channels == s.Channels {
		return nil
	}
	if s.Channels != 1 && s.Channels != 3 || t.channels != 1 && t.channels != 3 {
		return fmt.Errorf("images: %s has images of %d channels, %dx%d pixels (want 1 or 3 channels, to bring them to %d channels, %dx%d)",
			s.Source, s.Channels, s.Width, s.Height, t.channels, t.width, t.height)
	}
	pixels := make([]uint8, s.Len()*t.size())
	err := eachIndex(ctx, s.Len(), func(i int) {
		w := works.Get().(*work)
		defer works.Put(w)
		w.fit(pixels[i*t.size():(i+1)*t.size()], s.picture(i), upright, t) // never fails: it has a way to resize
	})
	if err != nil {
		return err
	}
	s.Height, s.Width, s.Channels, s.Pixels, s.sum = t.height, t.width, t.channels, pixels, ""
	return nil
}

// picture returns image i, of 1 or 3 channels, as one of package image.
func (s *Set) picture(i int) image.Image {
	bounds := image.Rect(0, 0, s.Width, s.Height)
	if s.Channels == 1 {
		return &image.Gray{Pix: s.Image(i), Stride: s.Width, Rect: bounds}
	}
	m := image.NewRGBA(bounds)
	pixels := s.Image(i)
	for at := 0; at < len(m.Pix); at += 4 {
		copy(m.Pix[at:at+3], pixels[at/4*3:])
		m.Pix[at+3] = 255
	}
	return m
}
