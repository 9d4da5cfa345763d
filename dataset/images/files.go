package images

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// loadFolders reads a folder of classes, or one with such folders for each part.
func loadFolders(ctx context.Context, dir string, o Options) (*Parts, error) {
	lists, err := listParts(dir)
	if err != nil {
		return nil, err
	}
	if err := settleClasses(&lists, o.Classes); err != nil {
		return nil, err
	}
	p := &Parts{Notes: notes(lists)}
	if err := o.settleForm(ctx, lists[0]); err != nil {
		return nil, err
	}
	for i, doing := range []string{"decoding images", "decoding images for validation", "decoding test images"} {
		if lists[i] == nil {
			continue
		}
		s, skipped, err := decodeAll(ctx, lists[i], o, doing)
		if err != nil {
			return nil, err
		}
		*[]**Set{&p.Train, &p.Val, &p.Test}[i] = s
		p.Skipped = append(p.Skipped, skipped...)
	}
	return p, nil
}

// settleClasses makes the classes of training, or those of a model, the classes of all parts.
func settleClasses(lists *[3]*listing, classes []string) error {
	train := lists[0]
	switch {
	case len(train.files) == 0 && train.loose > 0:
		return fmt.Errorf("images: %s has %d images in no folder (want a folder of images for each class, named as the class)", train.dir, train.loose)
	case len(train.files) == 0:
		return fmt.Errorf("images: %s has no images (want a folder of images for each class, named as the class)", train.dir)
	case classes == nil && len(train.classes) == 1:
		return fmt.Errorf("images: %s has images of one class only, %q (want a folder for each of two classes or more)", train.dir, train.classes[0])
	case classes == nil:
		classes = train.classes
	}
	for _, l := range lists {
		if l == nil {
			continue
		}
		if err := l.relabel(classes); err != nil {
			return err
		}
	}
	return nil
}

// notes says what of the folders is not used.
func notes(lists [3]*listing) (all []string) {
	for _, l := range lists {
		if l == nil {
			continue
		}
		if l.loose > 0 {
			all = append(all, fmt.Sprintf("%s: %d images in no folder of a class are not used", l.dir, l.loose))
		}
		for _, name := range l.empty {
			all = append(all, fmt.Sprintf("%s: the folder %q has no images and is no class", l.dir, name))
		}
	}
	return all
}

// form is what the header of a file says.
type form struct {
	width, height int
	gray          bool
	err           error
}

// settleForm decides the size and the channels that are not given, by the headers of
// the training images.
func (o *Options) settleForm(ctx context.Context, l *listing) error {
	if o.Height > 0 && o.Width > 0 && o.Channels > 0 {
		return nil
	}
	forms := make([]form, len(l.files))
	if err := each(ctx, len(forms), func(i int) { forms[i] = formOf(l.named(i)) }, o.told("looking at images")); err != nil {
		return err
	}
	whole := slices.DeleteFunc(forms, func(f form) bool { return f.err != nil })
	if len(whole) == 0 {
		return fmt.Errorf("images: %s: none of %d files is an image", l.dir, len(l.files))
	}
	if o.Channels == 0 {
		o.Channels = 3
		if !slices.ContainsFunc(whole, func(f form) bool { return !f.gray }) {
			o.Channels = 1
		}
	}
	if o.Height == 0 || o.Width == 0 {
		o.Height, o.Width = whole[0].height, whole[0].width
	}
	return nil
}

// formOf reads the header of a file.
func formOf(path string) (f form) {
	r, err := os.Open(path)
	if err != nil {
		return form{err: err}
	}
	defer r.Close()
	c, _, err := image.DecodeConfig(r)
	return form{c.Width, c.Height, c.ColorModel == color.GrayModel || c.ColorModel == color.Gray16Model, err}
}

// told returns Progress of one thing that is done.
func (o *Options) told(doing string) func(share float64) {
	if o.Progress == nil {
		return func(float64) {}
	}
	return func(share float64) { o.Progress(doing, share) }
}

// each calls do for 0 to n-1, on all processors, and tells the share that is done.
func each(ctx context.Context, n int, do func(i int), tell func(share float64)) error {
	var next, done atomic.Int64
	var all sync.WaitGroup
	var telling sync.Mutex
	step := int64(max(n/200, 1))
	for range min(runtime.GOMAXPROCS(0), n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				do(i)
				if d := done.Add(1); d%step == 0 {
					telling.Lock()
					tell(float64(d) / float64(n))
					telling.Unlock()
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// decodeAll reads the files of a listing into memory.
func decodeAll(ctx context.Context, l *listing, o Options, doing string) (*Set, []*FileError, error) {
	size := o.Height * o.Width * o.Channels
	s := &Set{Height: o.Height, Width: o.Width, Channels: o.Channels, Classes: l.classes, Source: l.dir}
	s.Pixels = make([]uint8, size*len(l.files))
	errs := make([]error, len(l.files))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	err := each(ctx, len(l.files), func(i int) {
		if errs[i] = o.decodeFile(s.Pixels[i*size:(i+1)*size], l.named(i)); errs[i] != nil && !o.SkipCorrupt {
			stop()
		}
	}, o.told(doing))
	var skipped []*FileError
	at := 0
	for i, e := range errs {
		if e != nil {
			skipped = append(skipped, &FileError{l.named(i), e})
			continue
		}
		copy(s.Pixels[at*size:], s.Pixels[i*size:(i+1)*size])
		s.Labels, s.names = append(s.Labels, l.files[i].class), append(s.names, l.files[i].path)
		at++
	}
	if len(skipped) > 0 && !o.SkipCorrupt {
		return nil, nil, skipped[0]
	}
	if err != nil {
		return nil, nil, err
	}
	s.Pixels = s.Pixels[:at*size]
	if at == 0 {
		return nil, nil, fmt.Errorf("images: %s: none of %d files is an image: %w", l.dir, len(l.files), skipped[0])
	}
	return s, skipped, s.check()
}

// decodeFile writes the pixels of a file of the wanted size.
func (o *Options) decodeFile(dst []uint8, path string) error {
	data, err := readAll(path)
	if err != nil {
		return err
	}
	b, err := decode(data, o.Channels)
	if err != nil {
		return err
	}
	if b.height != o.Height || b.width != o.Width {
		return fmt.Errorf("%dx%d pixels (want %dx%d)", b.width, b.height, o.Width, o.Height)
	}
	copy(dst, b.pixels)
	return nil
}

// readAll reads a file.
func readAll(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	_, err = io.Copy(&b, f)
	return b.Bytes(), err
}
