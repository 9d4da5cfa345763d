package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The formats of images.
const (
	FormatFolders = "folders" // a folder of each class with files of images
	FormatIDX     = "idx"     // a folder of files as MNIST's
	FormatCIFAR   = "cifar"   // CIFAR-10 or CIFAR-100 in the binary version
	FormatNPY     = "npy"     // x.npy and y.npy, in a folder or an archive .npz
)

// Options says how images are read. The zero value has the defaults.
type Options struct {
	Format string // FormatFolders, ...; "": what Detect says

	// Height and Width are the size that images are brought to, by Resize:
	// dataset.ResizeCrop, which is the default, or another. Zeros: the size that all
	// images of training have; else see AutoSize.
	Height, Width int
	Resize        string

	// Channels is 1 for gray and 3 for colour; 0: gray if all images of training are.
	Channels int

	// Classes are those of a model: labels are places in it, and another class is an
	// error. Nil: the classes that there are for training, sorted by the bytes of their names.
	Classes []string

	// SkipCorrupt leaves out files that cannot be read as images and lists them in
	// Parts.Skipped; else the first is an error.
	SkipCorrupt bool

	// Cache is the folder in which decoded images are kept, mapped into memory from then on;
	// CacheNone: they are decoded into memory; "": if there are 64 MiB of files or
	// pixels or more, they are kept beside the folder of the images, or else in the user's
	// folder for caches. A cache belongs to files of these names, sizes and times, and to
	// what the options say of the images; another one of the same folder is replaced.
	Cache string

	// Progress, if there is one, is told what is done and which share of it is, some
	// hundred times.
	Progress func(doing string, share float64)
}

// Parts is the images of a folder or an archive, divided as they lie there.
type Parts struct {
	Train, Val, Test *Set         // nil: there is none; not all are
	Skipped          []*FileError // files that are no images, or damaged
	Notes            []string     // what a person should know
	Cache            string       // the folder that they are mapped from; "": they are in memory
}

// at returns the place of the set of a part.
func (p *Parts) at(part int) **Set { return [parts]**Set{&p.Train, &p.Val, &p.Test}[part] }

// FileError is a file that cannot be read as an image, and why.
type FileError struct {
	Path string
	Err  error
}

// Error implements error.
func (e *FileError) Error() string { return fmt.Sprintf("images: %s: %v", e.Path, e.Err) }

// Unwrap returns the reason.
func (e *FileError) Unwrap() error { return e.Err }

// Close closes the sets.
func (p *Parts) Close() error {
	var errs []error
	for _, s := range []*Set{p.Train, p.Val, p.Test} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// Load reads the images of a file or folder. Cancelling ctx ends it.
func Load(ctx context.Context, path string, o Options) (*Parts, error) {
	format := o.Format
	if format == "" {
		var err error
		if format, err = Detect(path); err != nil {
			return nil, err
		}
	}
	read := map[string]func(string) (*Parts, error){FormatIDX: loadIDX, FormatCIFAR: loadCIFAR, FormatNPY: loadNPY}[format]
	switch {
	case format == FormatFolders:
		return loadFolders(ctx, path, o)
	case format == "":
		return nil, fmt.Errorf("images: %s has no images (want folders of classes, or files of MNIST's, CIFAR's or NumPy's form)", path)
	case read == nil:
		return nil, fmt.Errorf("images: format %q (want %s, %s, %s or %s)", format, FormatFolders, FormatIDX, FormatCIFAR, FormatNPY)
	}
	p, err := read(path)
	if err != nil {
		return nil, err
	}
	return p, p.conform(ctx, &o)
}

// Detect returns the format of a file or folder, by the names in it; "" if it has none of
// them, so that it may be a table.
func Detect(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("images: %w", err)
	}
	if !info.IsDir() {
		return detectFile(path), nil
	}
	switch {
	case findFile(path, trainImages) != "":
		return FormatIDX, nil
	case findFile(path, featuresName) != "":
		return FormatNPY, nil
	case cifarFolder(path) != "":
		return FormatCIFAR, nil
	}
	if found, err := folder(path).hasImage(); err != nil || !found {
		return "", err
	}
	return FormatFolders, nil
}

// detectFile is Detect of a file.
func detectFile(path string) string {
	name := strings.ToLower(filepath.Base(path))
	switch plain := strings.TrimSuffix(name, ".gz"); {
	case strings.HasSuffix(name, ".npz"):
		return FormatNPY
	case strings.HasSuffix(plain, ".bin") && isCIFAR(path), strings.HasPrefix(name, "cifar-10") && (strings.Contains(name, "binary") || strings.Contains(name, "python")) && isTar(name):
		return FormatCIFAR
	case isTar(name), isZip(name):
		return FormatFolders
	}
	return ""
}

// findFile returns the path of a file in a folder, or of the same with .gz; "" if
// there is neither.
func findFile(dir, name string) string {
	for _, ext := range []string{"", ".gz"} {
		path := filepath.Join(dir, name+ext)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}
