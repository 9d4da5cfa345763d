package images

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"path/filepath"
	"slices"
	"sync"

	"github.com/descent-ml/descent/dataset"
)

// loadFolders reads a folder of classes, or one with such folders for each part, or an
// archive of either.
func loadFolders(ctx context.Context, name string, o Options) (*Parts, error) {
	st, err := openStore(name)
	if err != nil {
		return nil, err
	}
	files, err := st.list()
	if err != nil {
		return nil, err
	}
	lists, err := divide(files)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, name)
	}
	if err := settleClasses(name, &lists, o.Classes); err != nil {
		return nil, err
	}
	r := &reader{store: st, name: name, options: o, target: o.target()}
	if err := r.settle(ctx, lists[partTrain]); err != nil {
		return nil, err
	}
	return r.parts(ctx, lists)
}

// target is the form that options ask for; what is 0 is to be settled.
func (o *Options) target() target {
	t := target{o.Height, o.Width, o.Channels, o.Resize}
	if t.resize == "" {
		t.resize = dataset.ResizeCrop
	}
	return t
}

// settleClasses makes the classes of training, or those of a model, the classes of all parts.
func settleClasses(name string, lists *[parts]*listing, classes []string) error {
	train := lists[partTrain]
	const want = "(want a folder of images for each class, named as the class)"
	switch {
	case train == nil || len(train.files) == 0 && train.loose == 0:
		return fmt.Errorf("images: %s has no images %s", name, want)
	case len(train.files) == 0:
		return fmt.Errorf("images: %s has %d images in no folder %s", name, train.loose, want)
	case classes == nil && len(train.classes) == 1:
		return fmt.Errorf("images: %s has images of one class only, %q (want a folder for each of two classes or more)", name, train.classes[0])
	case classes == nil:
		classes = train.classes
	}
	for _, l := range lists {
		if l == nil {
			continue
		}
		if err := l.relabel(classes); err != nil {
			return fmt.Errorf("%w in %s", err, name)
		}
	}
	return nil
}

// reader decodes the files of a store.
type reader struct {
	store   store
	name    string // of the store
	options Options
	target  target
}

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
		t.height, t.width = autoSize(whole)
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
func autoSize(forms []form) (height, width int) {
	first := forms[0]
	same := !slices.ContainsFunc(forms, func(f form) bool { return f.width != first.width || f.height != first.height })
	if same && min(first.width, first.height) <= keptSide {
		return first.height, first.width
	}
	sides := make([]int, len(forms))
	for i, f := range forms {
		sides[i] = min(f.width, f.height)
	}
	slices.Sort(sides)
	side := min(sides[len(sides)/2], photoSide)
	if side >= sideStep {
		side -= side % sideStep
	}
	return side, side
}

// told returns a function to be called when one of n things is done, by any goroutine:
// it calls Progress some hundred times.
func (o *Options) told(doing string, n int) func() {
	if o.Progress == nil {
		return func() {}
	}
	var m sync.Mutex
	done, step := 0, max(n/200, 1)
	return func() {
		m.Lock()
		defer m.Unlock()
		if done++; done%step == 0 || done == n {
			o.Progress(doing, float64(done)/float64(n))
		}
	}
}

// parts decodes the files of all parts.
func (r *reader) parts(ctx context.Context, lists [parts]*listing) (*Parts, error) {
	p := &Parts{}
	for part, doing := range []string{"decoding images", "decoding images for validation", "decoding test images"} {
		l := lists[part]
		if l == nil || len(l.files) == 0 {
			continue
		}
		if l.loose > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: %d images in no folder of a class are not used", filepath.Join(r.name, l.folder), l.loose))
		}
		s, skipped, err := r.decodeAll(ctx, l, doing)
		if err != nil {
			return nil, err
		}
		p.Skipped = append(p.Skipped, skipped...)
		*[]**Set{&p.Train, &p.Val, &p.Test}[part] = s
	}
	return p, nil
}

// errCorrupt ends decoding at the first file that is none.
var errCorrupt = errors.New("corrupt")

// decodeAll reads the files of a listing into memory.
func (r *reader) decodeAll(ctx context.Context, l *listing, doing string) (*Set, []*FileError, error) {
	pixels := make([]uint8, r.target.size()*len(l.files))
	errs, err := r.decodeInto(ctx, pixels, l, doing)
	if err != nil {
		return nil, nil, err
	}
	s := r.newSet(l)
	var skipped []*FileError
	for i, err := range errs {
		if err != nil {
			skipped = append(skipped, &FileError{filepath.Join(r.name, filepath.FromSlash(l.files[i].path)), err})
			continue
		}
		size := r.target.size()
		copy(pixels[len(s.Labels)*size:], pixels[i*size:(i+1)*size])
		s.Labels, s.names = append(s.Labels, l.labels[i]), append(s.names, l.files[i].path)
	}
	if len(skipped) > 0 && (!r.options.SkipCorrupt || s.Len() == 0) {
		return nil, nil, skipped[0]
	}
	s.Pixels = pixels[:s.Len()*s.Size()]
	return s, skipped, s.check()
}

func (r *reader) newSet(l *listing) *Set {
	t := r.target
	return &Set{Height: t.height, Width: t.width, Channels: t.channels, Classes: l.classes, Source: r.name}
}

// decodeInto decodes each file into its place, and returns why it cannot be. Unless such
// files are to be skipped, it ends at one.
func (r *reader) decodeInto(ctx context.Context, pixels []uint8, l *listing, doing string) ([]error, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	errs, size := make([]error, len(l.files)), r.target.size()
	tell := r.options.told(doing, len(errs))
	err := r.store.each(ctx, l.files, func(i int, in io.Reader, err error) {
		if err == nil {
			err = r.target.decodeFrom(pixels[i*size:(i+1)*size], in)
		}
		if errs[i] = err; err != nil && !r.options.SkipCorrupt {
			stop(errCorrupt)
		}
		tell()
	})
	if errors.Is(err, errCorrupt) {
		err = nil
	}
	return errs, err
}

// decodeFrom writes the pixels of a file that is to be read.
func (t target) decodeFrom(dst []uint8, in io.Reader) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return cause(err)
	}
	return t.decode(dst, data)
}
