package images

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/descent-ml/descent/dataset"
)

// store is where files of images are: a folder or an archive.
type store interface {
	// list returns the files that have the extension of an image, sorted by their
	// paths, but for those that are hidden.
	list() ([]file, error)

	// each calls do for each of these files, several at a time in any order, with what is
	// in it or why it cannot be read. It ends early when ctx does.
	each(ctx context.Context, files []file, do func(i int, r io.Reader, err error)) error

	// stamps returns by what changes of the files are noticed.
	stamps(files []file) []file
}

// file is one of them.
type file struct {
	path     string // with slashes, within the store
	size     int64
	modified int64 // nanoseconds since 1970
}

// openStore returns the store of a path.
func openStore(name string) (store, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("images: %w", err)
	case info.IsDir():
		return folder(name), nil
	case isTar(name):
		return tarFile(name), nil
	case isZip(name):
		return zipFile(name), nil
	}
	return nil, fmt.Errorf("images: %s is no folder and no archive (want a folder, or .zip, .tar, .tar.gz)", name)
}

// isTar reports whether a name is that of a tar archive.
func isTar(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2"}, func(ext string) bool { return strings.HasSuffix(name, ext) })
}

func isZip(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".zip") }

// extensions are those of files that are read as images, in small letters.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"}

// IsImage reports whether a file has the extension of an image, in letters of any case.
func IsImage(name string) bool {
	return slices.Contains(extensions, strings.ToLower(path.Ext(filepath.ToSlash(name))))
}

// hidden reports whether a file or folder is hidden, or is what a system leaves behind.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }

// wanted reports whether a path of an archive is that of an image that is not hidden.
func wanted(name string) bool {
	return IsImage(name) && !slices.ContainsFunc(strings.Split(path.Clean(name), "/"), hidden)
}

// workers runs do on so many goroutines as there are processors.
func workers(do func()) {
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(do)
	}
	all.Wait()
}

// eachIndex calls do for 0 to n-1, several at a time.
func eachIndex(ctx context.Context, n int, do func(i int)) error {
	var next atomic.Int64
	workers(func() {
		for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
			do(i)
		}
	})
	return context.Cause(ctx)
}

// folder is a folder on disk. Symbolic links are followed.
type folder string

func (f folder) list() (files []file, err error) {
	return files, f.walk(&files, "", nil)
}

// walk adds the images of a folder in f. around are the folders that it is in: a link
// to one of them would have no end.
func (f folder) walk(files *[]file, at string, around []os.FileInfo) error {
	dir := f.path(at)
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	if slices.ContainsFunc(around, func(a os.FileInfo) bool { return os.SameFile(a, info) }) {
		return fmt.Errorf("images: %s is a link to a folder that it is in", dir)
	}
	around = append(around, info)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	for _, e := range entries {
		name := path.Join(at, e.Name())
		if hidden(e.Name()) {
			continue
		}
		switch info, err := os.Stat(f.path(name)); {
		case err == nil && info.IsDir():
			if err := f.walk(files, name, around); err != nil {
				return err
			}
		case !IsImage(name):
		case err != nil: // a link to nothing: reported when it is read
			*files = append(*files, file{path: name})
		default:
			*files = append(*files, file{name, info.Size(), info.ModTime().UnixNano()})
		}
	}
	return nil
}

func (f folder) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

func (f folder) each(ctx context.Context, files []file, do func(int, io.Reader, error)) error {
	return eachIndex(ctx, len(files), func(i int) {
		r, err := os.Open(f.path(files[i].path))
		if err != nil {
			do(i, nil, cause(err))
			return
		}
		defer r.Close()
		do(i, r, nil)
	})
}

func (f folder) stamps(files []file) []file { return files }

// cause is what is behind an error that names a path.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// zipFile is a zip archive.
type zipFile string

// open returns the files of the archive by their paths.
func (z zipFile) open() (*zip.ReadCloser, map[string]*zip.File, error) {
	r, err := zip.OpenReader(string(z))
	if err != nil {
		return nil, nil, fmt.Errorf("images: %s: %w", string(z), err)
	}
	members := map[string]*zip.File{}
	for _, f := range r.File {
		if !f.FileInfo().IsDir() && wanted(f.Name) {
			members[path.Clean(f.Name)] = f
		}
	}
	return r, members, nil
}

func (z zipFile) list() ([]file, error) {
	r, members, err := z.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var files []file
	for name, f := range members {
		files = append(files, file{path: name, size: int64(f.UncompressedSize64)})
	}
	sortFiles(files)
	return files, nil
}

func sortFiles(files []file) {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
}

func (z zipFile) each(ctx context.Context, files []file, do func(int, io.Reader, error)) error {
	archive, members, err := z.open()
	if err != nil {
		return err
	}
	defer archive.Close()
	return eachIndex(ctx, len(files), func(i int) {
		r, err := members[files[i].path].Open()
		if err != nil {
			do(i, nil, err)
			return
		}
		defer r.Close()
		do(i, r, nil)
	})
}

func (z zipFile) stamps([]file) []file { return stampOf(string(z)) }

// stampOf is the size and the time of an archive.
func stampOf(name string) []file {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return []file{{filepath.Base(name), info.Size(), info.ModTime().UnixNano()}}
}

// tarFile is a tar archive, plain or compressed. It is read from its begin to its end each
// time.
type tarFile string

// mostFile is the most bytes of a file in an archive.
const mostFile = 1 << 30

// walk calls visit for each image, with a reader that is valid during the call.
func (t tarFile) walk(visit func(f file, r io.Reader) error) error {
	f, err := dataset.OpenFile(string(t))
	if err != nil {
		return err
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil && h.Typeflag == tar.TypeReg && wanted(h.Name) {
			if h.Size > mostFile {
				return fmt.Errorf("images: %s: %s has %d bytes (want at most %d)", string(t), h.Name, h.Size, mostFile)
			}
			err = visit(file{path.Clean(h.Name), h.Size, h.ModTime.UnixNano()}, r)
		}
		if err != nil {
			return fmt.Errorf("images: %s: %w", string(t), err)
		}
	}
}

func (t tarFile) list() (files []file, err error) {
	err = t.walk(func(f file, _ io.Reader) error {
		files = append(files, f)
		return nil
	})
	sortFiles(files)
	return slices.CompactFunc(files, func(a, b file) bool { return a.path == b.path }), err
}

// member is a file of an archive that has been read.
type member struct {
	place int
	data  []byte
}

func (t tarFile) each(ctx context.Context, files []file, do func(int, io.Reader, error)) error {
	places := map[string]int{}
	for i, f := range files {
		places[f.path] = i
	}
	read, failed := make(chan member), make(chan error, 1)
	go func() {
		defer close(read)
		failed <- t.walk(func(f file, r io.Reader) error {
			i, ok := places[f.path]
			if !ok {
				return nil
			}
			delete(places, f.path)
			data, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			select {
			case read <- member{i, data}:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	}()
	workers(func() {
		for m := range read {
			do(m.place, bytes.NewReader(m.data), nil)
		}
	})
	return <-failed
}

func (t tarFile) stamps([]file) []file { return stampOf(string(t)) }
