package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
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
	p, err := r.read(ctx, files, lists)
	if err != nil {
		return nil, err
	}
	if r.why != "" {
		p.Notes = append(p.Notes, r.why)
	}
	for _, l := range lists {
		if l != nil && l.loose > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: %d images in no folder of a class are not used", filepath.Join(name, filepath.FromSlash(l.folder)), l.loose))
		}
	}
	return p, nil
}

// read takes the images from a cache, makes one, or decodes them into memory.
func (r *reader) read(ctx context.Context, files []file, lists [parts]*listing) (*Parts, error) {
	if r.options.Cache == CacheNone {
		return r.intoMemory(ctx, lists)
	}
	dirs, err := r.cacheDirs()
	if err != nil {
		return nil, err
	}
	key := r.key(files, lists[partTrain].classes)
	dir, m, err := r.findCache(dirs, key)
	if err == nil && m == nil {
		dir, m, err = r.settledCache(ctx, dirs, key, lists)
	}
	if err != nil {
		return nil, err
	}
	if m == nil {
		return r.intoMemory(ctx, lists)
	}
	p, err := r.openCache(dir, m)
	if err == nil && len(p.Skipped) > 0 && !r.options.SkipCorrupt {
		return nil, errors.Join(p.Skipped[0], p.Close())
	}
	return p, err
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
	why     string // the size was chosen; "": it is given, or that of all images, or of a cache
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

// settledCache decides what is not given of the form, and finds or makes the cache; without one
// if the images are few and small.
func (r *reader) settledCache(ctx context.Context, dirs []string, key cacheKey, lists [parts]*listing) (string, *manifest, error) {
	if err := r.settle(ctx, lists[partTrain]); err != nil {
		return "", nil, err
	}
	dir, m, err := r.findCache(dirs, key)
	if err != nil || m != nil || r.options.Cache == "" && !r.large(lists) {
		return dir, m, err
	}
	return r.makeCache(ctx, dirs, key, lists)
}

// intoMemory decodes the files of all parts.
func (r *reader) intoMemory(ctx context.Context, lists [parts]*listing) (*Parts, error) {
	if err := r.settle(ctx, lists[partTrain]); err != nil {
		return nil, err
	}
	p := &Parts{}
	for part, l := range lists {
		if l == nil || len(l.files) == 0 {
			continue
		}
		s, skipped, err := r.decodePart(ctx, part, l)
		if err != nil {
			return nil, err
		}
		p.Skipped = append(p.Skipped, skipped...)
		*p.at(part) = s
	}
	return p, nil
}

// decodePart reads the files of a part into memory.
func (r *reader) decodePart(ctx context.Context, part int, l *listing) (*Set, []*FileError, error) {
	size := r.target.size()
	pixels := make([]uint8, size*len(l.files))
	d := decoding{part: part, list: l, slot: func(i int) []uint8 { return pixels[i*size : (i+1)*size : (i+1)*size] }, done: func(int) {}}
	for i := range l.files {
		d.todo = append(d.todo, i)
	}
	skipped, err := r.decode(ctx, &d)
	if err != nil {
		return nil, nil, err
	}
	s := r.newSet(l.classes)
	for i, f := range l.files {
		if d.failed[i] != nil {
			continue
		}
		if len(s.Labels) < i {
			copy(d.slot(len(s.Labels)), d.slot(i))
		}
		s.Labels = append(s.Labels, l.labels[i])
		s.names.add(f.path)
	}
	s.Pixels = pixels[:s.Len()*size]
	return s, skipped, s.check()
}

func (r *reader) newSet(classes []string) *Set {
	t := r.target
	return &Set{Height: t.height, Width: t.width, Channels: t.channels, Classes: classes, Source: r.name}
}

// decoding is files of a part that are being decoded.
type decoding struct {
	part   int
	list   *listing
	todo   []int               // which of them
	slot   func(i int) []uint8 // where the pixels of file i belong
	done   func(i int)         // called when they are there
	failed []error             // of each file, why it has none
}

// errCorrupt ends decoding at the first file that is no image.
var errCorrupt = errors.New("a file is no image")

// doing says what is done, of each part.
var doing = [parts]string{"decoding images", "decoding images for validation", "decoding test images"}

// decode decodes files, each into its slot, and returns those that are no images. Unless
// they are to be skipped, the first that is found is an error, and the rest is not read.
func (r *reader) decode(ctx context.Context, d *decoding) (skipped []*FileError, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	d.failed = make([]error, len(d.list.files))
	files := make([]file, len(d.todo))
	for k, i := range d.todo {
		files[k] = d.list.files[i]
	}
	tell := r.options.told(doing[d.part], len(files))
	err = r.store.each(ctx, files, func(k int, in io.Reader, err error) {
		i := d.todo[k]
		if err == nil {
			err = r.target.decodeFrom(d.slot(i), in)
		}
		switch d.failed[i] = err; {
		case err == nil:
			d.done(i)
		case !r.options.SkipCorrupt:
			stop(errCorrupt)
		}
		tell()
	})
	for i, err := range d.failed {
		if err != nil {
			skipped = append(skipped, &FileError{filepath.Join(r.name, filepath.FromSlash(d.list.files[i].path)), err})
		}
	}
	if len(skipped) > 0 && (!r.options.SkipCorrupt || len(skipped) == len(d.failed)) {
		return nil, skipped[0]
	}
	return skipped, err
}

// decodeFrom writes the pixels of a file that is to be read.
func (t target) decodeFrom(dst []uint8, in io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(in, mostFile+1))
	switch {
	case err != nil:
		return cause(err)
	case len(data) > mostFile:
		return fmt.Errorf("more than %d bytes", mostFile)
	}
	return t.decode(dst, data)
}
